//! Locks and semaphores: declared names to ids, requests to shares.

use std::collections::HashMap;

use super::model::{Resource, ResourceKind, TERMINAL};
use super::resolve::Resolver;
use super::sharing::HostNames;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ResourceId};
use crate::base::span::{Span, Spanned};
use crate::base::suggest::Suggester;
use crate::notice::Share;
use crate::source::model::request::Amount;
use crate::source::model::{LockRequest, Mode, SemaphoreRequest, Stdin, Workflow};
use crate::source::read::{Field, Tmpl};

/// A share and the place where it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What.
    pub share: Share,
    /// Where.
    pub place: Span,
    /// Not asked for by name: it comes with `stdin: inherit`.
    pub inherited: bool,
}

/// The declared locks and semaphores.
#[derive(Debug, Default)]
pub struct Resources {
    /// All of them, locks first.
    pub all: DenseMap<ResourceId, Resource>,
    locks: HashMap<String, ResourceId>,
    semaphores: HashMap<String, ResourceId>,
    /// The lock on flowrun's own standard input, if somebody asks for that.
    terminal: Option<ResourceId>,
    /// A declaration could not be read: whoever asks for a lock or semaphore is not blamed.
    locks_broken: bool,
    semaphores_broken: bool,
    /// Where locks and semaphores are declared.
    declared: [Option<Span>; 2],
    suggest: Suggester,
}

/// The permits of a semaphore whose number could not be read: whoever asks for some is not blamed.
const UNKNOWN: u32 = u32::MAX;

/// The most locks and semaphores that one request may name: all are taken together, and each is compared with each.
const MAX_REQUEST: usize = 1000;

impl Resources {
    /// Reads the declarations of the workflow with this name.
    pub fn declare(workflow: &Workflow, workflow_name: &str, resolver: &mut Resolver<'_>) -> Self {
        let mut hosts = HostNames::new(workflow_name);
        let mut resources = Self {
            locks_broken: workflow.locks.is_broken(),
            semaphores_broken: workflow.semaphores.is_broken(),
            declared: [workflow.locks.span(), workflow.semaphores.span()],
            ..Self::default()
        };
        for (name, spec) in workflow.locks.value().map_or(&[][..], |locks| &locks.0) {
            let host = hosts.of(name, &spec.scope, &spec.name, resolver);
            let id = resources.all.push(Resource { name: name.value.clone(), kind: ResourceKind::Lock, host, place: name.span });
            resources.locks.insert(name.value.clone(), id);
        }
        let semaphores = workflow.semaphores.value().map_or(&[][..], |map| &map.entries);
        for (name, value) in semaphores {
            let permits = match value {
                Field::Set(value) if value.value.0.permits.is_set() => {
                    let permits = resolver.field_or(&value.value.0.permits, UNKNOWN);
                    if permits == 0 {
                        let span = value.value.0.permits.span().unwrap_or(value.span);
                        resolver.report(
                            Diagnostic::error("bad-value", span, "a semaphore needs at least one permit")
                                .help("write the number of processes that may hold it at once"),
                        );
                    }
                    permits.max(1)
                }
                Field::Absent | Field::Broken(_) => UNKNOWN,
                Field::Set(value) if value.value.0.permits.is_broken() => UNKNOWN,
                Field::Set(_) | Field::Null(_) => {
                    resolver.report(
                        Diagnostic::error("missing-key", name.span, format!("the semaphore `{}` has no number of permits", name.value))
                            .help(format!("write `{}: 4`", name.value)),
                    );
                    1
                }
            };
            let kind = ResourceKind::Semaphore { permits };
            let host = value.value().and_then(|value| hosts.of(name, &value.0.scope, &value.0.name, resolver));
            let id = resources.all.push(Resource { name: name.value.clone(), kind, host, place: name.span });
            resources.semaphores.insert(name.value.clone(), id);
        }
        resources.terminal = first_inherit(workflow).map(|place| {
            let declared = resources.locks.get(TERMINAL).copied();
            declared
                .unwrap_or_else(|| resources.all.push(Resource { name: TERMINAL.to_owned(), kind: ResourceKind::Lock, host: None, place }))
        });
        resources
    }

    /// Adds the lock on flowrun's own standard input to what a process asks for; naming it as well is the same.
    pub fn add_terminal(&self, place: Span, wanted: &mut Vec<Wanted>) {
        let Some(resource) = self.terminal else { return };
        wanted.retain(|wanted| wanted.share.resource != resource);
        wanted.push(Wanted { share: Share { resource, shared: false, permits: 1 }, place, inherited: true });
        wanted.sort_by_key(|wanted| wanted.share.resource);
    }

    /// Takes that lock out of what a step asks for, whose process holds it already.
    pub fn remove_terminal(&self, wanted: &mut Vec<Wanted>) {
        wanted.retain(|wanted| Some(wanted.share.resource) != self.terminal);
    }

    /// What one request asks for, in the order of ids.
    pub fn request(&self, lock: &Field<LockRequest>, semaphore: &Field<SemaphoreRequest>, resolver: &mut Resolver<'_>) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for amount in lock.value().map_or(&[][..], |request| &request.0) {
            self.lock(amount, resolver, &mut wanted);
        }
        for amount in semaphore.value().map_or(&[][..], |request| &request.0) {
            self.permits(amount, resolver, &mut wanted);
        }
        wanted.sort_by_key(|wanted| wanted.share.resource);
        if let Some(first_too_many) = wanted.get(MAX_REQUEST) {
            resolver.report(
                Diagnostic::error(
                    "too-large",
                    first_too_many.place,
                    format!("one request names more than {MAX_REQUEST} locks and semaphores"),
                )
                .help("let one lock stand for a group of things that are taken together"),
            );
            wanted.clear();
        }
        wanted
    }

    fn lock(&self, amount: &Amount<Mode>, resolver: &mut Resolver<'_>, wanted: &mut Vec<Wanted>) {
        if amount.removed {
            resolver.report(took_nothing_away(&amount.target, "lock"));
            return;
        }
        let Some(name) = resolver.scalar(&amount.target.value, amount.target.span) else { return };
        let mode = resolver.field_or(&amount.amount, Mode::Exclusive);
        let Some(resource) = self.locks.get(&name).copied() else {
            let other = self.semaphores.contains_key(&name).then_some("semaphore");
            if !self.locks_broken || other.is_some() {
                resolver.report(self.unknown(&name, "lock", other, amount.target.span));
            }
            return;
        };
        push_once(wanted, Share { resource, shared: mode == Mode::Shared, permits: 1 }, amount.target.span, resolver);
    }

    fn permits(&self, amount: &Amount<u32>, resolver: &mut Resolver<'_>, wanted: &mut Vec<Wanted>) {
        if amount.removed {
            resolver.report(took_nothing_away(&amount.target, "semaphore"));
            return;
        }
        let Some(name) = resolver.scalar(&amount.target.value, amount.target.span) else { return };
        let permits = resolver.field_or(&amount.amount, 1);
        let Some(resource) = self.semaphores.get(&name).copied() else {
            let other = self.locks.contains_key(&name).then_some("lock");
            if !self.semaphores_broken || other.is_some() {
                resolver.report(self.unknown(&name, "semaphore", other, amount.target.span));
            }
            return;
        };
        let place = amount.amount.span().unwrap_or(amount.target.span);
        let ResourceKind::Semaphore { permits: capacity } = self.all[resource].kind else { return };
        if permits == 0 {
            resolver
                .report(Diagnostic::error("bad-value", place, "a request needs at least one permit").help("write a number, or remove it"));
        } else if permits > capacity {
            resolver.report(
                Diagnostic::error("too-many-permits", place, format!("{permits} permits of `{name}` are asked for, but it has {capacity}"))
                    .main_label("would wait for ever")
                    .label(self.all[resource].place, if capacity == 1 { "1 permit".to_owned() } else { format!("{capacity} permits") })
                    .help("ask for fewer, or give the semaphore more"),
            );
        } else {
            push_once(wanted, Share { resource, shared: false, permits }, amount.target.span, resolver);
        }
    }

    fn unknown(&self, name: &str, word: &str, other: Option<&str>, span: Span) -> Diagnostic {
        let known = if word == "lock" { &self.locks } else { &self.semaphores };
        let place = self.declared[usize::from(word != "lock")];
        let mut label = None;
        let help = match other {
            Some(other) => format!("`{name}` is a {other}: write `{other}: {name}`"),
            None if self.suggest.is_spent() => "declare it at the top".to_owned(),
            None => {
                let mut known: Vec<&str> = known.keys().map(String::as_str).collect();
                known.sort_unstable();
                self.suggest.did_you_mean(name, known).unwrap_or_else(|| {
                    label = place;
                    match (place, word) {
                        (Some(_), _) => format!("add it to `{word}s` at the top"),
                        (None, "lock") => format!("declare it at the top: `locks: [{name}]`"),
                        (None, _) => format!("declare it at the top: `semaphores: {{{name}: 4}}`"),
                    }
                })
            }
        };
        let found = Diagnostic::error("unknown-lock", span, format!("there is no {word} `{name}`")).help(help);
        match label {
            Some(place) => found.label(place, "add it here"),
            None => found,
        }
    }
}

/// The first place that asks for flowrun's own standard input: in a process, a template or `defaults`.
fn first_inherit(workflow: &Workflow) -> Option<Span> {
    let processes = [&workflow.processes, &workflow.templates].into_iter().filter_map(Field::value).flat_map(|map| &map.entries);
    let written = workflow.defaults.value().into_iter().chain(processes.filter_map(|(_, process)| process.value()));
    let places = written.filter(|process| matches!(process.stdin.value(), Some(Stdin::Inherit))).filter_map(|process| process.stdin.span());
    places.min_by_key(|span| span.start)
}

/// A null in a request that no template had: it reads like a request and would be none.
fn took_nothing_away(name: &Spanned<Tmpl<String>>, word: &str) -> Diagnostic {
    let text = name.value.text();
    Diagnostic::error(
        "null-takes-nothing-away",
        name.span,
        format!("`{text}` has no value: null takes the {word} of a template away, and there is none"),
    )
    .help(format!("to hold it, write `{word}: {text}`"))
}

/// Adds a share; the same resource twice in one request comes from expressions, the rest is found while reading.
fn push_once(wanted: &mut Vec<Wanted>, share: Share, place: Span, resolver: &mut Resolver<'_>) {
    if let Some(first) = wanted.iter().take(MAX_REQUEST).find(|known| known.share.resource == share.resource) {
        resolver.report(
            Diagnostic::error("lock-twice", place, "the same name stands twice in one request")
                .main_label("again here")
                .label(first.place, "first here")
                .help("name each lock once"),
        );
        return;
    }
    wanted.push(Wanted { share, place, inherited: false });
}
