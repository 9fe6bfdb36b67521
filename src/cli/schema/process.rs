//! A process says what it does, unless its template does; a template may; `defaults` cannot.

use serde_json::{Value, json};

use super::{Object, any_scalar, choice, ignore_extensions, object, reference};
use crate::source::hints::list;
use crate::task;

/// The keys of which a process has exactly one.
pub const KINDS: [&str; 3] = ["command", "task", "steps"];

/// Keys that stand beside one of those, with the keys that exclude them and the one that they belong to.
const BESIDE: [(&str, [&str; 2], &str); 2] = [("with", ["command", "steps"], "task"), ("args", ["task", "steps"], "command")];

/// Keys that cannot stand in `defaults`, as planning has it.
const NOT_IN_DEFAULTS: [&str; 12] =
    ["command", "task", "steps", "join", "lock", "semaphore", "extends", "daemon", "replicas", "matrix", "for_each", "if"];

/// Completes processes and steps, and makes what is like a process from it.
pub fn finish(definitions: &mut Object) {
    let mut process = object(definitions.remove("Process").unwrap_or_default());
    let mut step = object(definitions.remove("Step").unwrap_or_default());
    for each in [&mut process, &mut step] {
        ignore_extensions(each);
        if let Some(Value::Object(properties)) = each.get_mut("properties") {
            finish_kinds(properties);
            finish_output(properties);
        }
        choice::add_rule(each, reference("TypedArguments"));
    }
    if let Some(Value::Object(properties)) = step.get_mut("properties") {
        any_scalar(properties);
    }
    let keys = object(process.get("properties").cloned().unwrap_or_default());
    definitions.insert("Template".to_owned(), template(&keys));
    definitions.insert("Defaults".to_owned(), defaults(&keys));
    let kinds: Object = keys.into_iter().filter(|(key, _)| excludable(key)).collect();
    definitions.insert("Work".to_owned(), json!({ "properties": kinds }));

    exclude(&mut process, &["extends"], |key| reference(&format!("Work/properties/{key}")));
    choice::at_least_one(&mut process, &KINDS, &["extends"]);
    let alone = json!({ "if": { "not": { "required": ["extends"] } }, "then": reference("CompleteArguments") });
    choice::add_rule(&mut process, alone);
    let own = object(step.get("properties").cloned().unwrap_or_default());
    exclude(&mut step, &[], |key| own.get(key).cloned().unwrap_or_default());
    choice::at_least_one(&mut step, &["command", "task"], &[]);
    choice::add_rule(&mut step, reference("CompleteArguments"));
    definitions.insert("Process".to_owned(), Value::Object(process));
    definitions.insert("Step".to_owned(), Value::Object(step));
}

fn excludable(key: &str) -> bool {
    KINDS.contains(&key) || BESIDE.iter().any(|(beside, ..)| *beside == key)
}

/// Puts the keys that exclude one another under rules. What stands beside a kind needs it, or one of `instead`.
fn exclude(schema: &mut Object, instead: &[&str], property: impl Fn(&str) -> Value) {
    let known: Vec<&str> = KINDS.into_iter().filter(|kind| schema.get("properties").is_some_and(|keys| keys.get(kind).is_some())).collect();
    for key in &known {
        let others: Vec<&str> = known.iter().filter(|other| *other != key).copied().collect();
        let message = format!("Only one of {} may stand here.", list(&known));
        hide(schema, key);
        choice::refuse_else(schema, key, &choice::together_with(&others), &message, &property(key));
    }
    for (key, others, owner) in BESIDE {
        let mut condition = choice::any_of(&others);
        let bases: Vec<&str> = instead.iter().copied().chain([owner]).collect();
        // A template leaves anything out.
        if let Value::Array(conditions) = &mut condition["anyOf"]
            && !instead.contains(&key)
        {
            conditions.push(json!({ "not": choice::any_of(&bases) }));
        }
        hide(schema, key);
        choice::refuse_else(schema, key, &condition, &format!("`{key}` belongs to `{owner}`."), &property(key));
    }
}

/// Leaves a key known by its name alone.
fn hide(schema: &mut Object, key: &str) {
    if let Some(property) = schema.get_mut("properties").and_then(|properties| properties.get_mut(key)) {
        *property = json!(true);
    }
}

/// What looks like a process and inherits its keys.
fn like_a_process<'k>(keys: impl Iterator<Item = &'k String>) -> Object {
    let properties: Object = keys.map(|key| (key.clone(), reference(&format!("{}/properties/{key}", home(key))))).collect();
    let mut schema = object(json!({ "type": "object", "additionalProperties": false, "properties": properties }));
    ignore_extensions(&mut schema);
    schema
}

/// The definition that has a key's schema.
fn home(key: &str) -> &'static str {
    if excludable(key) { "Work" } else { "Process" }
}

fn template(keys: &Object) -> Value {
    let mut template = like_a_process(keys.keys());
    template.insert("description".to_owned(), json!("A process that is not run, only extended; it may leave anything out."));
    exclude(&mut template, &["with", "args"], |key| reference(&format!("Work/properties/{key}")));
    choice::add_rule(&mut template, reference("TypedArguments"));
    Value::Object(template)
}

fn defaults(keys: &Object) -> Value {
    Value::Object(like_a_process(keys.keys().filter(|key| !NOT_IN_DEFAULTS.contains(&key.as_str()))))
}

/// The names of the tasks; at least one step.
fn finish_kinds(properties: &mut Object) {
    if let Some(Value::Object(steps)) = properties.get_mut("steps") {
        steps.insert("minItems".to_owned(), json!(1));
    }
    if let Some(Value::Object(task)) = properties.get_mut("task") {
        task.remove("type");
        let names: Vec<&str> = task::TASKS.iter().map(|task| task.name).collect();
        let summaries: Vec<&str> = task::TASKS.iter().map(|task| task.summary).collect();
        let words = json!({ "enum": names, "markdownEnumDescriptions": summaries });
        task.insert("anyOf".to_owned(), json!([words, { "type": "string", "pattern": "\\$\\{\\{.*\\}\\}" }]));
    }
}

/// Standard output cannot go to itself.
fn finish_output(properties: &mut Object) {
    if let Some(Value::Array(forms)) = properties.get_mut("stdout").and_then(|stdout| stdout.get_mut("anyOf")) {
        forms.retain(|form| form.get("const").is_none());
    }
}
