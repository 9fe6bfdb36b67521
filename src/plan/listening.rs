//! `listen`: the address at which flowrun listens for a process, and what does not fit beside it.
//!
//! A process whose connections each have a command of their own has no streams, no terminal and no conditions: a
//! connection takes their place. Written there they are errors, from `defaults` they are left out. Two processes
//! may share an address only when one begins after the other's end.

use std::borrow::Cow;
use std::collections::HashSet;

use super::extend::Given;
use super::model::{Listen, Process};
use super::process::Around;
use super::resolve::Resolver;
use crate::base::address::Address;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId};
use crate::base::span::{Span, Spanned};
use crate::source::model::{self as written, Condition, ListenAt, OnTimeout, PathText, Stdin, TcpAt};
use crate::source::read::Field;

/// Connections at once, unless the workflow says otherwise.
const MAX: u32 = 64;

/// What an instance says of listening.
pub struct Listening<'p> {
    /// The process, without what it has no use for.
    pub process: Cow<'p, written::Process>,
    /// Where flowrun listens for it.
    pub listen: Option<Listen>,
    /// Where it says that each connection has a command of its own.
    accept: Option<Span>,
}

/// Plans `listen` of one instance.
pub fn plan<'p>(process: &'p written::Process, given: Given, around: &Around<'_>, resolver: &mut Resolver<'_>) -> Listening<'p> {
    let none = Listening { process: Cow::Borrowed(process), listen: None, accept: None };
    let Some(listen) = process.listen.get().filter(|_| !process.task.is_set()) else { return none };
    let (place, spec) = (listen.span, &listen.value.spec);
    let accept = spec.accept.span().filter(|_| resolver.field_or(&spec.accept, false));
    let max = resolver.field(&spec.max);
    if let (Some(0), Some(span)) = (max, spec.max.span()) {
        resolver.report(
            Diagnostic::error("bad-value", span, "with no connections at once nobody would be served")
                .help("write a number of at least 1, or leave the key out for 64"),
        );
    }
    if let (None, Some(span)) = (accept, given.listen_max) {
        resolver.report(
            Diagnostic::error("key-does-not-fit", span, "`max` means nothing without `accept: true`")
                .help("a process that gets the socket itself takes as many connections as it likes"),
        );
    }
    let address = address(listen, given, around, resolver);
    let process = match accept {
        Some(accept) => Cow::Owned(without_streams(process, given, accept, resolver)),
        None => Cow::Borrowed(process),
    };
    refuse_steps(&process, given, accept, place, resolver);
    let listen = address.map(|address| Listen { address, accept: accept.map(|_| max.unwrap_or(MAX).max(1)), place });
    Listening { process, listen, accept }
}

impl Listening<'_> {
    /// A process that accepts never ends by itself.
    pub fn check_kind(&self, daemon: bool, resolver: &mut Resolver<'_>) {
        if let (false, Some(accept)) = (daemon, self.accept) {
            resolver.report(
                Diagnostic::error("key-does-not-fit", accept, "a process that takes connections never ends by itself")
                    .help("add `daemon: true`: it is stopped when the last finite process has ended"),
            );
        }
    }
}

/// Exactly one address. Bounds from `defaults` alone mean nothing to a process without one.
fn address(listen: &Spanned<written::Listen>, given: Given, around: &Around<'_>, resolver: &mut Resolver<'_>) -> Option<Address> {
    let written::Listen { at, spec } = &listen.value;
    let broken = at.is_broken() || spec.tcp.is_broken() || spec.unix.is_broken() || around.unknown.any_within(listen.span);
    let unix = |PathText(path)| Address::Unix(around.folder.join(path));
    match (at.get(), spec.tcp.get(), spec.unix.get()) {
        (Some(_), _, _) => resolver.field(at).map(|at| match at {
            ListenAt::Tcp(TcpAt(address)) => Address::Tcp(address),
            ListenAt::Unix(path) => unix(path),
        }),
        (None, Some(tcp), Some(path)) => {
            resolver.report(
                Diagnostic::error("bad-value", path.span, "`listen` has both `tcp` and `unix`")
                    .main_label("`unix`")
                    .label(tcp.span, "`tcp`")
                    .help("keep one; a second address needs a process of its own"),
            );
            None
        }
        (None, Some(_), None) => resolver.field(&spec.tcp).map(|TcpAt(address)| Address::Tcp(address)),
        (None, None, Some(_)) => resolver.field(&spec.unix).map(unix),
        (None, None, None) if broken || given.listen.is_none() => None,
        (None, None, None) => {
            resolver.report(
                Diagnostic::error("missing-key", listen.span, "`listen` has no address")
                    .help("add `tcp: \"127.0.0.1:7000\"` or `unix: path`"),
            );
            None
        }
    }
}

/// The process without all that a connection takes the place of; what it says itself of that is refused.
fn without_streams(process: &written::Process, given: Given, accept: Span, resolver: &mut Resolver<'_>) -> written::Process {
    const READY: &str = "remove it: it is ready as soon as flowrun listens for it";
    let stdin = given.stdin.filter(|_| !matches!(process.stdin.value(), Some(Stdin::Nothing)));
    let tty = given.tty.filter(|_| process.tty.known() != Some(false));
    let queued = matches!(process.stderr.value(), Some(written::Stdout::Queue(_)));
    let places = [
        ("stderr", process.stderr.span().filter(|_| queued), "let a process of its own put into the queue: a connection comes and goes"),
        ("stdin", stdin, "remove it: each connection is the standard input of its command"),
        (
            "stdout",
            given.stdout,
            "remove it: each connection is the standard output of its command; what is to be shown goes to standard error",
        ),
        ("tty", tty, "remove it: each connection is the standard input and output of its command"),
        ("ready", process.ready.span().filter(|_| given.ready.is_some()), READY),
        ("live", process.live.span().filter(|_| given.live.is_some()), "remove it: flowrun itself listens as long as the process runs"),
    ];
    for (key, place, help) in places {
        if let Some(place) = place {
            resolver.report(
                Diagnostic::error("key-does-not-fit", place, format!("`{key}` means nothing beside `accept: true`"))
                    .label(accept, "a command for each connection")
                    .help(help),
            );
        }
    }
    written::Process {
        stdin: Field::Absent,
        stdout: Field::Absent,
        stderr: if queued { Field::Absent } else { process.stderr.clone() },
        tty: Field::Absent,
        ready: Field::Absent,
        live: Field::Absent,
        ..process.clone()
    }
}

/// The socket is the last step's, as no other serves; a connection is one command's.
fn refuse_steps(process: &written::Process, given: Given, accept: Option<Span>, place: Span, resolver: &mut Resolver<'_>) {
    let Some(steps) = process.steps.get().filter(|_| given.listen.is_some()) else { return };
    if let Some(accept) = accept {
        resolver.report(
            Diagnostic::error("key-does-not-fit", accept, "a process with `steps` cannot have a command for each connection")
                .label(steps.span, "its steps")
                .help("write one `command`; what is to be done before goes into a process that this one joins"),
        );
    } else if steps.value.0.last().is_some_and(|step| step.value.task.is_set() && !step.value.command.is_set()) {
        resolver.report(
            Diagnostic::error("key-does-not-fit", place, "the last step is a built-in task, which takes no connections")
                .label(steps.span, "its steps")
                .help("the socket is handed to the last step: make that the `command` that serves"),
        );
    }
}

/// What only all processes together show: addresses that two want, and connections that a pipe would have to be.
pub fn check(processes: &DenseMap<ProcessId, Process>, diagnostics: &mut Vec<Diagnostic>) {
    // Those that decide late whether they run may be each other's alternatives.
    let all = processes.entries().filter(|(_, process)| !process.control.disabled && !process.control.decided_late);
    let all: Vec<(ProcessId, &Listen)> = all.filter_map(|(id, process)| Some((id, process.work.listen.as_ref()?))).collect();
    let mut reported = HashSet::new();
    for (number, (second, its)) in all.iter().enumerate() {
        let clash = |(first, other): &&(ProcessId, &Listen)| {
            its.address.clashes_with(&other.address)
                && !begins_after(processes, *second, *first)
                && !begins_after(processes, *first, *second)
        };
        if let Some((first, other)) = all[..number].iter().find(clash)
            && reported.insert(its.place)
        {
            diagnostics.push(same_address(&processes[*first], other, &processes[*second], its));
        }
    }
    for (_, process) in processes.entries() {
        let Some(source) = process.control.pipe_from.map(|source| &processes[source]).filter(|source| source.work.accepts()) else {
            continue;
        };
        let place = source.work.listen.as_ref().map_or(source.place, |listen| listen.place);
        let message = format!("`{}` cannot read `{}`: what its commands write goes to their connections", process.name, source.name);
        diagnostics
            .push(Diagnostic::error("pipe", process.place, message).label(place, "connections").help("let it connect to that address"));
    }
}

fn same_address(first: &Process, other: &Listen, second: &Process, its: &Listen) -> Diagnostic {
    let message = format!("`{}` and `{}` listen at the same address", first.name, second.name);
    let found = Diagnostic::error("same-address", its.place, message);
    if first.declared != second.declared {
        return found.label(other.place, "the other").help("give each an address of its own, or let one join the end of the other");
    }
    let form = match &its.address {
        Address::Tcp(address) => format!("`tcp: \"{}:${{{{ {} + index }}}}\"`", address.ip(), address.port()),
        Address::Unix(_) => "`unix: my-${{ index }}.sock`".to_owned(),
    };
    found.help(format!("make the addresses of the copies differ, as in {form}"))
}

/// Whether one process begins only after another has ended, by its joins or those of whom it joins.
fn begins_after(processes: &DenseMap<ProcessId, Process>, later: ProcessId, earlier: ProcessId) -> bool {
    let mut seen = HashSet::from([later]);
    let mut open = vec![later];
    while let Some(id) = open.pop() {
        for join in processes[id].control.joins.iter().filter(|join| join.timeout.is_none() || join.on_timeout == OnTimeout::Fail) {
            if join.process == earlier && matches!(join.until, Condition::Success | Condition::Exit | Condition::Failure) {
                return true;
            }
            if seen.insert(join.process) {
                open.push(join.process);
            }
        }
    }
    false
}
