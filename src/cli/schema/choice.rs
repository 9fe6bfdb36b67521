//! Keys that need or exclude one another.
//!
//! `oneOf` with `required` would be shorter. But an editor then offers what is excluded, and tells a mistake
//! for the whole mapping. So a key that may be excluded is known to its mapping by name alone, and its schema
//! stands in a rule of its own, which holds where nothing excludes it.

use serde_json::{Value, json};

use super::Object;
use crate::source::hints::list;

/// Adds a rule to what a schema demands.
pub fn add_rule(schema: &mut Object, rule: Value) {
    if let Value::Array(rules) = schema.entry("allOf").or_insert_with(|| json!([])) {
        rules.push(rule);
    }
}

/// This key must be there.
pub fn require(schema: &mut Object, key: &str) {
    // Beside `properties`, an editor would offer it twice: as a key, and as a skeleton of the whole mapping.
    add_rule(schema, json!({ "required": [key], "errorMessage": format!("`{key}` is missing.") }));
}

/// Any of these keys.
pub fn any_of<S: AsRef<str>>(keys: &[S]) -> Value {
    let each: Vec<Value> = keys.iter().map(|key| json!({ "required": [key.as_ref()] })).collect();
    json!({ "anyOf": each })
}

/// A mapping that has any of these keys. Where nothing stands yet, no key excludes another.
pub fn together_with(keys: &[&str]) -> Value {
    let mut condition = any_of(keys);
    condition["type"] = json!("object");
    condition
}

/// One of these keys must be there, or one of `instead`.
pub fn at_least_one(schema: &mut Object, keys: &[&str], instead: &[&str]) {
    let all: Vec<&str> = keys.iter().chain(instead).copied().collect();
    let one_of = if keys.len() > 1 { "One of " } else { "" };
    let message = format!("{one_of}{} is missing.", list(keys));
    add_rule(schema, json!({ "if": { "not": any_of(&all) }, "then": { "required": [keys[0]], "errorMessage": message } }));
}

/// Not two of these keys together.
pub fn at_most_one(schema: &mut Object, keys: &[&str]) {
    if keys.len() < 2 {
        return;
    }
    let message = format!("Only one of {} may stand here.", list(keys));
    for key in keys {
        let others: Vec<&str> = keys.iter().filter(|other| *other != key).copied().collect();
        refuse_if(schema, key, &together_with(&others), &message);
    }
}

/// This key is refused, with this message, where the condition holds; elsewhere it is what it was.
pub fn refuse_if(schema: &mut Object, key: &str, condition: &Value, message: &str) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    let Some(property) = properties.get_mut(key) else { return };
    let property = std::mem::replace(property, json!(true));
    refuse_else(schema, key, condition, message, &property);
}

/// The same for a key that the schema knows by name alone.
pub fn refuse_else(schema: &mut Object, key: &str, condition: &Value, message: &str, property: &Value) {
    let refused = json!({ "properties": { key: false }, "errorMessage": message });
    add_rule(schema, json!({ "if": condition, "then": refused, "else": { "properties": { key: property } } }));
}
