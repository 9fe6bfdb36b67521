//! `flowrun schema`: the JSON schema of workflow files, made from the types that read them.
//!
//! Keys, types, words and descriptions come from those types. What is a matter of several keys at once is
//! added here: exactly one of `command`, `task` and `steps`; the arguments of the named task; what a
//! process may leave to its template. Whatever flowrun accepts is valid; not all that is valid is accepted,
//! because a schema knows nothing of names and graphs.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Failure, Status, print};
use crate::source::model::Workflow;
use crate::source::model::ready::CONDITIONS;
use crate::task;

type Object = Map<String, Value>;

/// The keys of which a process has exactly one.
const KINDS: [&str; 3] = ["command", "task", "steps"];

/// Keys that cannot stand in `defaults`, as planning has it.
const NOT_IN_DEFAULTS: [&str; 12] =
    ["command", "task", "steps", "join", "lock", "semaphore", "extends", "daemon", "replicas", "matrix", "for_each", "if"];

/// Prints the schema.
///
/// # Errors
/// It cannot be written.
pub fn print() -> Result<Status, Failure> {
    print::out(&(text() + "\n"))?;
    Ok(Status::Success)
}

/// The schema as text, as it stands in `schemas/flowrun.schema.json`.
pub fn text() -> String {
    serde_json::to_string_pretty(&schema()).unwrap_or_default()
}

fn schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let arguments: Vec<Value> = task::TASKS.iter().map(|task| (task.schema)(&mut generator).to_value()).collect();
    let mut root = match generator.into_root_schema_for::<Workflow>().to_value() {
        Value::Object(root) => root,
        _ => Object::new(),
    };
    let mut definitions = match root.remove("definitions") {
        Some(Value::Object(definitions)) => definitions,
        _ => Object::new(),
    };
    for (name, definition) in &mut definitions {
        for (key, property) in properties(definition) {
            // Without these there is nothing.
            let needed = match name.as_str() {
                "Process" | "Step" => KINDS.contains(&key),
                "Sink" => key != "append",
                "PermitsSpec" | "StdinSource" => true,
                _ => false,
            };
            finish_property(key, property);
            if !needed {
                allow_null(property);
            }
        }
    }
    add(&mut definitions, "Sink", "oneOf", one_of(&["file", "queue"]));
    add(&mut definitions, "Sink", "dependencies", json!({ "append": ["file"] }));
    require(&mut definitions, "PermitsSpec", &["permits"]);
    add(&mut definitions, "StdinSource", "oneOf", one_of(&["text", "file", "process", "queue"]));
    for spec in ["ReadySpec", "LiveSpec"] {
        // None is right too: a template may have the condition.
        let conditions = one_of(&CONDITIONS);
        add(
            &mut definitions,
            spec,
            "oneOf",
            conditions.as_array().into_iter().flatten().cloned().chain([json!({ "not": { "anyOf": conditions } })]).collect(),
        );
        add(
            &mut definitions,
            spec,
            "dependencies",
            json!({ "status": ["http"], "method": ["http"], "headers": ["http"], "insecure": ["http"] }),
        );
    }
    split_process(&mut definitions);
    finish_step(&mut definitions);
    definitions.insert("TypedArguments".to_owned(), typed_arguments(&arguments));
    definitions.insert("CompleteArguments".to_owned(), complete_arguments());
    finish_root(&mut root);
    root.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(root)
}

/// The properties of a schema, with their keys.
fn properties(schema: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().map(|(key, property)| (key.as_str(), property))
}

/// Null takes an inherited value away, and a key without a value is as good as none.
fn allow_null(property: &mut Value) {
    let Some(object) = property.as_object_mut() else { return };
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.push(json!({ "type": "null" }));
    } else if let Some(kind) = object.get_mut("type") {
        match kind {
            Value::Array(kinds) if !kinds.contains(&json!("null")) => kinds.push(json!("null")),
            Value::String(only) => *kind = json!([only, "null"]),
            _ => {}
        }
    } else if let Some(Value::Array(only)) = object.remove("allOf") {
        // How a reference with a description is written.
        let choices: Vec<Value> = only.into_iter().chain([json!({ "type": "null" })]).collect();
        object.insert("anyOf".to_owned(), Value::Array(choices));
    }
}

/// What the type of a key does not know: its bounds, and an example if the type has none.
fn finish_property(key: &str, property: &mut Value) {
    match key {
        "env" => property["additionalProperties"]["type"] = json!(["string", "number", "boolean", "null"]),
        "replicas" | "permits" | "semaphores" | "semaphore" | "max" | "failures" | "workers" | "maxsize" | "max_deliveries" => {
            bound(property, "minimum", 1);
        }
        "success_codes" => bound(property, "maximum", 255),
        "matrix" => property["additionalProperties"]["minItems"] = json!(1),
        _ => {}
    }
    let example = match key {
        "args" => json!(["--verbose", "${{ vars.target }}"]),
        "with" => json!({ "duration": "3s" }),
        "steps" => json!([{ "command": "make" }, { "lock": "db", "command": "make install" }]),
        "extends" => json!("base"),
        "description" => json!("compiles everything"),
        "replicas" => json!(10),
        "if" => json!("vars.mode == \"test\""),
        "env" => json!({ "LANG": "C", "DEBUG": null }),
        "env_file" => json!(".env"),
        "cwd" => json!("server"),
        "headers" => json!({ "Authorization": "Bearer ${{ env.TOKEN }}" }),
        "unix" => json!("run/server.sock"),
        "success_codes" => json!([0, 1]),
        "stop" => json!({ "signal": "SIGINT", "grace": "5s" }),
        "signal" => json!("SIGINT"),
        "name" => json!("ticket-shop"),
        "message" => json!("all tickets are sold"),
        "text" | "content" => json!("one line\n"),
        "file" => json!("data/input.txt"),
        "from" => json!("config.json"),
        "to" => json!("out/config.json"),
        "path" => json!("out"),
        "process" => json!("heartbeat"),
        "queue" | "produces" | "consumes" => json!("buns"),
        "contains" => json!("ready"),
        "json" => json!("tickets.json"),
        "vars" => json!({ "tickets": 5, "mode": "test" }),
        "semaphores" => json!({ "ktv": 4 }),
        "defaults" => json!({ "timeout": "5m", "env": { "LANG": "C" } }),
        "templates" => json!({ "base": { "shell": "bash -eu -c", "retries": 2 } }),
        "processes" => json!({ "build": { "command": "make" }, "test": { "join": "build", "command": "make test" } }),
        _ => return,
    };
    if let Some(object) = property.as_object_mut() {
        object.entry("examples").or_insert_with(|| json!([example]));
    }
}

/// Sets a bound of every whole number in a schema.
fn bound(schema: &mut Value, keyword: &str, value: u32) {
    match schema {
        Value::Object(object) => {
            if object.get("type") == Some(&json!("integer")) {
                object.insert(keyword.to_owned(), json!(value));
            }
            object.values_mut().for_each(|inner| bound(inner, keyword, value));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| bound(inner, keyword, value)),
        _ => {}
    }
}

fn require(definitions: &mut Object, name: &str, keys: &[&str]) {
    add(definitions, name, "required", json!(keys));
}

fn add(definitions: &mut Object, name: &str, keyword: &str, value: Value) {
    if let Some(Value::Object(definition)) = definitions.get_mut(name) {
        definition.insert(keyword.to_owned(), value);
    }
}

/// Exactly one of these keys.
fn one_of(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// Any of these keys.
fn any_of(keys: &[&str]) -> Value {
    json!({ "anyOf": one_of(keys) })
}

/// A definition by its name.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A process says what it does, unless its template does; a template may; `defaults` cannot.
fn split_process(definitions: &mut Object) {
    let Some(Value::Object(process)) = definitions.get_mut("Process") else { return };
    ignore_extensions(process);
    let mut keys = Vec::new();
    if let Some(Value::Object(properties)) = process.get_mut("properties") {
        finish_kinds(properties);
        finish_output(properties);
        keys = properties.keys().cloned().collect();
    }
    let kind_or = |other: Value| -> Value {
        let kinds = KINDS.iter().map(|kind| json!({ "required": [kind] }));
        kinds.chain([other]).collect()
    };
    process.insert("oneOf".to_owned(), kind_or(json!({ "required": ["extends"], "not": any_of(&KINDS) })));
    let on_its_own = json!({
        "if": { "not": { "required": ["extends"] } },
        "then": { "allOf": [reference("CompleteArguments")], "dependencies": { "args": ["command"] } }
    });
    process.insert("allOf".to_owned(), json!([reference("TypedArguments"), on_its_own]));

    let same = |key: &String| (key.clone(), reference(&format!("Process/properties/{key}")));
    let inherited = |description: &str, properties: Object| {
        json!({
            "description": description,
            "type": "object",
            "additionalProperties": false,
            "patternProperties": { "^x-": true },
            "properties": properties
        })
    };
    let mut template = inherited("A process that is not run, only extended; it may leave anything out.", keys.iter().map(same).collect());
    template["oneOf"] = kind_or(json!({ "not": any_of(&KINDS) }));
    template["allOf"] = json!([reference("TypedArguments")]);
    definitions.insert("Template".to_owned(), template);
    let fitting = keys.iter().filter(|key| !NOT_IN_DEFAULTS.contains(&key.as_str()));
    definitions.insert("Defaults".to_owned(), inherited("What every process starts from.", fitting.map(same).collect()));
}

fn finish_step(definitions: &mut Object) {
    let Some(Value::Object(step)) = definitions.get_mut("Step") else { return };
    ignore_extensions(step);
    if let Some(Value::Object(properties)) = step.get_mut("properties") {
        finish_kinds(properties);
        any_scalar(properties);
    }
    step.insert("oneOf".to_owned(), one_of(&["command", "task"]));
    step.insert("dependencies".to_owned(), json!({ "args": ["command"] }));
    step.insert("allOf".to_owned(), json!([reference("TypedArguments"), reference("CompleteArguments")]));
}

fn finish_root(root: &mut Object) {
    root.insert("title".to_owned(), json!("flowrun workflow"));
    root.insert("required".to_owned(), json!(["processes"]));
    ignore_extensions(root);
    let Some(Value::Object(keys)) = root.get_mut("properties") else { return };
    any_scalar(keys);
    for (key, property) in keys.iter_mut() {
        finish_property(key, property);
        let Some(object) = property.as_object_mut() else { continue };
        match key.as_str() {
            "defaults" => drop(object.insert("allOf".to_owned(), json!([reference("Defaults")]))),
            "templates" => {
                let template = json!({ "anyOf": [reference("Template"), { "type": "null" }] });
                object.insert("additionalProperties".to_owned(), template);
            }
            "processes" => drop(object.insert("minProperties".to_owned(), json!(1))),
            _ => {}
        }
        if key != "processes" {
            allow_null(property);
        }
    }
}

/// Keys that begin with `x-` are ignored.
fn ignore_extensions(object: &mut Object) {
    object.insert("patternProperties".to_owned(), json!({ "^x-": true }));
}

/// Names for people may look like numbers.
fn any_scalar(properties: &mut Object) {
    for key in ["name", "description"] {
        if let Some(Value::Object(property)) = properties.get_mut(key) {
            property.insert("type".to_owned(), json!(["string", "number", "boolean", "null"]));
        }
    }
}

/// The names of the tasks; at least one step.
fn finish_kinds(properties: &mut Object) {
    if let Some(Value::Object(steps)) = properties.get_mut("steps") {
        steps.insert("minItems".to_owned(), json!(1));
    }
    if let Some(Value::Object(task)) = properties.get_mut("task") {
        let description = task.remove("description");
        task.clear();
        task.extend(description.map(|description| ("description".to_owned(), description)));
        let names: Vec<&str> = task::TASKS.iter().map(|task| task.name).collect();
        // The second keyword is that of editors: a sentence beside each word.
        let summaries: Vec<&str> = task::TASKS.iter().map(|task| task.summary).collect();
        let words = json!({ "enum": names, "enumDescriptions": summaries });
        task.insert("anyOf".to_owned(), json!([words, { "type": "string", "pattern": "\\$\\{\\{.*\\}\\}" }]));
    }
}

/// Standard output cannot go to itself.
fn finish_output(properties: &mut Object) {
    if let Some(Value::Array(forms)) = properties.get_mut("stdout").and_then(|stdout| stdout.get_mut("anyOf")) {
        forms.retain(|form| form.get("const").is_none());
    }
}

/// `with` is what the named task takes.
fn typed_arguments(arguments: &[Value]) -> Value {
    let rule = |(task, arguments): (&task::Definition, &Value)| {
        json!({
            "if": { "properties": { "task": { "const": task.name } }, "required": ["task"] },
            "then": { "properties": { "with": arguments } }
        })
    };
    let mut rules: Vec<Value> = task::TASKS.iter().zip(arguments).map(rule).collect();
    // A task belongs to `with`, its own or its template's; a command or steps beside it are mistakes.
    rules.push(json!({ "dependencies": { "with": { "not": any_of(&["command", "steps"]) } } }));
    json!({ "description": "The arguments that belong to each task.", "allOf": rules })
}

/// What the named task cannot do without, for a process or step that inherits nothing.
fn complete_arguments() -> Value {
    let needs: [(&str, Value); 10] = [
        ("sleep", json!({ "required": ["duration"] })),
        ("print", json!({ "required": ["message"] })),
        ("write", json!({ "required": ["file", "content"] })),
        ("copy", json!({ "required": ["from", "to"] })),
        ("remove", json!({ "required": ["path"] })),
        ("mkdir", json!({ "required": ["path"] })),
        ("wait", json!({ "oneOf": one_of(&["tcp", "file", "process", "pid"]) })),
        ("json", json!({ "required": ["file"], "not": { "required": ["set", "add"] } })),
        ("stop", json!({ "required": ["process"] })),
        ("assert", json!({ "oneOf": one_of(&["that", "file", "json"]) })),
    ];
    let rule = |(task, needs): (&str, Value)| {
        json!({
            "if": { "properties": { "task": { "const": task } }, "required": ["task"] },
            "then": { "required": ["with"], "properties": { "with": needs } }
        })
    };
    let rules: Vec<Value> = needs.into_iter().map(rule).collect();
    json!({ "description": "The arguments that each task cannot do without.", "allOf": rules })
}
