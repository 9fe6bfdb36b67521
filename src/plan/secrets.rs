//! `secrets`: the names of environment variables whose values must not be shown.
//!
//! Names only: what their values are is known where the environment of a process is made.

use std::sync::Arc;

use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::source::model::EnvName;
use crate::source::read::{Field, KeyRule, OneOrMany, Tmpl};

/// Those that are written here, after the `inherited` ones.
pub fn names(written: &Field<OneOrMany<Tmpl<String>>>, inherited: &Arc<[String]>, resolver: &mut Resolver<'_>) -> Arc<[String]> {
    if !written.is_set() {
        return Arc::clone(inherited);
    }
    let mut names = inherited.to_vec();
    for name in resolver.many(written) {
        match EnvName::refuse(&name.value) {
            None => names.push(name.value),
            // The value may be the secret itself: it is not repeated.
            Some(_) => resolver.report(Diagnostic::error("bad-value", name.span, "this cannot name an environment variable").help(
                "write names only, as in `secrets: [TOKEN]`; a value belongs into the environment of flowrun, or into an `env_file`",
            )),
        }
    }
    names.into()
}
