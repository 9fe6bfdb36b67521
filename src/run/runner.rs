//! One run, turn by turn.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::clock::RunClock;
use super::inbox::{Lines, Message, Post, RunHandle, inbox};
use super::jobs::{Job, Jobs, Role};
use super::lingering::{Lingering, Over};
use super::pipes::{Pipes, Said};

use crate::base::ids::{JobId, ProcessId, ResourceId};
use crate::base::time::RunTime;
use crate::exec::command::{self, Running, Start, StartError};
use crate::exec::environment::{BaseEnvironment, Own};
use crate::exec::task;
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::reap;
use crate::io::signals::Signals;
use crate::notice::{Event, Exit, Notice, RunSummary, Stream};
use crate::plan::{Action, Output, Plan, Step};
use crate::sched::{Effect, Input, Outbox, Scheduler, Settings};

/// Starts in one turn at most, so that a thousand of them do not keep signals and output waiting.
const STARTS_PER_TURN: usize = 16;
/// Between two tries to start a process for which there was no room.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// When there has been no room for so long, nothing that would make room may be left but daemons.
const LONGEST_WITHOUT_ROOM: Duration = Duration::from_secs(10);
/// Signals that come so soon after another are the same wish: `timeout` and terminals send theirs twice.
const ONE_WISH: Duration = Duration::from_millis(25);
/// How long the end of a run waits for pipes that something outside of its group still holds.
const LAST_DRAIN: Duration = Duration::from_millis(500);

/// Who is told what happens.
pub trait Audience {
    /// Takes a notice; must not block.
    fn tell(&self, notice: Notice);
    /// Whether more output may come. After a no, the run's poller must be woken when there is room.
    fn has_room(&self) -> bool;
}

/// What a run needs.
pub struct Setup<'a> {
    /// The plan.
    pub plan: Arc<Plan>,
    /// For the core.
    pub settings: Settings,
    /// The environment that children share.
    pub environment: BaseEnvironment,
    /// Signals to this process.
    pub signals: &'a Signals,
    /// Waits for everything; its waker is the audience's too.
    pub poller: Poller,
    /// The run's time.
    pub clock: RunClock,
    /// Who is told.
    pub audience: &'a dyn Audience,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The sum of it.
    pub summary: RunSummary,
    /// Time spent in the core alone.
    pub core_time: Duration,
    /// Inputs that the core took.
    pub inputs: u64,
    /// Whether the last output was given up, because nobody took it.
    pub abandoned: bool,
}

/// Runs a plan to its end.
///
/// # Errors
/// What this program itself needs and the system refuses: descriptors for the loop. Trouble with
/// processes is no error but told to the audience.
pub fn run(setup: Setup<'_>) -> io::Result<Ended> {
    let mut runner = Runner::new(setup)?;
    runner.take(Input::Begin);
    loop {
        runner.perform_starts();
        runner.think();
        if runner.core.summary().is_some() {
            break;
        }
        runner.wait()?;
        runner.gather();
        runner.think();
    }
    runner.finish()
}

struct PendingStart {
    job: JobId,
    step: u32,
    permits: Vec<(ResourceId, Vec<u32>)>,
}

struct Runner<'a> {
    setup: Setup<'a>,
    core: Scheduler,
    inputs: VecDeque<Input>,
    starts: VecDeque<PendingStart>,
    /// Since when the machine has had no room for another process.
    no_room: Option<RunTime>,
    /// When to try again.
    try_again: RunTime,
    last_signal: Option<RunTime>,
    told_no_room: bool,
    jobs: Jobs,
    pipes: Pipes,
    lingering: Lingering,
    post: Post,
    inbox: Receiver<Message>,
    handle: Arc<RunHandle>,
    keys: Vec<usize>,
    said: Vec<Said>,
    out: Outbox,
    last_notice: Option<Notice>,
    core_time: Duration,
    inputs_taken: u64,
}

impl<'a> Runner<'a> {
    fn new(setup: Setup<'a>) -> io::Result<Self> {
        let descriptors = setup.signals.descriptors();
        for (key, fd) in descriptors.iter().enumerate() {
            setup.poller.add(*fd, key)?;
        }
        let (post, receiver) = inbox(setup.poller.waker());
        Ok(Self {
            core: Scheduler::new(Arc::clone(&setup.plan), setup.settings),
            inputs: VecDeque::new(),
            starts: VecDeque::new(),
            no_room: None,
            try_again: RunTime::ZERO,
            last_signal: None,
            told_no_room: false,
            jobs: Jobs::default(),
            pipes: Pipes::new(descriptors.len()),
            lingering: Lingering::default(),
            handle: Arc::new(RunHandle::new(Arc::clone(&setup.plan), post.clone())),
            post,
            inbox: receiver,
            keys: Vec::new(),
            said: Vec::new(),
            out: Outbox::default(),
            last_notice: None,
            core_time: Duration::ZERO,
            inputs_taken: 0,
            setup,
        })
    }

    fn take(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.think();
    }

    /// Gives the core its news, tells what it tells, does what it asks.
    fn think(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            let now = self.setup.clock.now();
            let before = Instant::now();
            self.core.step(now, input, &mut self.out);
            self.core_time += before.elapsed();
            self.inputs_taken += 1;
            for notice in std::mem::take(&mut self.out.notices) {
                self.tell(notice);
            }
            for effect in std::mem::take(&mut self.out.effects) {
                self.perform(effect);
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        if let Event::Ended { process, .. } = &notice.event {
            self.handle.mark_ended(*process);
        }
        if let Event::RunEnded { .. } = &notice.event {
            // What is still in pipes belongs before it.
            self.last_notice = Some(notice);
        } else {
            self.setup.audience.tell(notice);
        }
    }

    fn tell_now(&mut self, event: Event) {
        let at = self.setup.clock.now();
        self.tell(Notice { at, event });
    }

    fn warn(&mut self, process: ProcessId, message: String) {
        self.tell_now(Event::Warning { process: Some(process), message });
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start { job, step, permits } => self.starts.push_back(PendingStart { job, step, permits }),
            Effect::RunStopCommand { job } => self.run_stop_command(job),
            Effect::Terminate { job } => self.terminate(job),
            Effect::Kill { job } => self.kill(job),
        }
    }

    fn perform_starts(&mut self) {
        for _ in 0..STARTS_PER_TURN {
            if self.no_room.is_some() && self.setup.clock.now() < self.try_again {
                return;
            }
            let Some(start) = self.starts.pop_front() else { return };
            self.start(start);
        }
    }

    fn start(&mut self, start: PendingStart) {
        let plan = Arc::clone(&self.setup.plan);
        let process = &plan.processes[start.job.process];
        let step = &process.work.steps[start.step as usize];
        let result = match &step.action {
            Action::Task { task, .. } => self.start_task(&start, step, Arc::clone(task)),
            Action::Command { .. } => self.start_child(&start, step),
        };
        let (job, number) = (start.job, start.step);
        match result {
            Ok(pid) => {
                self.no_room = None;
                self.inputs.push_back(Input::Started { job, step: number, pid });
            }
            Err(StartError::NoRoom(why)) if self.may_wait_for_room() => {
                if !std::mem::replace(&mut self.told_no_room, true) {
                    self.warn(job.process, format!("{why}; waiting until a process has ended"));
                }
                let now = self.setup.clock.now();
                self.no_room.get_or_insert(now);
                self.try_again = now + TRY_AGAIN;
                self.starts.push_front(start);
            }
            Err(StartError::NoRoom(why) | StartError::Failed(why)) => {
                self.inputs.push_back(Input::Ended { job, step: number, exit: Exit::NotStarted(why) });
            }
        }
    }

    /// Whether room may still come: something of this run is alive, and it has not been long.
    fn may_wait_for_room(&self) -> bool {
        let long = self.no_room.is_some_and(|since| self.setup.clock.now() - since > LONGEST_WITHOUT_ROOM);
        self.jobs.any_alive() && !long
    }

    fn start_child(&mut self, start: &PendingStart, step: &Step) -> Result<Option<u32>, StartError> {
        let running = self.launch(start.job, step, &start.permits, start.step == 0)?;
        let pid = running.pid;
        let pipes = self.watch(start.job.process, running);
        self.jobs.add_child(start.job, start.step, pid, pipes);
        Ok(Some(pid))
    }

    fn launch(&self, job: JobId, step: &Step, permits: &[(ResourceId, Vec<u32>)], first: bool) -> Result<Running, StartError> {
        let process = &self.setup.plan.processes[job.process];
        let Action::Command { argv, direct, .. } = &step.action else {
            return Err(StartError::Failed("a built-in task is no command".to_owned()));
        };
        let own = Own { process, attempt: job.attempt, permits };
        let env = self.setup.environment.of(step, &own, &self.setup.plan);
        command::start(&Start { argv, direct: direct.as_deref(), cwd: &step.cwd, env: &env, work: &process.work, first })
    }

    /// Watches the outputs of a child.
    fn watch(&mut self, process: ProcessId, running: Running) -> Vec<usize> {
        let ends: [(Option<OwnedFd>, Stream); 2] = [(running.stdout, Stream::Stdout), (running.stderr, Stream::Stderr)];
        let mut keys = Vec::with_capacity(2);
        for (end, stream) in ends {
            let Some(end) = end else { continue };
            match self.pipes.add(&self.setup.poller, end, process, stream) {
                Ok(key) => keys.push(key),
                Err(error) => self.warn(process, format!("its output is lost: cannot watch a pipe: {}", reason(&error))),
            }
        }
        keys
    }

    fn start_task(&mut self, start: &PendingStart, step: &Step, task: Arc<dyn crate::task::Task>) -> Result<Option<u32>, StartError> {
        let (job, number) = (start.job, start.step);
        let process = &self.setup.plan.processes[job.process];
        let output: Box<dyn io::Write + Send> = match &process.work.stdout {
            Output::File { path, append } => {
                let file = command::open_file(path, *append || number > 0);
                Box::new(
                    file.map_err(|error| StartError::Failed(format!("cannot write output to {}: {}", path.display(), reason(&error))))?,
                )
            }
            Output::Captured | Output::SameAsStdout => Box::new(Lines::new(self.post.clone(), job.process)),
        };
        let post = self.post.clone();
        let run: Arc<RunHandle> = Arc::clone(&self.handle);
        let cancel = task::start(task, step.cwd.clone(), output, run, move |ended| post.send(Message::Ended { job, step: number, ended }))
            .map_err(|error| StartError::NoRoom(format!("cannot start a thread for a built-in task: {}", reason(&error))))?;
        self.jobs.add_task(job, number, cancel);
        Ok(None)
    }

    fn run_stop_command(&mut self, job: JobId) {
        let plan = Arc::clone(&self.setup.plan);
        let Some(step) = &plan.processes[job.process].work.stop_command else { return };
        if self.withdraw_start(job, Signal::SIGTERM) {
            return;
        }
        match self.launch(job, step, &[], false) {
            Ok(running) => {
                let pid = running.pid;
                let pipes = self.watch(job.process, running);
                self.jobs.add_stop_command(job, pid, pipes);
            }
            Err(StartError::NoRoom(why) | StartError::Failed(why)) => {
                self.warn(job.process, format!("its stop command failed, so the stop signal is sent at once: {why}"));
                self.inputs.push_back(Input::StopCommandEnded { job });
            }
        }
    }

    /// A job whose start was still to be performed: it ends as if the signal had met it right away.
    fn withdraw_start(&mut self, job: JobId, signal: Signal) -> bool {
        let Some(place) = self.starts.iter().position(|start| start.job == job) else { return false };
        if let Some(start) = self.starts.remove(place) {
            self.inputs.push_back(Input::Ended { job, step: start.step, exit: Exit::Signal(signal as i32) });
        }
        true
    }

    fn terminate(&mut self, job: JobId) {
        if self.withdraw_start(job, Signal::SIGTERM) {
            return;
        }
        let signal = self.setup.plan.processes[job.process].work.stop_signal;
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = true;
                reap::signal_group(*pid, signal);
                // What is stopped (by a terminal, say) must go on to hear it.
                reap::signal_group(*pid, Signal::SIGCONT as i32);
            }
            Some(Job::Task { cancel, .. }) => cancel.cancel(),
            None => {}
        }
    }

    fn kill(&mut self, job: JobId) {
        if self.withdraw_start(job, Signal::SIGKILL) {
            return;
        }
        self.kill_stop_command(job);
        if self.lingering.kill(job, self.setup.clock.now()) {
            return;
        }
        match self.jobs.get_mut(job) {
            Some(Job::Child { pid, asked, .. }) => {
                *asked = true;
                reap::signal_group(*pid, Signal::SIGKILL as i32);
            }
            Some(Job::Task { step, cancel }) => {
                // A thread cannot be killed: it is left to itself, and what it may still say is not heard.
                cancel.cancel();
                let input = Input::Ended { job, step: *step, exit: Exit::Signal(Signal::SIGKILL as i32) };
                self.jobs.remove(job);
                self.inputs.push_back(input);
            }
            None => {}
        }
    }

    /// Kills the stop command of a job with its group, if it runs.
    fn kill_stop_command(&self, job: JobId) {
        if let Some(pid) = self.jobs.stop_command(job) {
            reap::signal_group(pid, Signal::SIGKILL as i32);
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let readable = self.pipes.has_ready() && self.setup.audience.has_room();
        let startable = !self.starts.is_empty() && self.no_room.is_none();
        let timeout = if readable || startable || !self.inputs.is_empty() {
            Some(Duration::ZERO)
        } else {
            let room = self.no_room.map(|_| self.try_again).filter(|_| !self.starts.is_empty());
            let deadlines = [self.core.deadline(), self.lingering.deadline(), room];
            deadlines.into_iter().flatten().min().map(|moment| self.setup.clock.until(moment))
        };
        self.setup.poller.wait(timeout, &mut self.keys)
    }

    fn gather(&mut self) {
        for signal in self.setup.signals.take_ending() {
            let now = self.setup.clock.now();
            if self.last_signal.is_none_or(|last| now - last > ONE_WISH) {
                self.inputs.push_back(Input::Interrupt { signal });
            }
            self.last_signal = Some(now);
        }
        while let Ok(message) = self.inbox.try_recv() {
            self.receive(message);
        }
        for key in std::mem::take(&mut self.keys) {
            self.pipes.mark_ready(key);
        }
        if self.pipes.has_ready() && self.setup.audience.has_room() {
            self.pipes.read_ready(&self.setup.poller, &mut self.said);
            self.tell_said();
        }
        if self.setup.signals.take_child() {
            self.take_exits();
        }
        let now = self.setup.clock.now();
        for over in self.lingering.look(now) {
            self.is_over(over);
        }
        if self.core.deadline().is_some_and(|deadline| deadline <= now) {
            self.inputs.push_back(Input::Tick);
        }
    }

    fn tell_said(&mut self) {
        for (process, stream, lines) in std::mem::take(&mut self.said) {
            self.tell_now(Event::Output { process, stream, lines });
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Output { process, lines } => self.tell_now(Event::Output { process, stream: Stream::Stdout, lines }),
            Message::Stop { name } => {
                let plan = Arc::clone(&self.setup.plan);
                self.inputs.extend(plan.named(&name).map(|process| Input::StopProcess { process }));
            }
            Message::Ended { job, step, ended: (code, message) } => {
                // One that was given up already has been answered for.
                if self.jobs.remove(job).is_none() {
                    return;
                }
                if let Some(message) = message {
                    self.say_of_task(job.process, &format!("{}\n", message.trim_end()));
                }
                self.inputs.push_back(Input::Ended { job, step, exit: Exit::Code(code) });
            }
        }
    }

    /// What a task has to say of its failure is its standard error.
    fn say_of_task(&mut self, process: ProcessId, text: &str) {
        let work = &self.setup.plan.processes[process].work;
        let (sink, stream) = match &work.stderr {
            Output::SameAsStdout => (&work.stdout, Stream::Stdout),
            own => (own, Stream::Stderr),
        };
        if let Output::File { path, .. } = sink {
            let written = command::open_file(path, true).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
            let Err(error) = written else { return };
            self.warn(process, format!("cannot write its standard error to {}: {}", path.display(), reason(&error)));
        }
        self.tell_now(Event::Output { process, stream, lines: text.as_bytes().to_vec() });
    }

    fn take_exits(&mut self) {
        while let Some((pid, ended)) = reap::next_zombie(self.jobs.pids()) {
            self.try_again = RunTime::ZERO;
            let exit = match ended {
                reap::Ended::Code(code) => Exit::Code(code),
                reap::Ended::Signal(signal) => Exit::Signal(signal),
            };
            match self.jobs.take_role(pid) {
                Some(Role::Step(job)) => self.child_ended(job, pid, exit),
                Some(Role::StopCommand(job)) => self.stop_command_ended(job, pid, &exit),
                None => reap::reap(pid),
            }
        }
    }

    fn stop_command_ended(&mut self, job: JobId, pid: u32, exit: &Exit) {
        // What it left running is nobody's any more.
        reap::signal_group(pid, Signal::SIGKILL as i32);
        reap::reap(pid);
        let pipes = self.jobs.remove_stop_command(job);
        self.drain(&pipes);
        if let Some(code) = exit.returncode().filter(|code| *code != 0) {
            self.warn(job.process, format!("its stop command failed: exit code {code}"));
        }
        self.inputs.push_back(Input::StopCommandEnded { job });
    }

    fn child_ended(&mut self, job: JobId, pid: u32, exit: Exit) {
        let Some(Job::Child { step, pipes, asked, .. }) = self.jobs.remove(job) else {
            reap::reap(pid);
            return;
        };
        self.kill_stop_command(job);
        let now = self.setup.clock.now();
        match self.lingering.leader_ended(pid, asked, Over { job, step, exit, pipes }, now) {
            Ok(over) => self.is_over(over),
            Err(told) => {
                if let Some(told) = told {
                    self.warn(job.process, told);
                }
            }
        }
    }

    fn is_over(&mut self, over: Over) {
        self.drain(&over.pipes);
        self.inputs.push_back(Input::Ended { job: over.job, step: over.step, exit: over.exit });
    }

    /// Reads what an ended process left in its pipes, also when nobody can take it now: it is not much, and
    /// it belongs before the news of the end.
    fn drain(&mut self, pipes: &[usize]) {
        for key in pipes {
            self.pipes.drain(*key, &self.setup.poller, &mut self.said);
        }
        self.tell_said();
    }

    /// Reads what is still in pipes, and tells who holds those that do not end.
    ///
    /// Output that nobody takes is waited for, but not for longer than an interrupted run may take to stop.
    fn finish(mut self) -> io::Result<Ended> {
        let summary = self.core.summary().cloned().unwrap_or_default();
        let began = self.setup.clock.now();
        let patience = (summary.interrupted.is_some() || summary.timed_out).then_some(self.setup.settings.stop_timeout);
        let mut abandoned = false;
        while !self.pipes.holders().is_empty() {
            let waited = self.setup.clock.now() - began;
            let blocked = self.pipes.has_ready() && !self.setup.audience.has_room();
            abandoned = !self.setup.signals.take_ending().is_empty() || patience.is_some_and(|patience| waited >= patience);
            if abandoned || (!blocked && waited >= LAST_DRAIN) {
                break;
            }
            if self.pipes.has_ready() && !blocked {
                self.pipes.read_ready(&self.setup.poller, &mut self.said);
                self.tell_said();
                continue;
            }
            let left = if blocked { patience } else { Some(LAST_DRAIN) };
            self.setup.poller.wait(left.map(|left| left.saturating_sub(waited)), &mut self.keys)?;
            for key in std::mem::take(&mut self.keys) {
                self.pipes.mark_ready(key);
            }
        }
        for process in self.pipes.holders() {
            self.warn(process, "something that it started still holds its output; what comes there is not shown".to_owned());
        }
        self.pipes.close_all(&self.setup.poller, &mut self.said);
        self.tell_said();
        if let Some(notice) = self.last_notice.take() {
            self.setup.audience.tell(notice);
        }
        Ok(Ended { summary, core_time: self.core_time, inputs: self.inputs_taken, abandoned })
    }
}
