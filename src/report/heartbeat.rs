//! A line from time to time of what still runs, for logs that nobody sits before: what hangs is never silent.
//!
//! Knows the run's time only, which stands still while the run is suspended. Costs a scan of all processes, once in
//! half a minute or so.

use std::time::Duration;

use super::progress::state_line;
use super::view::{RunView, State};
use super::words;
use crate::base::ids::ProcessId;
use crate::base::time::RunTime;

/// When the next line is due.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    every: Duration,
    due: RunTime,
}

impl Heartbeat {
    /// The first line comes after this time.
    pub fn new(every: Duration) -> Self {
        Self { every, due: RunTime::ZERO + every }
    }

    /// When the next line is due.
    pub fn due(&self) -> RunTime {
        self.due
    }

    /// The line that is due; none when there is nothing to say.
    pub fn beat(&mut self, view: &RunView, now: RunTime) -> Option<String> {
        self.due = now + self.every;
        let running: Vec<String> = view.live().map(|process| alive(view, process, now)).collect();
        let waits = |process: &ProcessId| *view.state(*process) == State::Waiting;
        let waiting = view.queued().chain(view.plan().processes.ids().filter(waits));
        let waiting: Vec<String> = waiting.map(|process| words::name(view.plan(), process)).collect();
        let mut parts = Vec::new();
        for (word, names) in [("still running", running), ("waiting", waiting)] {
            if !names.is_empty() {
                parts.push(format!("{word}: {}", words::list(names.into_iter())));
            }
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// `build 1 m 30 s`, `db 2 m 00 s (daemon)`, `flaky (retrying in 3 s (attempt 2 of 3))`
fn alive(view: &RunView, process: ProcessId, now: RunTime) -> String {
    let name = words::name(view.plan(), process);
    match view.state(process) {
        State::Running { .. } => {
            let daemon = if view.plan().processes[process].control.daemon { " (daemon)" } else { "" };
            format!("{name} {}{daemon}", words::ticking(now.since(view.begun(process).unwrap_or(now))))
        }
        _ => format!("{name} ({})", state_line(view, process, now)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{at, ended, note, plan, started};
    use super::*;
    use crate::notice::Outcome;

    #[test]
    fn what_runs_and_what_waits_is_told() {
        let mut plan = plan(&["build", "db", "deploy"]);
        plan.processes[ProcessId(1)].control.daemon = true;
        let mut view = RunView::new(Arc::new(plan));
        let mut heartbeat = Heartbeat::new(Duration::from_secs(30));
        assert_eq!(heartbeat.due(), at(30_000));
        view.apply(&note(0, started(0, 1)));
        view.apply(&note(10_000, started(1, 1)));
        let line = heartbeat.beat(&view, at(90_000));
        assert_eq!(line.as_deref(), Some("still running: build 1 m 30 s, db 1 m 20 s (daemon); waiting: deploy"));
        assert_eq!(heartbeat.due(), at(120_000));
        for process in 0..3 {
            view.apply(&note(100_000, ended(process, Outcome::Success)));
        }
        assert_eq!(heartbeat.beat(&view, at(120_000)), None);
    }
}
