//! `ready` and `live`: exactly one condition, and when it is asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::command;
use super::environment::Overlay;
use super::extend::Conditions;
use super::late::{Late, Lates};
use super::model::{Liveness, Readiness, Rhythm, Step};
use super::probe::{HttpProbe, Probe};
use super::process::Around;
use super::resolve::Resolver;
use super::steps::program_place;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::hints;
use crate::source::model::http::{HeaderValue, HttpMethod, Url};
use crate::source::model::ready::{Asked, CONDITIONS, LiveSpec, ProbeCommand, ReadySpec};
use crate::source::model::{self as written, Delay, Endpoint, PathText};
use crate::source::read::Field;

/// Between the first answer and the second probe of `ready`, unless the workflow says otherwise: a fast server is seen fast.
const FIRST_INTERVAL: Duration = Duration::from_millis(20);
/// Between two probes of `ready` in the long run.
const READY_INTERVAL: Duration = Duration::from_millis(500);
/// Between two probes of `live`, as kubernetes and process-compose have it.
const LIVE_INTERVAL: Duration = Duration::from_secs(10);
/// The longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time until a process is ready.
const WITHIN: Duration = Duration::from_secs(60);
/// Failed probes in a row that are a failure.
const FAILURES: u32 = 3;
/// As kubernetes has it: redirects are answers too.
const RIGHT_STATUS: (u16, u16) = (200, 399);

/// What conditions share with the process they belong to.
pub struct Owner<'b> {
    /// What all processes share.
    pub around: &'b Around<'b>,
    /// The shell for text commands.
    pub shell: &'b Field<written::command::Shell>,
    /// The folder of its commands, absolute.
    pub cwd: &'b Path,
    /// Its environment.
    pub env: &'b Arc<Overlay>,
    /// The permissions that new files of its commands do not get; none is flowrun's own.
    pub umask: Option<u32>,
    /// The names of variables whose values must not be shown.
    pub secrets: &'b Arc<[String]>,
    /// What of its environment and folder is late.
    pub lates: &'b Lates,
    /// Whether any of its output is captured.
    pub captured: bool,
}

impl Owner<'_> {
    /// `ready`; `given` is what process and templates say of it.
    pub fn ready(
        &self,
        spec: &ReadySpec,
        place: Span,
        given: Option<Conditions>,
        resolver: &mut Resolver<'_>,
    ) -> Option<(Readiness, Probe)> {
        let asked = spec.asked();
        let within = resolver.period(&spec.within).unwrap_or(WITHIN);
        let initial_delay = resolver.field(asked.initial_delay).map(|Delay(delay)| delay);
        let interval = resolver.period(asked.interval);
        let timeout = resolver.period(asked.timeout).unwrap_or(TIMEOUT);
        if let (Some(delay), Some(span)) = (initial_delay, asked.initial_delay.span())
            && delay >= within
        {
            resolver.report(
                Diagnostic::error("bad-value", span, "the first probe would come when the time to be ready is over")
                    .help("make `initial_delay` shorter than `within`, which is 60s by default"),
            );
        }
        let probe = self.probe("ready", &asked, place, given, resolver)?;
        let rhythm = Rhythm {
            initial_delay: initial_delay.unwrap_or(Duration::ZERO),
            first_interval: interval.unwrap_or(FIRST_INTERVAL),
            interval: interval.unwrap_or(READY_INTERVAL),
            timeout,
        };
        if !probe.is_polled() {
            refuse_unfit(given, &["initial_delay", "interval", "timeout"], "nothing is asked: it is seen when it happens", resolver);
        }
        Some((Readiness { polled: probe.is_polled(), rhythm, within }, probe))
    }

    /// `live`; `given` is what process and templates say of it.
    pub fn live(&self, spec: &LiveSpec, place: Span, given: Option<Conditions>, resolver: &mut Resolver<'_>) -> Option<(Liveness, Probe)> {
        let asked = spec.asked();
        let interval = resolver.period(asked.interval).unwrap_or(LIVE_INTERVAL);
        let initial_delay = resolver.field(asked.initial_delay).map(|Delay(delay)| delay);
        let timeout = resolver.period(asked.timeout).unwrap_or(TIMEOUT);
        let failures = resolver.field_or(&spec.failures, FAILURES);
        if failures == 0 {
            resolver.report(
                Diagnostic::error(
                    "bad-value",
                    spec.failures.span().unwrap_or(place),
                    "a process that fails without a failed probe never lives",
                )
                .help("write a number of at least 1, or remove `live`"),
            );
        }
        let probe = self.probe("live", &asked, place, given, resolver)?;
        if !probe.is_polled() {
            refuse_unfit(given, &["timeout"], "the answer is known at once: whether it happened since the last look", resolver);
        }
        // What has to be said again and again needs the time to be said.
        let initial_delay = initial_delay.unwrap_or(if probe.is_polled() { Duration::ZERO } else { interval });
        Some((Liveness { rhythm: Rhythm { initial_delay, first_interval: interval, interval, timeout }, failures }, probe))
    }

    fn probe(&self, key: &str, asked: &Asked<'_>, place: Span, given: Option<Conditions>, resolver: &mut Resolver<'_>) -> Option<Probe> {
        let conditions = asked.conditions();
        let unclear = asked.is_broken() || self.around.unknown.any_within(place);
        match conditions.as_slice() {
            // Bounds from `defaults` alone mean nothing to a process without a condition.
            [] if given.is_none() || unclear => return None,
            [] => {
                resolver.report(
                    Diagnostic::error("missing-key", place, format!("`{key}` has no condition"))
                        .help(format!("add exactly one of {}", hints::list(&CONDITIONS))),
                );
                return None;
            }
            [_] => {}
            [(first, first_span), (second, second_span), ..] => {
                resolver.report(
                    Diagnostic::error("two-conditions", *second_span, format!("`{key}` has both `{first}` and `{second}`"))
                        .main_label(format!("`{second}`"))
                        .label(*first_span, format!("`{first}`"))
                        .help("keep one; a command can ask for several: `exec: check-one && check-two`"),
                );
                return None;
            }
        }
        let (condition, span) = conditions[0];
        if condition != "http"
            && let Some((key, span)) = given.and_then(|given| given.of_http)
        {
            resolver.report(
                Diagnostic::error("key-does-not-fit", span, format!("`{key}` means nothing here"))
                    .help("it belongs to the condition `http`"),
            );
        }
        if condition == "log" && !self.captured {
            resolver.report(
                Diagnostic::error("never-matches", span, "no line can match: both outputs of this process go elsewhere")
                    .help("let standard output or standard error be captured, or use another condition"),
            );
        }
        match condition {
            "tcp" => resolver.field(asked.tcp).map(|Endpoint { host, port }| Probe::Tcp { host, port }),
            "unix" => self.path(asked.unix, resolver).map(Probe::Unix),
            "http" => self.http(asked, resolver).map(Probe::Http),
            "exec" => self.exec(asked.exec, resolver).map(|step| Probe::Exec(Box::new(step))),
            "log" => resolver.field(asked.log).map(Probe::Log),
            "file" => self.path(asked.file, resolver).map(Probe::File),
            _ => notify(asked, span, resolver),
        }
    }

    fn path(&self, field: &Field<crate::source::read::Tmpl<PathText>>, resolver: &mut Resolver<'_>) -> Option<std::path::PathBuf> {
        resolver.field(field).map(|PathText(path)| self.around.folder.join(path))
    }

    fn http(&self, asked: &Asked<'_>, resolver: &mut Resolver<'_>) -> Option<HttpProbe> {
        let status = resolver.many(asked.status).iter().map(|form| (form.value.first, form.value.last)).collect::<Vec<_>>();
        if let Some(written) = asked.status.get().filter(|written| written.value.0.is_empty()) {
            resolver.report(
                Diagnostic::error("bad-value", written.span, "without a status no answer would be right")
                    .help("write at least one, as in `[200]`, or leave the key out"),
            );
        }
        let mut headers = Vec::new();
        for (name, value) in asked.headers.value().map_or(&[][..], |headers| &headers.entries) {
            headers.extend(resolver.field(value).map(|HeaderValue(value)| (name.value.clone(), value)));
        }
        let method = resolver.field_or(asked.method, HttpMethod::Get).word();
        let insecure = resolver.field_or(asked.insecure, false);
        let Url(url) = resolver.field(asked.http)?;
        Some(HttpProbe { url, method, headers, status: if status.is_empty() { vec![RIGHT_STATUS] } else { status }, insecure })
    }

    fn exec(&self, field: &Field<ProbeCommand>, resolver: &mut Resolver<'_>) -> Option<Step> {
        let command = ProbeCommand::placed(field)?;
        let mut lates = self.lates.clone();
        let action = command::action(&command, &Field::Absent, self.shell, &mut lates, resolver)?;
        let place = program_place(&command, self.around.document);
        let late = Late::new(self.around.keep(resolver).as_ref(), lates, None);
        let (cwd, env, secrets) = (self.cwd.to_owned(), Arc::clone(self.env), Arc::clone(self.secrets));
        Some(Step { name: None, place, action, cwd, env, secrets, umask: self.umask, late })
    }
}

fn notify(asked: &Asked<'_>, span: Span, resolver: &mut Resolver<'_>) -> Option<Probe> {
    if resolver.field(asked.notify)? {
        return Some(Probe::Notify);
    }
    resolver
        .report(Diagnostic::error("bad-value", span, "`notify: false` is no condition").help("write `notify: true`, or remove the key"));
    None
}

/// Refuses the first of `keys` that process or templates give.
fn refuse_unfit(given: Option<Conditions>, keys: &[&str], why: &str, resolver: &mut Resolver<'_>) {
    let unfit = given.and_then(|given| given.of_asking.into_iter().flatten().find(|(key, _)| keys.contains(key)));
    if let Some((key, span)) = unfit {
        resolver.report(Diagnostic::error("key-does-not-fit", span, format!("`{key}` means nothing here")).help(why));
    }
}

#[cfg(test)]
#[path = "readiness_tests.rs"]
mod tests;
