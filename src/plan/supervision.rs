//! `restart` and `stop.when`: what becomes of a daemon that has fallen, or that nobody needs any more.

use std::collections::HashSet;

use super::model::{Process, Restart};
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ProcessId};
use crate::base::span::Span;
use crate::source::model::restart::{PolicyWord, RestartSpec};
use crate::source::model::{Condition, Delay, StopWhen};
use crate::source::read::{Field, Tmpl};

/// How a daemon is started again; `given` is where process or templates say so.
pub fn restart(spec: &RestartSpec, given: Option<Span>, resolver: &mut Resolver<'_>) -> Restart {
    let default = Restart::default();
    let policy = resolver.field(&spec.policy).map(|PolicyWord(policy)| policy);
    if let (Field::Absent | Field::Null(_), Some(span)) = (&spec.policy, given) {
        resolver.report(
            Diagnostic::error("missing-key", span, "`policy` is missing")
                .help("add `policy: on-failure`: after which ends it is started again"),
        );
    }
    let max = resolver.field_or(&spec.max, default.max);
    if let (0, Some(span)) = (max, spec.max.span()) {
        resolver.report(
            Diagnostic::error("bad-value", span, "a daemon that may be restarted no times is never restarted")
                .help("write a number of at least 1, or `restart: no`"),
        );
    }
    Restart {
        policy: policy.unwrap_or_default(),
        max,
        within: resolver.period(&spec.within).unwrap_or(default.within),
        delay: resolver.field(&spec.delay).map_or(default.delay, |Delay(delay)| delay),
        backoff: resolver.field_or(&spec.backoff, default.backoff),
        max_delay: resolver.period(&spec.max_delay),
    }
}

/// Whether a daemon is stopped as soon as it is unused. `given` is where process or templates say when.
pub fn stop_unused(when: &Field<Tmpl<StopWhen>>, daemon: bool, given: Option<Span>, resolver: &mut Resolver<'_>) -> bool {
    let unused = resolver.field_or(when, StopWhen::End) == StopWhen::Unused;
    if let (false, Some(span)) = (daemon, given) {
        resolver.report(
            Diagnostic::error("key-does-not-fit", span, "`when` means nothing here")
                .help("it is for daemons: a finite process ends by itself"),
        );
    }
    unused && daemon
}

/// A daemon that is stopped when it is unused needs somebody who uses it: one that joins it for more than
/// its failure. `places` are where processes say so, as far as it is not from `defaults`.
pub fn check_unused(processes: &mut DenseMap<ProcessId, Process>, places: &[(ProcessId, Option<Span>)], diagnostics: &mut Vec<Diagnostic>) {
    if places.is_empty() {
        return;
    }
    let used = used(processes);
    let mut reported = HashSet::new();
    for (id, place) in places.iter().filter(|(id, _)| !used[id.index()]) {
        processes[*id].control.stop_unused = false;
        if let Some(place) = place.filter(|place| reported.insert(*place)) {
            let name = &processes[*id].name;
            diagnostics.push(
                Diagnostic::error("never-used", place, format!("nobody joins `{name}`, so it can never become unused"))
                    .help(format!("let a process join it, as in `join: {name}` (for its failure is not enough), or write `when: end`")),
            );
        }
    }
}

/// Which processes are joined for more than their failure, by number.
pub fn used(processes: &DenseMap<ProcessId, Process>) -> Vec<bool> {
    let mut used = vec![false; processes.len()];
    for join in processes.iter().flat_map(|process| &process.control.joins) {
        used[join.process.index()] |= join.until != Condition::Failure;
    }
    used
}
