//! The forms of a value, written so that an editor offers and reports what people mean.
//!
//! Alternatives become as few as possible: one schema of several types where keywords do not meet, because
//! an editor reports the alternative that came nearest, and with one there is nothing to guess. Types that
//! are accepted but not to be offered (null everywhere, `true` and numbers where a text belongs) are given by
//! what they are not: an editor offers `null` and `true` for every type that has their name.

use serde_json::{Value, json};

use super::Object;

const TYPES: [&str; 6] = ["string", "number", "boolean", "null", "array", "object"];

/// Keywords that say nothing of values of other types, so that schemas with them may be one.
const OF_ONE_TYPE: [&str; 14] = [
    "pattern",
    "patternErrorMessage",
    "minLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "items",
    "minItems",
    "uniqueItems",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "allOf",
];

/// What belongs to a key and not to its value.
const ANNOTATIONS: [&str; 3] = ["title", "description", "markdownDescription"];

/// Rewrites all schemas.
pub fn tidy(root: &mut Object, definitions: &mut Object) {
    let known = definitions.clone();
    let mut whole = Value::Object(std::mem::take(root));
    tidy_schema(&mut whole, &known);
    *root = super::object(whole);
    for definition in definitions.values_mut() {
        tidy_schema(definition, &known);
        // An editor calls a single type by the name of its definition, which says nothing to people.
        if definition["type"] == "object" {
            definition["type"] = json!(["object"]);
        }
    }
    // What was put in its place is not needed any more.
    let text = |value: &Value| value.to_string();
    let all = Value::Object(definitions.clone());
    let used = text(&all) + &text(&Value::Object(root.clone()));
    definitions.retain(|name, _| used.contains(&format!("\"#/definitions/{name}\"")) || used.contains(&format!("\"#/definitions/{name}/")));
}

/// Rewrites a schema and those in it. Conditions have no values of their own and stay.
fn tidy_schema(schema: &mut Value, known: &Object) {
    let Value::Object(object) = schema else { return };
    combine(object, known);
    for (keyword, inner) in object.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties" | "patternProperties", Value::Object(properties)) => {
                properties.values_mut().for_each(|property| tidy_schema(property, known));
            }
            ("additionalProperties" | "items" | "then" | "else", inner) => tidy_schema(inner, known),
            ("allOf" | "anyOf", Value::Array(parts)) => parts.iter_mut().for_each(|part| tidy_schema(part, known)),
            _ => {}
        }
    }
}

/// Makes the alternatives of one schema few.
fn combine(object: &mut Object, known: &Object) {
    if !object.contains_key("anyOf") && !object.get("type").is_some_and(Value::is_array) {
        return;
    }
    let annotations: Object =
        object.iter().filter(|(key, _)| ANNOTATIONS.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let value: Object = std::mem::take(object).into_iter().filter(|(key, _)| !ANNOTATIONS.contains(&key.as_str())).collect();
    let mut forms = Vec::new();
    flatten(value, &mut forms);
    let mut hidden = take_hidden(&mut forms);
    if forms.len() > 1 {
        forms.iter_mut().for_each(|form| put_in_place(form, known));
    }
    let forms = merge(forms);
    object.extend(annotations);
    if let ([only], []) = (forms.as_slice(), hidden.as_slice()) {
        object.extend(only.clone());
        return;
    }
    if let [only] = forms.as_slice() {
        insert_block(object, only, known);
    }
    let alone = hidden.is_empty();
    let mut alternatives: Vec<Value> = forms.into_iter().enumerate().map(|(at, form)| named(form, alone && at > 0)).collect();
    if !hidden.is_empty() {
        hidden.sort_unstable();
        let others: Vec<&str> = TYPES.into_iter().filter(|name| !hidden.contains(name)).collect();
        alternatives.push(json!({ "title": "other", "not": { "type": others } }));
    }
    object.insert("anyOf".to_owned(), Value::Array(alternatives));
}

/// The alternatives within alternatives.
fn flatten(mut form: Object, forms: &mut Vec<Object>) {
    let Some(Value::Array(inner)) = form.remove("anyOf") else {
        if !form.is_empty() {
            forms.push(form);
        }
        return;
    };
    inner.into_iter().for_each(|inner| flatten(super::object(inner), forms));
}

/// Takes the types away that are not to be offered.
fn take_hidden(forms: &mut Vec<Object>) -> Vec<&'static str> {
    let mut hidden = Vec::new();
    for form in forms.iter_mut() {
        let names = types(form);
        let any_text = ["string", "number", "boolean"].iter().all(|name| names.contains(name));
        let is_hidden = |name: &&'static str| *name == "null" || any_text && matches!(*name, "number" | "boolean");
        let (away, kept): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_hidden);
        hidden.extend(away.into_iter().filter(|name| !hidden.contains(name)).collect::<Vec<_>>());
        set_types(form, &kept);
    }
    forms.retain(|form| form.get("type").is_none_or(|kind| kind != &json!([])));
    hidden
}

/// The types that a form names.
fn types(form: &Object) -> Vec<&'static str> {
    let named = |kind: &Value| TYPES.into_iter().chain(["integer"]).find(|name| kind == name);
    match form.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(named).collect(),
        Some(kind) => named(kind).into_iter().collect(),
        None => Vec::new(),
    }
}

fn set_types(form: &mut Object, names: &[&str]) {
    match (form.contains_key("type"), names) {
        (false, _) => {}
        (true, [only]) => drop(form.insert("type".to_owned(), json!(only))),
        (true, names) => drop(form.insert("type".to_owned(), json!(names))),
    }
}

/// A definition in the place of a reference to it.
fn put_in_place(form: &mut Object, known: &Object) {
    let Some(name) = form.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/definitions/")) else { return };
    if let Some(Value::Object(definition)) = known.get(name) {
        *form = definition.clone();
        form.remove("description");
    }
}

/// Joins forms whose keywords do not meet; one with keys of its own comes first, a choice of words after it.
fn merge(forms: Vec<Object>) -> Vec<Object> {
    let mut merged: Vec<Object> = Vec::new();
    for form in forms {
        match merged.iter_mut().find(|into| fit(into, &form)) {
            Some(into) => join(into, form),
            None => merged.push(form),
        }
    }
    merged.sort_by_key(|form| !types(form).contains(&"object"));
    merged
}

fn fit(into: &Object, form: &Object) -> bool {
    let simple = |form: &Object| form.contains_key("type") && form.keys().all(|key| key == "type" || OF_ONE_TYPE.contains(&key.as_str()));
    let meets = |key: &String| {
        key != "type" && key != "pattern" && key != "patternErrorMessage" && form.contains_key(key) && into.get(key) != form.get(key)
    };
    let text = |form: &Object| types(form).contains(&"string");
    let both_texts = text(into) && text(form);
    let numbers = |form: &Object| types(form).iter().any(|name| matches!(*name, "integer" | "number"));
    simple(into)
        && simple(form)
        && !into.keys().any(meets)
        && !(numbers(into) && numbers(form))
        && (!both_texts || into.contains_key("pattern") == form.contains_key("pattern") && !into.contains_key("minLength"))
}

fn join(into: &mut Object, form: Object) {
    let mut names = types(into);
    names.extend(types(&form).into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    for (keyword, value) in form {
        match (keyword.as_str(), into.get_mut(&keyword)) {
            ("pattern", Some(pattern)) if *pattern != value => {
                *pattern = json!(format!("{}|{}", pattern.as_str().unwrap_or_default(), value.as_str().unwrap_or_default()));
            }
            (_, Some(_)) => {}
            (_, None) => drop(into.insert(keyword, value)),
        }
    }
    set_types(into, &names);
}

/// Where only a mapping or a list is right, an editor begins a new line when it inserts the key.
fn insert_block(object: &mut Object, only: &Object, known: &Object) {
    let mut form = only.clone();
    put_in_place(&mut form, known);
    match types(&form).as_slice() {
        ["object"] => drop(object.insert("properties".to_owned(), json!({}))),
        ["array"] => drop(object.insert("items".to_owned(), json!({}))),
        _ => {}
    }
}

/// A form with a title, by which an editor tells alternatives apart.
fn named(mut form: Object, wanted: bool) -> Value {
    if wanted {
        let title = match types(&form).first() {
            Some(&"array") => "list",
            Some(&"object") => "mapping",
            _ => "value",
        };
        form.entry("title").or_insert_with(|| json!(title));
    }
    Value::Object(form)
}
