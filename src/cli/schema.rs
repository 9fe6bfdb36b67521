//! `flowrun schema`: the JSON schema of workflow files, made from the types that read them.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Failure, Status};
use crate::source::model::Workflow;
use crate::task;

/// Prints the schema.
///
/// # Errors
/// None; the type is that of all commands.
pub fn print() -> Result<Status, Failure> {
    println!("{}", text());
    Ok(Status::Success)
}

/// The schema as text, as it stands in `schemas/flowrun.schema.json`.
pub fn text() -> String {
    serde_json::to_string_pretty(&schema()).unwrap_or_default()
}

fn schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let root = generator.root_schema_for::<Workflow>();
    let mut schema = root.to_value();
    if let Value::Object(object) = &mut schema {
        object.insert("title".to_owned(), json!("flowrun workflow"));
        object.insert("$id".to_owned(), json!("flowrun.schema.json"));
        object.insert("required".to_owned(), json!(["processes"]));
        ignore_extensions(object);
        let definitions = object.entry("definitions").or_insert_with(|| json!({}));
        if let Value::Object(definitions) = definitions {
            add_tasks(definitions);
            for name in ["Process", "Step"] {
                if let Some(Value::Object(definition)) = definitions.get_mut(name) {
                    ignore_extensions(definition);
                    type_tasks(definition);
                }
            }
        }
    }
    schema
}

/// Keys that begin with `x-` are ignored.
fn ignore_extensions(object: &mut Map<String, Value>) {
    object.insert("patternProperties".to_owned(), json!({ "^x-": true }));
}

/// A definition for the arguments of each task.
fn add_tasks(definitions: &mut Map<String, Value>) {
    for task in task::TASKS {
        let mut generator = SchemaSettings::draft07().into_generator();
        let _ = (task.schema)(&mut generator);
        for (name, definition) in generator.take_definitions(true) {
            definitions.insert(name, definition);
        }
    }
}

/// `with` is what the named task takes.
fn type_tasks(definition: &mut Map<String, Value>) {
    let names: Vec<&str> = task::TASKS.iter().map(|task| task.name).collect();
    let rules: Vec<Value> = task::TASKS
        .iter()
        .map(|task| {
            let mut generator = SchemaSettings::draft07().into_generator();
            let arguments = (task.schema)(&mut generator);
            json!({
                "if": { "properties": { "task": { "const": task.name } }, "required": ["task"] },
                "then": { "properties": { "with": arguments } }
            })
        })
        .collect();
    definition.insert("allOf".to_owned(), Value::Array(rules));
    if let Some(Value::Object(properties)) = definition.get_mut("properties")
        && let Some(Value::Object(task)) = properties.get_mut("task")
    {
        let description = task.get("description").cloned();
        *task = Map::new();
        task.extend(description.map(|description| ("description".to_owned(), description)));
        task.insert("anyOf".to_owned(), json!([{ "enum": names }, { "type": "string", "pattern": "\\$\\{\\{.*\\}\\}" }]));
    }
}
