//! What an editor shows for a key: its sentence, and how it is written.
//!
//! Examples stand in that text and not under `examples`, from which an editor would offer them as values.

use serde_json::{Value, json};

use super::examples;

/// Most examples of one key.
const MOST: usize = 3;

/// Turns the examples of a property of the definition `of` into a text beside its description.
pub fn describe(of: &str, key: &str, property: &mut Value) {
    let mut of_types = Vec::new();
    take_examples(property, true, &mut of_types);
    let in_general = || examples::of_key(key).or_else(|| examples::of_schema(property)).map(|example| vec![example]);
    let in_place = examples::of_place(of, key).map(|example| vec![example]);
    let shown = in_place.or_else(|| of_types.into_iter().next()).or_else(in_general);
    let Some(object) = property.as_object_mut() else { return };
    let Some(sentence) = object.get("description").and_then(Value::as_str) else { return };
    let lines: Vec<String> = shown.iter().flatten().take(MOST).map(|example| entry(key, example, 0)).collect();
    let text = format!("{sentence}\n\n```yaml\n{}```", lines.concat());
    object.insert("markdownDescription".to_owned(), json!(text));
}

/// Takes the examples out of a schema, the outermost first; those of what stands within the value are lost.
fn take_examples(schema: &mut Value, whole: bool, found: &mut Vec<Vec<Value>>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(examples)) = object.remove("examples")
                && whole
            {
                found.push(examples);
            }
            for (keyword, inner) in object.iter_mut() {
                take_examples(inner, whole && matches!(keyword.as_str(), "anyOf" | "allOf"), found);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| take_examples(inner, whole, found)),
        _ => {}
    }
}

/// A key with its value, in YAML; each line ends.
fn entry(key: &str, value: &Value, indent: usize) -> String {
    let start = " ".repeat(indent);
    match value {
        Value::Object(inner) if inner.values().any(Value::is_object) => {
            let lines: Vec<String> = inner.iter().map(|(key, value)| entry(key, value, indent + 2)).collect();
            format!("{start}{key}:\n{}", lines.concat())
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let lines: Vec<String> = items.iter().map(|item| format!("{start}  - {}\n", flow(item))).collect();
            format!("{start}{key}:\n{}", lines.concat())
        }
        _ => format!("{start}{key}: {}\n", flow(value)),
    }
}

/// A value in one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether a text is one for YAML without quotes, wherever it stands.
fn is_plain(text: &str) -> bool {
    let typed = matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/'))
        // A duration or a percentage: digits, and something that no number has.
        || text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(['s', 'm', 'h', '%']);
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '%' | '$' | '(' | ')' | '=');
    !typed && starts && text.chars().all(safe) && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_written_as_people_write_them() {
        for (value, written) in [
            (json!("make test"), "k: make test\n"),
            (json!("022"), "k: \"022\"\n"),
            (json!("1m30s"), "k: 1m30s\n"),
            (json!("true"), "k: \"true\"\n"),
            (json!("${{ vars.a }}"), "k: \"${{ vars.a }}\"\n"),
            (json!(["a", 1, null]), "k: [a, 1, null]\n"),
            (json!({ "a": "b", "c": true }), "k: { a: b, c: true }\n"),
            (json!({ "a": { "b": 1 } }), "k:\n  a: { b: 1 }\n"),
            (json!([{ "a": "b" }]), "k:\n  - { a: b }\n"),
        ] {
            assert_eq!(entry("k", &value, 0), written);
        }
    }
}
