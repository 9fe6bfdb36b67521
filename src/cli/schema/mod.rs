//! `flowrun schema`: the JSON schema of workflow files, made from the types that read them.
//!
//! Keys, types, words and descriptions come from those types. What is a matter of several keys at once is
//! added here: exactly one of `command`, `task` and `steps`; the arguments of the named task; what a
//! process may leave to its template. Whatever flowrun accepts is valid; not all that is valid is accepted,
//! because a schema knows nothing of names and graphs.
//!
//! Among several ways to say the same, the one is taken that `yaml-language-server` completes and reports
//! best: it stands behind nearly every editor. It offers a key only where no other key excludes it, and a
//! mistake is told at its own key. The price is a schema that is longer than it would have to be.

mod bounds;
mod choice;
mod examples;
mod forms;
mod markdown;
mod process;
mod tasks;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Failure, Status, print};
use crate::source::model::Workflow;
use crate::source::model::ready::CONDITIONS;
use crate::task;

type Object = Map<String, Value>;

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
    let mut root = object(generator.into_root_schema_for::<Workflow>().to_value());
    let mut definitions = object(root.remove("definitions").unwrap_or_default());
    for (name, definition) in &mut definitions {
        finish_definition(name, definition);
    }
    choose(&mut definitions);
    process::finish(&mut definitions);
    tasks::finish(&mut definitions, &arguments);
    finish_root(&mut root);
    forms::tidy(&mut root, &mut definitions);
    root.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(root)
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

/// Completes each key; what one hovers over is a key's own text, so a definition keeps none beside it.
fn finish_definition(name: &str, definition: &mut Value) {
    for (key, property) in properties(definition) {
        // Without these there is nothing.
        let needed = match name {
            "Process" | "Step" => process::KINDS.contains(&key),
            "Sink" => key != "append",
            "PermitsSpec" => key == "permits",
            "StdinSource" => true,
            _ => false,
        };
        finish_property(name, key, property);
        if !needed {
            allow_null(property);
        }
    }
    if let Some(definition) = definition.as_object_mut()
        && !matches!(name, "Process" | "Step")
    {
        definition.remove("description");
    }
}

fn finish_property(of: &str, key: &str, property: &mut Value) {
    bounds::set(key, property);
    markdown::describe(of, key, property);
}

/// Which keys need or exclude one another.
fn choose(definitions: &mut Object) {
    let mut in_definition = |name: &str, change: &dyn Fn(&mut Object)| {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            change(definition);
        }
    };
    in_definition("Sink", &|sink| {
        one_of_all_but(sink, &["append"]);
        choice::refuse_if(sink, "append", &json!({ "not": { "required": ["file"] } }), "`append` belongs to `file`.");
    });
    in_definition("PermitsSpec", &|permits| choice::require(permits, "permits"));
    in_definition("StdinSource", &|source| one_of_all_but(source, &[]));
    // None is right too in what follows: a template may have the address or the condition.
    in_definition("ListenSpec", &|listen| choice::at_most_one(listen, &["tcp", "unix"]));
    for spec in ["ReadySpec", "LiveSpec"] {
        in_definition(spec, &|probe| {
            choice::at_most_one(probe, &CONDITIONS);
            for key in ["status", "method", "headers", "insecure"] {
                let message = format!("`{key}` belongs to `http`.");
                choice::refuse_if(probe, key, &json!({ "not": { "required": ["http"] } }), &message);
            }
        });
    }
}

/// Exactly one of the keys, apart from some.
fn one_of_all_but(schema: &mut Object, others: &[&str]) {
    let keys = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let keys: Vec<&str> = keys.keys().map(String::as_str).filter(|key| !others.contains(key)).collect();
    choice::at_most_one(schema, &keys);
    choice::at_least_one(schema, &keys, &[]);
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

/// A definition by its name.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn finish_root(root: &mut Object) {
    root.insert("title".to_owned(), json!("flowrun workflow"));
    choice::require(root, "processes");
    ignore_extensions(root);
    let Some(Value::Object(keys)) = root.get_mut("properties") else { return };
    any_scalar(keys);
    for (key, property) in keys.iter_mut() {
        finish_property("Workflow", key, property);
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
