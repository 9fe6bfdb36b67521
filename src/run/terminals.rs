//! Terminals during a run: flowrun's own, which one process at a time has, and the sizes of all others.
//!
//! That only one asks at a time is seen to by a lock of the plan; here it gets the terminal, and what it
//! does with it becomes news: an end by Ctrl-C interrupts the run, a stop by Ctrl-Z stops flowrun. While
//! a process shares the terminal with flowrun's own lines, these are held back, so that an editor is
//! drawn by nobody else; the price is that nobody sees meanwhile what others say.

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::jobs::Asked;
use super::runner::Runner;
use super::starting::PendingStart;
use crate::base::ids::JobId;
use crate::exec::command::Tty;
use crate::io::pty::Size;
use crate::io::terminal::{self, Terminal};
use crate::notice::Exit;
use crate::plan::{Action, Plan, Stdin, Work};
use crate::sched::Input;

/// What a run knows of terminals.
#[derive(Default)]
pub(super) struct Terminals {
    /// flowrun's own, where some process may get it.
    own: Option<Terminal>,
    /// Who has it: a job and the leader of its group.
    holder: Option<(JobId, u32)>,
    /// The signal that has stopped it, and the run with it.
    stopped_by: Option<i32>,
    /// A start that waits until flowrun's own lines are held back.
    waiting: Option<PendingStart>,
}

impl Terminals {
    /// Looks at the terminal where the plan makes use of it; `job` is the process group that a shell knows.
    pub fn of(plan: &Plan, job: Pid) -> Self {
        let inherits = plan.processes.iter().any(|process| process.work.stdin == Stdin::Inherit);
        Self { own: if inherits { Terminal::of_this_program(job) } else { None }, ..Self::default() }
    }

    /// How the steps of a process stand to terminals.
    pub fn tty(&self, work: &Work) -> Tty<'_> {
        match &self.own {
            _ if work.tty => Tty::Own(Size::of_this_program()),
            Some(own) if work.stdin == Stdin::Inherit => Tty::OfFlowrun(own),
            _ => Tty::Without,
        }
    }

    /// The start that waited, if one did.
    pub fn take_waiting(&mut self) -> Option<PendingStart> {
        self.waiting.take()
    }
}

impl Runner<'_> {
    /// Makes the terminal ready for a start that is to have it. Keeps the start back, and gives none, as long as
    /// flowrun itself may still write there.
    pub(super) fn lend_terminal(&mut self, start: PendingStart) -> Option<PendingStart> {
        let work = &self.setup.plan.processes[start.job.process].work;
        let command = matches!(work.steps[start.step as usize].action, Action::Command { .. });
        let Some(own) = self.terminals.own.as_mut().filter(|_| command && work.stdin == Stdin::Inherit) else { return Some(start) };
        if own.is_shared() && !self.setup.audience.hush() {
            self.terminals.waiting = Some(start);
            return None;
        }
        // A job that a shell runs in the background steals the terminal from nobody.
        if own.is_in_foreground() {
            own.lend();
        }
        Some(start)
    }

    /// A child that was started has the terminal, if it was to have it.
    pub(super) fn terminal_is_lent(&mut self, job: JobId, pid: u32) {
        let inherits = self.setup.plan.processes[job.process].work.stdin == Stdin::Inherit;
        if self.terminals.own.is_some() && inherits {
            self.terminals.holder = Some((job, pid));
        }
    }

    /// Takes the terminal back from a job that had it or was to get it.
    pub(super) fn terminal_is_free(&mut self, job: JobId) {
        if self.setup.plan.processes[job.process].work.stdin != Stdin::Inherit {
            return;
        }
        let Some(own) = &mut self.terminals.own else { return };
        own.take_back();
        self.terminals.holder = None;
        self.setup.audience.speak();
    }

    /// A child has ended. One that Ctrl-C or Ctrl-\ has ended at the terminal was the run's foreground: the wish was meant for the run.
    pub(super) fn terminal_child_ended(&mut self, job: JobId, asked: Asked, exit: &Exit) {
        if self.terminals.holder.is_none_or(|(holder, _)| holder != job) {
            return;
        }
        let lent = self.terminals.own.as_ref().is_some_and(Terminal::is_lent);
        if let (true, Asked::No, Exit::Signal(signal)) = (lent, asked, exit)
            && [Signal::SIGINT as i32, Signal::SIGQUIT as i32].contains(signal)
        {
            self.last_signal = None;
            self.wish_to_end(*signal);
        }
        self.terminal_is_free(job);
    }

    /// Looks whether the child that has the terminal was stopped by somebody else than this program.
    pub(super) fn take_stops(&mut self) {
        let Some((_, pid)) = self.terminals.holder else { return };
        if let Some(signal) = terminal::stopped(pid)
            && !self.suspension.holds()
        {
            self.child_stopped(signal);
        }
    }

    /// The child that has the terminal was stopped, by Ctrl-Z or because it wants the terminal from the background:
    /// then the whole run is suspended, so that the shell has the terminal.
    fn child_stopped(&mut self, signal: i32) {
        self.terminals.stopped_by = Some(signal);
        self.inputs.push_back(Input::Suspend);
    }

    /// The run is being suspended: the terminal is the shell's.
    pub(super) fn give_terminal_back(&mut self) {
        if let Some(own) = &mut self.terminals.own {
            own.take_back();
        }
    }

    /// The run goes on: who had the terminal has it again, if flowrun is the foreground. `refused`: this program
    /// was not stopped, because no shell could continue it. Gives the group that must not go on, since it would
    /// only be stopped again and again.
    pub(super) fn lend_terminal_again(&mut self, refused: bool) -> Option<u32> {
        let stopped_by = self.terminals.stopped_by.take();
        let (Some(own), Some((job, pid))) = (&mut self.terminals.own, self.terminals.holder) else {
            self.setup.audience.speak();
            return None;
        };
        if own.is_in_foreground() {
            own.give(pid);
            if !own.is_shared() {
                self.setup.audience.speak();
            }
            return None;
        }
        self.setup.audience.speak();
        let signal = stopped_by.filter(|_| refused)?;
        let signal = Signal::try_from(signal).map_or("a signal", Signal::as_str);
        self.warn(
            job.process,
            format!("stopped by {signal}: it wants the terminal, and flowrun runs in the background; `kill -CONT -{pid}` lets it go on"),
        );
        Some(pid)
    }
}
