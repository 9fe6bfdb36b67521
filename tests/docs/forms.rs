//! What a key takes, in a few words, from its schema.

use serde_json::Value;

/// What a schema accepts.
pub fn form(schema: &Value, root: &Value) -> String {
    let mut forms = Vec::new();
    collect(schema, root, &mut forms);
    let mut seen = Vec::new();
    for form in forms {
        if !seen.contains(&form) {
            seen.push(form);
        }
    }
    in_a_cell(&seen.join(", "))
}

fn collect(schema: &Value, root: &Value, forms: &mut Vec<String>) {
    if is_duration(schema) {
        return forms.push("duration".to_owned());
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return forms.push(linked(reference, root));
    }
    for choice in ["anyOf", "oneOf", "allOf"].iter().filter_map(|keyword| schema[*keyword].as_array()).flatten() {
        collect(choice, root, forms);
    }
    if let Some(words) = schema["enum"].as_array() {
        return forms.extend(words.iter().map(word));
    }
    if let Some(only) = schema.get("const") {
        return forms.push(word(only));
    }
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    match &schema["type"] {
        // An expression, which may stand nearly everywhere.
        Value::String(kind) if kind == "string" && pattern.starts_with(r"\$\{\{") => {}
        Value::String(kind) => forms.extend(named(kind, schema, root)),
        Value::Array(kinds) if kinds.iter().filter_map(Value::as_str).any(|kind| kind == "string") => forms.push("text".to_owned()),
        Value::Array(kinds) => forms.extend(kinds.iter().filter_map(Value::as_str).filter_map(|kind| named(kind, schema, root))),
        _ => {}
    }
}

fn named(kind: &str, schema: &Value, root: &Value) -> Option<String> {
    Some(match kind {
        "boolean" => "`true` or `false`".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "string" => "text".to_owned(),
        "array" => match form(&schema["items"], root) {
            items if items.is_empty() => "list".to_owned(),
            items => format!("list of: {items}"),
        },
        "object" => match form(&schema["additionalProperties"], root) {
            values if values.is_empty() => "mapping".to_owned(),
            values => format!("mapping with values: {values}"),
        },
        _ => return None,
    })
}

fn is_duration(schema: &Value) -> bool {
    let choices = schema["anyOf"].as_array();
    choices.is_some_and(|choices| {
        choices.iter().any(|choice| choice["pattern"].as_str().is_some_and(|pattern| pattern.contains("d|h|ms|m|s")))
    })
}

fn word(value: &Value) -> String {
    format!("`{}`", flow(value))
}

/// A link to the table of a definition.
fn linked(reference: &str, root: &Value) -> String {
    let name = reference.strip_prefix("#/definitions/").unwrap_or(reference);
    match name {
        "Process" | "Template" | "Defaults" => "[keys of a process](#a-process)".to_owned(),
        "Step" => "[keys of a step](#a-step)".to_owned(),
        _ => {
            let heading = heading(name, root);
            let anchor: String = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c)).collect();
            format!("[mapping](#{})", anchor.replace(' ', "-"))
        }
    }
}

/// What the table of a definition is called: after the keys that take it.
pub fn heading(name: &str, root: &Value) -> String {
    let reference = format!("\"#/definitions/{name}\"");
    let tables = [root, &root["definitions"]["Process"], &root["definitions"]["Step"]];
    let mut keys = Vec::new();
    for (key, property) in tables.iter().filter_map(|table| table["properties"].as_object()).flatten() {
        let quoted = format!("`{key}`");
        if property.to_string().contains(&reference) && !keys.contains(&quoted) {
            keys.push(quoted);
        }
    }
    format!("{} in full", keys.join(", "))
}

/// The first example of a key, as it would be written.
pub fn example(key: &str, property: &Value) -> String {
    let own = property["examples"].as_array();
    let inner = || property["anyOf"].as_array().and_then(|choices| choices.iter().find_map(|choice| choice["examples"].as_array()));
    let first = own.or_else(inner).and_then(|examples| examples.first());
    first.map(|value| in_a_cell(&format!("`{key}: {}`", flow(value)))).unwrap_or_default()
}

/// YAML in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let entries: Vec<_> = object.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./".contains(c));
    begins && text.parse::<f64>().is_err() && text.chars().all(|c| c.is_ascii_alphanumeric() || " _./-%".contains(c))
}

/// A text in a cell of a table.
pub fn in_a_cell(text: &str) -> String {
    text.replace('\n', " ").replace("\\|", "|").replace('|', "\\|")
}
