//! What a key takes, in a few words, from its schema.

use std::collections::BTreeMap;

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
    format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
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

/// An example of each key, as editors show it.
pub struct Examples(BTreeMap<(String, String), String>);

impl Examples {
    /// All that a schema for editors has.
    pub fn of(schema: &Value) -> Self {
        let mut examples = Self(BTreeMap::new());
        examples.collect(schema);
        examples
    }

    fn collect(&mut self, schema: &Value) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let shown = property["markdownDescription"].as_str().and_then(|text| text.split_once("```yaml\n"));
            let mut lines = shown.map(|(_, rest)| rest.lines()).into_iter().flatten();
            let (first, second) = (lines.next(), lines.next());
            // One that goes over several lines has no place in a cell.
            if let (Some(first), Some(description)) = (first, property["description"].as_str())
                && second.is_some_and(|second| !second.starts_with([' ', '-']))
            {
                self.0.insert((key.clone(), description.to_owned()), first.to_owned());
            }
        }
        match schema {
            Value::Object(object) => object.values().for_each(|inner| self.collect(inner)),
            Value::Array(list) => list.iter().for_each(|inner| self.collect(inner)),
            _ => {}
        }
    }

    /// The first example of a key, in a cell; empty if there is none.
    pub fn get(&self, key: &str, property: &Value) -> String {
        let description = property["description"].as_str().unwrap_or_default();
        let example = self.0.get(&(key.to_owned(), description.to_owned()));
        example.map(|line| in_a_cell(&format!("`{line}`"))).unwrap_or_default()
    }
}

/// A text in a cell of a table.
pub fn in_a_cell(text: &str) -> String {
    text.replace('\n', " ").replace("\\|", "|").replace('|', "\\|")
}
