//! `${{ … }}`: the only file that names the expression engine.
//!
//! Only what stands between `${{` and `}}` reaches the engine; everything else is plain text, so that
//! `{{ }}`, `{%` and `${#x}` keep their meaning in shells and other tools' templates. `$${{` is a
//! literal `${{`.
//!
//! Here are the engine, its values as they are, and what it says went wrong; it knows nothing of workflows. Below
//! are the names that an expression sees (`scope`, `values`), its evaluation (`evaluate`, `render`), what it reads of
//! what is not known yet (`reads`, `references`) and what users are told of their mistakes (`mistakes`, `missing`, `foreign`).
//! The values are the engine's own, so that evaluating copies nothing: another engine would change this file alone
//! as long as its values can do the same.

mod evaluate;
mod foreign;
mod marks;
mod missing;
mod mistakes;
mod reads;
mod references;
mod render;
mod scope;
mod values;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use minijinja::value::{Enumerator, Object, Value, ValueKind};
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior};

use crate::base::suggest::Suggester;
pub use missing::{Item, item_not_here};
pub use reads::Reads;
pub use scope::{Names, Scope};
pub use values::Values;
use values::shown;

/// The code of findings that only follow from another, which is reported where it stands; nobody sees them.
pub const FOLLOW_UP: &str = "follow-up";

/// The code of findings that another value of a name may not have.
const OF_VALUES: &str = "expression-value";

/// The engine, made once for a plan.
pub struct Engine {
    environment: Environment<'static>,
    suggest: Suggester,
}

impl Default for Engine {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // It would show the whole environment.
        environment.remove_global("debug");
        environment.add_filter("sh", |word: Value| -> String { shell_words::quote(&shown(&word)).into_owned() });
        Self { environment, suggest: Suggester::default() }
    }
}

impl Engine {
    fn compile<'e>(&'e self, expression: &'e str) -> Result<Compiled<'e>, Fault> {
        self.environment.compile_expression(expression).map(Compiled).map_err(|error| Fault::of(&error))
    }
}

/// An expression that the engine has read.
struct Compiled<'e>(Expression<'e, 'e>);

impl Compiled<'_> {
    /// The names that it uses, with what is looked up in them: `vars.port`.
    fn names(&self) -> HashSet<String> {
        self.0.undeclared_variables(true)
    }

    fn evaluate(&self, values: &Value) -> Result<Value, Fault> {
        self.0.eval(values.clone()).map_err(|error| Fault::of(&error))
    }
}

/// Why the engine cannot read or evaluate an expression.
struct Fault {
    kind: FaultKind,
    /// In words.
    reason: String,
    /// The bytes of the expression that it is about.
    range: Option<Range<usize>>,
}

#[derive(PartialEq, Eq)]
enum FaultKind {
    /// It cannot be read.
    Syntax,
    /// It uses what has no value.
    Undefined,
    /// There is no such filter, function or test: the word for it, and its name.
    NoHelper(&'static str, String),
    Other,
}

impl Fault {
    fn of(error: &minijinja::Error) -> Self {
        let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        // The engine says `filter x is unknown`, `test x is unknown` or `x is unknown`.
        let name = || reason.trim_start_matches("filter ").trim_start_matches("test ").split(' ').next().unwrap_or_default().to_owned();
        let kind = match error.kind() {
            ErrorKind::SyntaxError => FaultKind::Syntax,
            ErrorKind::UndefinedError => FaultKind::Undefined,
            ErrorKind::UnknownFilter => FaultKind::NoHelper("filter", name()),
            ErrorKind::UnknownFunction => FaultKind::NoHelper("function", name()),
            ErrorKind::UnknownTest => FaultKind::NoHelper("test", name()),
            _ => FaultKind::Other,
        };
        Self { kind, reason, range: error.range() }
    }
}

/// Values by their names, which a scope shares: what is added later is seen too.
#[derive(Debug, Default)]
struct Table(RwLock<BTreeMap<String, Value>>);

impl Table {
    fn insert(&self, name: &str, value: Value) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
    }
}

impl Object for Table {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key.as_str()?).cloned()
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Enumerator::Values(names.keys().map(|name| Value::from(name.as_str())).collect())
    }
}

#[cfg(test)]
mod tests;
