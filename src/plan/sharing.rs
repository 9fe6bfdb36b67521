//! Names of locks and semaphores that all runs of a user share.

use std::collections::HashMap;

use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::host_name::{self, MAX_NAME};
use crate::base::span::{Span, Spanned};
use crate::source::model::Scope;
use crate::source::read::{Field, Tmpl};

/// The names that are taken, and where.
#[derive(Debug)]
pub struct HostNames<'a> {
    workflow: &'a str,
    taken: HashMap<String, Span>,
}

impl<'a> HostNames<'a> {
    /// For the workflow with this name.
    pub fn new(workflow: &'a str) -> Self {
        Self { workflow, taken: HashMap::new() }
    }

    /// The name on the machine of a lock or semaphore; none when it is its run's alone.
    pub fn of(
        &mut self,
        declared: &Spanned<String>,
        scope: &Field<Tmpl<Scope>>,
        name: &Field<Tmpl<String>>,
        resolver: &mut Resolver<'_>,
    ) -> Option<String> {
        if scope.is_broken() {
            return None;
        }
        if resolver.field_or(scope, Scope::default()) == Scope::Run {
            if let Some(place) = name.span().filter(|_| name.is_given()) {
                resolver.report(
                    Diagnostic::error("name-without-host", place, "a name of its own is for what other runs share")
                        .help("add `scope: host`, or remove `name`"),
                );
            }
            return None;
        }
        let (full, place) = match name {
            Field::Set(given) => (resolver.field(name)?, given.span),
            Field::Broken(_) => return None,
            Field::Absent | Field::Null(_) => (format!("{}/{}", self.workflow, declared.value), declared.span),
        };
        if !host_name::fits(&full) {
            resolver.report(
                Diagnostic::error(
                    "bad-value",
                    place,
                    format!("its name on this machine must have 1 to {MAX_NAME} bytes, all of them visible"),
                )
                .help("give it a short one, as in `{scope: host, name: shop/db}`"),
            );
            return None;
        }
        if let Some(first) = self.taken.insert(full.clone(), place) {
            resolver.report(
                Diagnostic::error("host-name-twice", place, format!("two of this workflow would be `{full}` on this machine"))
                    .main_label("again here")
                    .label(first, "first here")
                    .help("give each a name of its own, or declare one of them only"),
            );
            return None;
        }
        Some(full)
    }
}
