//! Values that expressions name, in two forms.
//!
//! Values of `vars` and `matrix` are typed as YAML 1.2 types them for comparing and calculating, and are
//! their source text everywhere else: an engine has one form of a number, so `1.20` would come out as
//! `1.2`. An expression that compares or calculates therefore sees numbers, any other sees the text of
//! those numbers whose canonical form differs.

use std::sync::Arc;

use super::{Table, Value, ValueKind};
use crate::plan::late::Written;
use crate::source::model::ScalarText;

/// Values that may be named in expressions, in the two forms that the module's header explains. A scope
/// shares them: what is added later is seen too.
#[derive(Debug, Default)]
pub struct Values {
    typed: Arc<Table>,
    textual: Arc<Table>,
}

impl Values {
    pub(super) fn typed(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.typed))
    }

    pub(super) fn textual(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.textual))
    }

    /// What a process has written: typed as what is given by `--set`.
    pub(super) fn of(written: &Written) -> Self {
        let values = Self::default();
        for (name, text) in written {
            values.insert(name, &ScalarText { text: text.clone(), plain: true });
        }
        values
    }

    /// Adds a value as it was written.
    pub fn insert(&self, name: &str, scalar: &ScalarText) {
        let (typed, textual) = forms(scalar);
        self.typed.insert(name, typed);
        self.textual.insert(name, textual);
    }
}

/// The two forms of a value.
pub(super) fn forms(scalar: &ScalarText) -> (Value, Value) {
    let typed = yaml_value(scalar);
    let canonical = shown(&typed) == scalar.text;
    let textual = if canonical { typed.clone() } else { Value::from(scalar.text.as_str()) };
    (typed, textual)
}

/// The type that YAML 1.2's core schema gives a plain scalar.
pub(super) fn yaml_value(scalar: &ScalarText) -> Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Value::from(text);
    }
    match text {
        "true" | "True" | "TRUE" => return Value::from(true),
        "false" | "False" | "FALSE" => return Value::from(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix: &str, radix| digits.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok());
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Value::from(number);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.contains(|c: char| c.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if float => Value::from(number),
        _ => Value::from(text),
    }
}

/// A value as text: as YAML writes it, not as Python does.
pub(super) fn shown(value: &Value) -> String {
    match bool::try_from(value.clone()) {
        Ok(flag) if value.kind() == ValueKind::Bool => flag.to_string(),
        _ if value.is_none() => String::new(),
        _ => value.to_string(),
    }
}
