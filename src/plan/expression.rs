//! `${{ … }}`: the only file that names the expression engine.
//!
//! Only what stands between `${{` and `}}` reaches the engine; everything else is plain text, so that
//! `{{ }}`, `{%` and `${#x}` keep their meaning in shells and other tools' templates. `$${{` is a
//! literal `${{`.
//!
//! Values of `vars` and `matrix` are typed as YAML 1.2 types them for comparing and calculating, and are
//! their source text everywhere else: an engine has one form of a number, so `1.20` would come out as
//! `1.2`. An expression that compares or calculates therefore sees numbers, any other sees the text of
//! those numbers whose canonical form differs.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::suggest;
use crate::source::hints;
use crate::source::model::ScalarText;
use crate::source::read::Render;

/// Values that may be named in expressions, in the two forms that the module's header explains.
#[derive(Clone, Debug, Default)]
pub struct Values {
    typed: BTreeMap<String, Value>,
    textual: BTreeMap<String, Value>,
}

impl Values {
    /// Adds a value as it was written.
    pub fn insert(&mut self, name: &str, scalar: &ScalarText) {
        let typed = yaml_value(scalar);
        let canonical = shown(&typed) == scalar.text;
        let textual = if canonical { typed.clone() } else { Value::from(scalar.text.as_str()) };
        self.typed.insert(name.to_owned(), typed);
        self.textual.insert(name.to_owned(), textual);
    }
}

/// The type that YAML 1.2's core schema gives a plain scalar.
fn yaml_value(scalar: &ScalarText) -> Value {
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
fn shown(value: &Value) -> String {
    match bool::try_from(value.clone()) {
        Ok(flag) if value.kind() == ValueKind::Bool => flag.to_string(),
        _ if value.is_none() => String::new(),
        _ => value.to_string(),
    }
}

/// The engine, made once for a plan.
pub struct Engine {
    environment: Environment<'static>,
}

impl Default for Engine {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("sh", |word: Value| -> String { shell_words::quote(&shown(&word)).into_owned() });
        Self { environment }
    }
}

/// The values around one expression.
pub struct Scope<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The text that is planned, to find an expression's own place.
    pub text: &'a str,
    typed: BTreeMap<&'static str, Value>,
    textual: BTreeMap<&'static str, Value>,
}

impl<'a> Scope<'a> {
    /// A scope with `vars` and `env`.
    pub fn new(engine: &'a Engine, text: &'a str, vars: &Values, env: &BTreeMap<String, String>) -> Self {
        let mut scope = Self { engine, text, typed: BTreeMap::new(), textual: BTreeMap::new() };
        scope.set("vars", vars);
        let env = Value::from_pairs(env.iter().map(|(k, v)| (k.clone(), v.clone())));
        scope.typed.insert("env", env.clone());
        scope.textual.insert("env", env);
        scope
    }

    /// The same with more.
    #[must_use]
    pub fn with(&self, matrix: Option<&Values>, index: Option<u32>) -> Self {
        let mut scope = Self { engine: self.engine, text: self.text, typed: self.typed.clone(), textual: self.textual.clone() };
        if let Some(matrix) = matrix {
            scope.set("matrix", matrix);
        }
        if let Some(index) = index {
            scope.typed.insert("index", Value::from(index));
            scope.textual.insert("index", Value::from(index));
        }
        scope
    }

    fn set(&mut self, name: &'static str, values: &Values) {
        self.typed.insert(name, Value::from_pairs(values.typed.clone()));
        self.textual.insert(name, Value::from_pairs(values.textual.clone()));
    }

    /// The boolean of an `if`, with or without the braces.
    ///
    /// # Errors
    /// A broken expression, an unknown name, or a value that is no boolean.
    pub fn condition(&self, scalar: &ScalarText, span: Span) -> Result<bool, Diagnostic> {
        let text = scalar.text.trim();
        let inner = match next_expression(text) {
            Some(found) if found.start == 0 && found.end == text.len() => text[found.inner()].trim(),
            Some(_) => {
                return Err(Diagnostic::error("expression", span, "`if` takes one expression, with nothing around it")
                    .help("write the whole condition in one expression, with or without `${{ }}`"));
            }
            None => text,
        };
        let value = self.evaluate(inner, span)?;
        bool::try_from(value.clone()).ok().filter(|_| value.kind() == ValueKind::Bool).ok_or_else(|| {
            Diagnostic::error("expression", span, format!("`if` must give `true` or `false`, but this gives `{}`", shown(&value)))
                .help("compare it, as in `vars.mode == \"test\"`, or test it, as in `vars.mode is defined`")
        })
    }

    fn evaluate(&self, expression: &str, span: Span) -> Result<Value, Diagnostic> {
        let span = self.place(expression, span);
        let compiled = self.engine.environment.compile_expression(expression).map_err(|error| self.broken(expression, span, &error))?;
        let values = if calculates(expression) { &self.typed } else { &self.textual };
        let value = compiled.eval(Value::from_pairs(values.iter().map(|(k, v)| (*k, v.clone())))).map_err(|error| {
            if error.kind() == ErrorKind::UndefinedError
                && let Some(found) = self.unknown_name(&compiled.undeclared_variables(true), span)
            {
                return found;
            }
            self.broken(expression, span, &error)
        })?;
        if value.is_undefined() {
            return Err(self
                .unknown_name(&compiled.undeclared_variables(true), span)
                .unwrap_or_else(|| Diagnostic::error("expression", span, format!("`{expression}` has no value"))));
        }
        Ok(value)
    }

    /// Where the expression stands within its scalar, as far as the source text shows it.
    fn place(&self, expression: &str, span: Span) -> Span {
        let source = span.slice(self.text);
        match source.find(expression) {
            Some(at) if !expression.is_empty() => {
                let start = span.start as usize + at;
                Span::new(start, start + expression.len())
            }
            _ => span,
        }
    }

    fn broken(&self, expression: &str, span: Span, error: &minijinja::Error) -> Diagnostic {
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let narrow = error.range().and_then(|range| expression.get(range)).filter(|part| !part.is_empty());
        let span = narrow.map_or(span, |part| self.place(part, span));
        Diagnostic::error("expression", span, format!("this expression does not work: {reason}"))
            .help("names are `vars.…`, `env.…`, `matrix.…` and `index`; texts need quotes; see the reference on expressions")
    }

    /// The first name in `used` that has no value.
    fn unknown_name(&self, used: &std::collections::HashSet<String>, span: Span) -> Option<Diagnostic> {
        let mut used: Vec<&String> = used.iter().collect();
        used.sort();
        for path in used {
            let (root, rest) = path.split_once('.').map_or((path.as_str(), None), |(root, rest)| (root, Some(rest)));
            if let "item" | "outputs" = root {
                return Some(hints::not_yet(self.place(path, span), root));
            }
            let Some(values) = self.typed.get(root) else {
                let known: Vec<&str> = self.typed.keys().copied().collect();
                let help = match root {
                    "matrix" => "this process has no `matrix`".to_owned(),
                    "index" => "this process has no `replicas`".to_owned(),
                    _ => suggest::did_you_mean(root, known.iter().copied())
                        .unwrap_or_else(|| format!("known here are {}; a text needs quotes", hints::list(&known))),
                };
                return Some(Diagnostic::error("unknown-variable", self.place(path, span), format!("`{root}` is not known")).help(help));
            };
            let Some(name) = rest.map(|rest| rest.split('.').next().unwrap_or(rest)) else { continue };
            if values.get_attr(name).is_ok_and(|value| !value.is_undefined()) {
                continue;
            }
            let keys: Vec<String> = values.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
            let message = if root == "env" {
                format!("the environment variable `{name}` is not set")
            } else {
                format!("`{root}.{name}` is not known")
            };
            let default = format!("set it, or give a default: `${{{{ {root}.{name} | default(\"…\") }}}}`");
            let help = suggest::did_you_mean(name, keys.iter().map(String::as_str))
                .unwrap_or_else(|| if root == "env" { default } else { format!("declare `{name}` under `{root}`") });
            return Some(Diagnostic::error("unknown-variable", self.place(path, span), message).help(help));
        }
        None
    }
}

impl Render for Scope<'_> {
    fn render(&self, text: &str, span: Span) -> Result<String, Diagnostic> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(found) = next_expression(rest) {
            if found.escaped {
                out.push_str(&rest[..found.start]);
                out.push_str("${{");
                rest = &rest[found.start + 4..];
                continue;
            }
            out.push_str(&rest[..found.start]);
            if found.open {
                return Err(Diagnostic::error("expression", span, "this expression is never closed")
                    .help("write `${{ … }}`; for a literal `${{` write `$${{`"));
            }
            let inner = rest[found.inner()].trim();
            if inner.is_empty() {
                return Err(
                    Diagnostic::error("expression", span, "this expression is empty").help("write a name, as in `${{ vars.name }}`")
                );
            }
            let value = self.evaluate(inner, span)?;
            if matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Plain) {
                return Err(Diagnostic::error("expression", self.place(inner, span), "this expression gives a list or a mapping")
                    .help("only a single value can stand here; pick one, or join a list with `| join(\" \")`"));
            }
            out.push_str(&shown(&value));
            rest = &rest[found.end..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The next `${{ … }}` of a text.
struct Found {
    start: usize,
    end: usize,
    escaped: bool,
    open: bool,
}

impl Found {
    fn inner(&self) -> std::ops::Range<usize> {
        self.start + 3..self.end.saturating_sub(2).max(self.start + 3)
    }
}

fn next_expression(text: &str) -> Option<Found> {
    let start = text.find("${{")?;
    if text[..start].ends_with('$') {
        return Some(Found { start: start - 1, end: start + 3, escaped: true, open: false });
    }
    let mut quote = None;
    let bytes = text.as_bytes();
    let mut at = start + 3;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => {
                return Some(Found { start, end: at + 2, escaped: false, open: false });
            }
            _ => {}
        }
        at += 1;
    }
    Some(Found { start, end: text.len(), escaped: false, open: true })
}

/// Whether an expression compares or calculates, outside of its quoted texts.
fn calculates(expression: &str) -> bool {
    let mut quote = None;
    for c in expression.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '=' | '<' | '>' | '+' | '*' | '/' | '%' | '-') => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> ScalarText {
        ScalarText { text: text.to_owned(), plain: true }
    }

    fn render(text: &str) -> Result<String, String> {
        let engine = Engine::default();
        let mut vars = Values::default();
        for (name, value) in [("n", "5"), ("ver", "1.20"), ("flag", "true"), ("hex", "0x1F"), ("oct", "010"), ("word", "a b")] {
            vars.insert(name, &plain(value));
        }
        vars.insert("quoted", &ScalarText { text: "5".to_owned(), plain: false });
        let env = BTreeMap::from([("HOME".to_owned(), "/h".to_owned())]);
        Scope::new(&engine, text, &vars, &env)
            .render(text, Span::new(0, text.len()))
            .map_err(|found| format!("{} | {}", found.message, found.help.unwrap_or_default()))
    }

    #[test]
    fn only_braces_after_a_dollar_are_read() {
        for (text, expected) in [
            ("echo ${#x} {{ a }} {% b %} {# c #}", "echo ${#x} {{ a }} {% b %} {# c #}"),
            ("$${{ vars.n }}", "${{ vars.n }}"),
            ("a${{vars.n}}b${{ vars.n }}", "a5b5"),
            ("${{ '}}' }}", "}}"),
            ("${{ env.HOME }}", "/h"),
            ("${{ vars.word | sh }}", "'a b'"),
            ("${{ env.NOPE | default('d') }}", "d"),
        ] {
            assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_text_and_compare_as_numbers() {
        for (text, expected) in [
            ("${{ vars.ver }}", "1.20"),
            ("v${{ vars.ver ~ '.1' }}", "v1.20.1"),
            ("${{ vars.hex }} ${{ vars.oct }}", "0x1F 010"),
            ("${{ vars.ver == 1.2 }}", "true"),
            ("${{ vars.hex == 31 }}", "true"),
            ("${{ vars.n + 1 }}", "6"),
            ("${{ vars.n == 5 }}", "true"),
            ("${{ vars.quoted == 5 }}", "false"),
            ("${{ vars.quoted == '5' }}", "true"),
            ("${{ 'yes' if vars.flag else 'no' }}", "yes"),
        ] {
            assert_eq!(render(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, says) in [
            ("${{ vars.m }}", "`vars.m` is not known"),
            ("${{ vars.wrod }}", "did you mean `word`?"),
            ("${{ var.n }}", "did you mean `vars`?"),
            ("${{ env.HOMEE }}", "did you mean `HOME`?"),
            ("${{ env.ZZZ }}", "default("),
            ("${{ index }}", "no `replicas`"),
            ("${{ matrix.os }}", "no `matrix`"),
            ("${{ outputs.a.b }}", "not supported yet"),
            ("${{ vars.n", "never closed"),
            ("${{ }}", "empty"),
            ("${{ vars.n + }}", "does not work"),
            ("${{ [1, 2] }}", "list or a mapping"),
        ] {
            let error = render(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
