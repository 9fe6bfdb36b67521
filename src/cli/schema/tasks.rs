//! The arguments of the built-in tasks.

use serde_json::{Value, json};

use super::{Object, choice};
use crate::task;

/// Arguments of which there is exactly one: the task, the definition of its arguments, their keys.
const ONE_OF: [(&str, &str, &[&str]); 2] =
    [("wait", "WaitArgs", &["tcp", "file", "process", "pid"]), ("assert", "AssertArgs", &["that", "file", "json"])];

/// Arguments that a task cannot do without.
const NEEDED: [(&str, &[&str]); 8] = [
    ("sleep", &["duration"]),
    ("print", &["message"]),
    ("write", &["file", "content"]),
    ("copy", &["from", "to"]),
    ("remove", &["path"]),
    ("mkdir", &["path"]),
    ("json", &["file"]),
    ("stop", &["process"]),
];

/// Adds what `with` is for each task; `arguments` are in the order of the tasks.
pub fn finish(definitions: &mut Object, arguments: &[Value]) {
    let in_pairs = [("JsonArgs", ["set", "add"].as_slice())];
    for (name, keys) in ONE_OF.iter().map(|(_, name, keys)| (*name, *keys)).chain(in_pairs) {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            choice::at_most_one(definition, keys);
        }
    }
    let typed = task::TASKS
        .iter()
        .zip(arguments)
        .map(|(task, arguments)| when(task.name, &json!({ "properties": { "with": { "anyOf": [arguments, { "type": "null" }] } } })));
    definitions.insert("TypedArguments".to_owned(), json!({ "allOf": typed.collect::<Vec<_>>() }));
    definitions.insert("CompleteArguments".to_owned(), json!({ "allOf": complete() }));
}

/// What holds for a process or step with this task.
fn when(task: &str, then: &Value) -> Value {
    json!({ "if": { "type": "object", "properties": { "task": { "const": task } }, "required": ["task"] }, "then": then })
}

/// What each task cannot do without, for a process or step that inherits nothing.
fn complete() -> Vec<Value> {
    let needed = NEEDED.iter().map(|(task, keys)| {
        let mut with = Object::new();
        keys.iter().for_each(|key| choice::require(&mut with, key));
        (*task, with)
    });
    let one_of = ONE_OF.iter().map(|(task, _, keys)| {
        let mut with = Object::new();
        choice::at_least_one(&mut with, keys, &[]);
        (*task, with)
    });
    let rule = |(task, mut with): (&str, Object)| {
        let message = format!("The task `{task}` needs arguments: `with` is missing.");
        with.insert("type".to_owned(), json!("object"));
        let given = json!({ "required": ["with"], "errorMessage": message });
        // Apart from the keys: an editor would offer a skeleton of both.
        when(task, &json!({ "allOf": [given, { "properties": { "with": with } }] }))
    };
    needed.chain(one_of).map(rule).collect()
}
