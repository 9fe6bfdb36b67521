//! What becomes of a process that has ended: whether that was a success, and whether it is begun again.

use std::time::Duration;

use super::model::{Restart, Retries};
use super::process::Builder;
use super::supervision;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source::model::Backoff;

impl Builder<'_, '_> {
    /// Whether a key of finite processes applies; written in a daemon it is an error, from `defaults` it is left out.
    pub(super) fn finite_only(&mut self, key: &str, daemon: bool, given: Option<Span>) -> bool {
        if let (true, Some(span)) = (daemon, given) {
            let help = match key {
                "timeout" => "remove it: a daemon ends when nobody needs it any more",
                "leftovers" => "remove it: what a daemon leaves running is stopped with it",
                _ => "remove it: `retries` is for finite processes; daemons have `restart: on-failure`",
            };
            self.resolver.report(Diagnostic::error("key-does-not-fit", span, format!("a daemon has no `{key}`")).help(help));
        }
        !daemon
    }

    pub(super) fn restart(&mut self, daemon: bool) -> Restart {
        if let (false, Some(span)) = (daemon, self.given.restart) {
            let found = Diagnostic::error("key-does-not-fit", span, "a finite process has no `restart`");
            self.resolver.report(found.help("write `retries: 3`, or `daemon: true` if it is a background service"));
        }
        match self.process.restart.value().filter(|_| daemon) {
            Some(spec) => supervision::restart(&spec.0, self.given.restart, self.resolver),
            None => Restart::default(),
        }
    }

    pub(super) fn retries(&mut self) -> Retries {
        let Some(spec) = self.process.retries.get() else { return Retries::default() };
        let (span, spec) = (spec.span, &spec.value.0);
        if !spec.count.is_given() && !spec.delay.is_broken() {
            self.resolver.report(
                Diagnostic::error("missing-key", span, "`count` is missing").help("add `count: 3`: how many attempts may follow the first"),
            );
        }
        Retries {
            count: self.resolver.field_or(&spec.count, 0),
            delay: self.resolver.period(&spec.delay).unwrap_or(Duration::ZERO),
            backoff: self.resolver.field_or(&spec.backoff, Backoff::Constant),
            max_delay: self.resolver.period(&spec.max_delay),
            jitter: self.resolver.field_or(&spec.jitter, false),
        }
    }

    pub(super) fn success_codes(&mut self) -> Vec<i32> {
        let codes = self.resolver.many(&self.process.success_codes);
        if let Some(written) = self.process.success_codes.get()
            && written.value.0.is_empty()
        {
            self.resolver.report(
                Diagnostic::error("bad-value", written.span, "without a success code no end would be a success")
                    .help("write at least one, as in `[0]`, or leave the key out"),
            );
        }
        for code in codes.iter().filter(|code| code.value > 255) {
            self.resolver.report(
                Diagnostic::error("bad-value", code.span, format!("{} is not an exit code", code.value))
                    .help("exit codes go from 0 to 255"),
            );
        }
        if codes.is_empty() {
            return vec![0];
        }
        codes.iter().map(|code| i32::try_from(code.value).unwrap_or(i32::MAX)).collect()
    }
}
