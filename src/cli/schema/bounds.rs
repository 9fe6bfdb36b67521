//! Bounds that the type of a key does not know.

use serde_json::{Value, json};

/// Sets the bounds of what may stand under a key.
pub fn set(key: &str, property: &mut Value) {
    match key {
        "env" => property["additionalProperties"]["type"] = json!(["string", "number", "boolean", "null"]),
        "replicas" | "permits" | "semaphores" | "semaphore" | "max" | "failures" | "workers" | "maxsize" | "max_deliveries" => {
            bound(property, "minimum", 1);
        }
        "success_codes" => bound(property, "maximum", 255),
        "matrix" => property["additionalProperties"]["minItems"] = json!(1),
        _ => {}
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
