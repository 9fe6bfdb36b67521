//! One run, turn by turn.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::audience::Audience;
use super::clock::RunClock;
use super::host_locks::HostLocks;
use super::inbox::{Message, Post, RunHandle, inbox};
use super::jobs::Jobs;
use super::lingering::Lingering;
use super::listeners::Listeners;
use super::orphans::Orphans;
use super::outputs::OutputFiles;
use super::pipes::{Pipes, Said};
use super::printers::Printers;
use super::probes::Probes;
use super::queues::Queues;
use super::secrets::RunSecrets;
use super::sections::Sections;
use super::server::Server;
use super::starting::PendingStart;
use super::suspension::Suspension;
use super::terminals::Terminals;
use super::ties::Ties;
use super::waits::Waits;

use crate::base::ids::{JobId, ProcessId};
use crate::base::time::RunTime;
use crate::control::place::About;
use crate::exec::environment::BaseEnvironment;
use crate::io::machine::reason;
use crate::io::poller::Poller;
use crate::io::pty::Size;
use crate::io::shim::Shim;
use crate::io::signals::Signals;
use crate::io::sweep;
use crate::notice::{Event, HaltReason, Notice, Outcome, RunSummary};
use crate::plan::Plan;
use crate::sched::{Effect, Input, Outbox, Scheduler, Settings};

/// What a run needs.
pub struct Setup<'a> {
    /// The plan.
    pub plan: Arc<Plan>,
    /// For the core.
    pub settings: Settings,
    /// The environment that children share.
    pub environment: BaseEnvironment,
    /// Prepares children as only they themselves can.
    pub shim: Shim,
    /// Signals to this process.
    pub signals: &'a Signals,
    /// Waits for everything; its waker is the audience's too.
    pub poller: Poller,
    /// The run's time.
    pub clock: RunClock,
    /// Who is told.
    pub audience: &'a dyn Audience,
    /// How the run is found by those who want to ask it something; none when nobody can.
    pub about: Option<About>,
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
/// What this program itself needs and does not get: descriptors for the loop, a keeper that lives. Trouble
/// with processes is no error but told to the audience.
pub fn run(setup: Setup<'_>) -> io::Result<Ended> {
    let mut runner = Runner::new(setup)?;
    runner.open_server()?;
    runner.take(Input::Begin);
    runner.tell_short_secrets();
    loop {
        runner.perform_starts();
        runner.think();
        if runner.core.summary().is_some() {
            break;
        }
        runner.wait()?;
        runner.gather();
        if runner.setup.signals.keeper_lost() {
            return Err(runner.lost());
        }
        runner.think();
        runner.stop_if_suspended();
    }
    runner.finish()
}

/// Everything a run has at hand; the other files of this folder add what it does with it, one subject each.
pub(super) struct Runner<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) core: Scheduler,
    pub(super) inputs: VecDeque<Input>,
    pub(super) starts: VecDeque<PendingStart>,
    /// Since when the machine has had no room for another process.
    pub(super) no_room: Option<RunTime>,
    /// When to try again.
    pub(super) try_again: RunTime,
    pub(super) last_signal: Option<RunTime>,
    pub(super) told_no_room: bool,
    pub(super) jobs: Jobs,
    pub(super) pipes: Pipes,
    pub(super) probes: Probes,
    pub(super) host_locks: HostLocks,
    pub(super) lingering: Lingering,
    pub(super) listeners: Listeners,
    pub(super) orphans: Orphans,
    /// Jobs whose earlier steps left something that lives until their last step has ended.
    pub(super) held: BTreeSet<JobId>,
    /// Whether everything is being killed.
    pub(super) killing: bool,
    pub(super) terminals: Terminals,
    pub(super) outputs: OutputFiles,
    pub(super) secrets: RunSecrets,
    pub(super) ties: Ties,
    pub(super) queues: Queues,
    pub(super) suspension: Suspension,
    /// None when there was no place for its socket.
    pub(super) server: Option<Server>,
    pub(super) waits: Waits,
    pub(super) printers: Printers,
    /// Critical sections that clients wait for or are in.
    pub(super) sections: Sections,
    /// Whether a signal or a client has asked for the end of the run.
    pub(super) asked_to_stop: bool,
    pub(super) post: Post,
    pub(super) inbox: Receiver<Message>,
    pub(super) handle: Arc<RunHandle>,
    pub(super) keys: Vec<usize>,
    pub(super) said: Vec<Said>,
    pub(super) out: Outbox,
    pub(super) last_notice: Option<Notice>,
    pub(super) core_time: Duration,
    pub(super) inputs_taken: u64,
}

impl<'a> Runner<'a> {
    fn new(setup: Setup<'a>) -> io::Result<Self> {
        let terminals = Terminals::of(&setup.plan, setup.signals.job());
        let descriptors = setup.signals.descriptors();
        for (key, fd) in descriptors.iter().enumerate() {
            setup.poller.add(*fd, key)?;
        }
        let (post, receiver) = inbox(setup.poller.waker());
        let secrets = RunSecrets::of(&setup.plan, &setup.environment);
        Ok(Self {
            core: Scheduler::new(Arc::clone(&setup.plan), setup.settings),
            inputs: VecDeque::new(),
            starts: VecDeque::new(),
            no_room: None,
            try_again: RunTime::ZERO,
            last_signal: None,
            told_no_room: false,
            jobs: Jobs::default(),
            pipes: Pipes::new(descriptors.len(), secrets.hidden()),
            probes: Probes::new(),
            host_locks: HostLocks::default(),
            lingering: Lingering::default(),
            listeners: Listeners::new(),
            orphans: Orphans::new(setup.environment.run_id(), setup.signals.is_kept()),
            held: BTreeSet::new(),
            killing: false,
            terminals,
            outputs: OutputFiles::default(),
            secrets,
            ties: Ties::new(&setup.plan),
            queues: Queues::new(&setup.plan),
            suspension: Suspension::default(),
            server: None,
            waits: Waits::default(),
            printers: Printers::default(),
            sections: Sections::default(),
            asked_to_stop: false,
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

    pub(super) fn take(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.think();
    }

    /// Gives the core its news, tells what it tells, does what it asks.
    pub(super) fn think(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            let now = self.setup.clock.now();
            let before = Instant::now();
            self.core.step(now, input, &mut self.out);
            self.core_time += before.elapsed();
            self.inputs_taken += 1;
            // Somebody waits for these, and telling wakes those who show it.
            let granted: Vec<Effect> = self.out.effects.extract_if(.., |effect| matches!(effect, Effect::SectionGranted { .. })).collect();
            granted.into_iter().for_each(|effect| self.perform(effect));
            for notice in std::mem::take(&mut self.out.notices) {
                self.tell(notice);
            }
            for effect in std::mem::take(&mut self.out.effects) {
                self.perform(effect);
            }
        }
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        match &notice.event {
            Event::Ended { process, outcome, .. } => {
                self.ties.ended(*process);
                let daemon = self.setup.plan.processes[*process].control.daemon;
                self.outputs_end(*process, matches!(outcome, Outcome::Success) || daemon && matches!(outcome, Outcome::Stopped));
                self.listeners.close(*process, &self.setup.poller);
                self.handle.mark_ended(*process);
                self.probes.forget(*process, &self.setup.poller);
                self.process_over(*process);
            }
            Event::Retrying { job, .. } | Event::Restarting { job, .. } | Event::BeginningAnew { job } | Event::ItemFailed { job, .. } => {
                self.outputs_end(job.process, false);
                self.process_over(job.process);
            }
            Event::ItemDone { job, .. } => {
                self.outputs_end(job.process, true);
                self.process_over(job.process);
            }
            Event::KillingAll { .. } => self.killing = true,
            Event::Halted { reason: HaltReason::Interrupt { .. } } => self.asked_to_stop = true,
            _ => {}
        }
        if let Event::RunEnded { .. } = &notice.event {
            // What is still in pipes belongs before it.
            self.last_notice = Some(notice);
        } else {
            self.tell_everybody(notice);
        }
    }

    pub(super) fn tell_now(&mut self, event: Event) {
        let at = self.setup.clock.now();
        self.tell(Notice { at, event });
    }

    pub(super) fn warn(&mut self, process: ProcessId, message: String) {
        self.tell_now(Event::Warning { process: Some(process), message });
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Start { job, step, permits, item } => self.starts.push_back(PendingStart { job, step, permits, item }),
            Effect::Accept { offer, queue, first, count } => self.accept(offer, queue, first, count),
            Effect::RefuseOffer { offer, abandoned } => self.refuse_offer(offer, abandoned),
            Effect::Hand { taker, items } => self.hand(taker, &items),
            Effect::EndOfQueue { taker } => self.end_of_queue(taker),
            Effect::CutProducers { queue } => self.cut_producers(queue),
            Effect::Forget { queue, item, set_aside } => self.forget_item(queue, item, set_aside),
            Effect::Decide { process } => self.decide(process),
            Effect::Probe { job, probe, live } if self.suspension.holds() => self.suspension.keep_probe(job, probe, live),
            Effect::Probe { job, probe, live } => self.probe(job, probe, live),
            Effect::EndProbe { job } => self.end_probe(job),
            Effect::AskHost { job, ask, wants } => self.ask_host(job, ask, &wants),
            Effect::ReleaseHost { ask } => self.host_locks.release(ask),
            Effect::SectionGranted { section, permits } => self.section_granted(section, &permits),
            Effect::SectionRefused { section, why } => self.section_refused(section, &why),
            Effect::Suspend => self.suspend(),
            Effect::Resume => self.resume(),
            Effect::RunStopCommand { job } => self.run_stop_command(job),
            Effect::Terminate { job } => self.terminate(job),
            Effect::Kill { job } => self.kill(job),
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let readable = self.pipes.has_ready() && self.setup.audience.has_room();
        let startable = !self.starts.is_empty() && self.no_room.is_none() && !self.suspension.holds();
        let pending = self.probes.has_pending() || self.clients_wait() || self.queues.has_ready() || !self.inputs.is_empty();
        let timeout = if readable || startable || pending {
            Some(Duration::ZERO)
        } else if let Some(patience) = self.suspension.wait() {
            // The run's own clock stands still.
            Some(patience)
        } else {
            let room = self.no_room.map(|_| self.try_again).filter(|_| !self.starts.is_empty());
            let deadlines =
                [self.core.deadline(), self.lingering.deadline(), self.host_locks.deadline(), self.connections_deadline(), room];
            let own = deadlines.into_iter().flatten().min().map(|moment| self.setup.clock.until(moment));
            own.into_iter().chain(self.clients_deadline()).min()
        };
        let lost = |error| io::Error::other(format!("cannot wait for events: {}", reason(&error)));
        self.setup.poller.wait(timeout, &mut self.keys).map_err(lost)
    }

    /// The keeper is dead: ends everything, as nobody would after this process.
    fn lost(&self) -> io::Error {
        sweep::sweep(&HashSet::new());
        io::Error::other("the flowrun process that watched over it was killed; everything it had started has been ended")
    }

    fn gather(&mut self) {
        self.gather_wishes();
        while let Ok(message) = self.inbox.try_recv() {
            self.receive(message);
        }
        self.read_pipes();
        self.serve_streams();
        self.serve_clients();
        self.take_connections();
        if self.setup.signals.take_child() {
            self.take_exits();
            self.take_stops();
        }
        if self.setup.signals.take_resized() {
            self.pipes.resize(Size::of_this_program());
        }
        let now = self.setup.clock.now();
        if self.lingering.deadline().is_some_and(|moment| moment <= now) {
            self.look_for_orphans(&[]);
            for over in self.lingering.look(&mut self.orphans, now) {
                self.is_over(over);
            }
        }
        if !self.suspension.holds() && self.host_locks.deadline().is_some_and(|moment| moment <= now) {
            self.try_host_locks(now);
        }
        self.end_streams();
        if self.core.deadline().is_some_and(|deadline| deadline <= now) {
            self.inputs.push_back(Input::Tick);
        }
    }

    /// What the kernel has told is remembered by those whom it concerns.
    pub(super) fn mark_ready(&mut self) {
        for key in std::mem::take(&mut self.keys) {
            let of_client = self.server.as_mut().is_some_and(|server| server.mark_ready(key));
            let of_others = of_client || self.listeners.mark_ready(key) || self.queues.mark_ready(key);
            if !of_others && !self.probes.mark_ready(key) {
                self.pipes.mark_ready(key);
            }
        }
    }

    pub(super) fn read_pipes(&mut self) {
        self.mark_ready();
        self.hear_messages();
        if self.pipes.has_ready() && self.setup.audience.has_room() {
            self.pipes.read_ready(&self.setup.poller, &mut self.said);
            self.tell_said();
        }
    }

    pub(super) fn tell_said(&mut self) {
        for (process, stream, lines) in std::mem::take(&mut self.said) {
            self.tell_now(Event::Output { process, stream, lines });
        }
        let mut heard = self.pipes.take_heard().into_iter().peekable();
        while let Some((process, stream, piece)) = heard.next() {
            let all = heard.peek().is_none_or(|next| (next.0, next.1) != (process, stream));
            self.hear(process, stream, &piece, all);
        }
    }
}
