//! Programs as they are: they fail, hang, ignore signals, are ready late or never, fall ill, fall silent.

use std::time::Duration;

use flowrun::base::ids::JobId;
use flowrun::base::time::RunTime;
use flowrun::notice::Exit;
use flowrun::plan::Control;
use flowrun::sched::{Effect, Input};

use crate::shared::rng::Rng;
use crate::simulate::{Message, Run};

/// From this attempt on daemons behave: a world has to come to an end.
const BEHAVES_FROM: u32 = 7;

/// A step that runs.
pub struct Program {
    pub step: u32,
    pub exit: Exit,
    pub deaf: bool,
    pub told: bool,
    /// News of its end that is of an older number is void.
    pub turn: u64,
    pub ends: Option<RunTime>,
    pub never_told_when_stopped: bool,
    pub service: Service,
}

/// How a program answers when it is probed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Service {
    ready_at: Option<RunTime>,
    ill: Option<(RunTime, RunTime)>,
    silent_from: Option<RunTime>,
}

impl Service {
    fn new(behaves: bool, now: RunTime, rng: &mut Rng) -> Self {
        if behaves {
            return Self { ready_at: Some(now), ill: None, silent_from: None };
        }
        let ill_from = now + rng.tens(2, 25);
        Self {
            ready_at: rng.chance(88).then(|| now + rng.tens(0, 12)),
            ill: rng.chance(35).then(|| (ill_from, ill_from + rng.tens(1, 25))),
            silent_from: rng.chance(12).then(|| now + rng.tens(0, 25)),
        }
    }

    fn answers(&self, now: RunTime) -> bool {
        self.silent_from.is_none_or(|from| from > now)
    }

    fn state(&self, now: RunTime) -> Result<(), String> {
        let ill = self.ill.is_some_and(|(from, to)| from <= now && now < to);
        match self.ready_at {
            Some(at) if at <= now && !ill => Ok(()),
            Some(at) if at <= now => Err("status 503".to_owned()),
            Some(_) | None => Err("connection refused".to_owned()),
        }
    }
}

impl Run<'_> {
    pub fn perform(&mut self, effect: Effect) -> Result<(), String> {
        if let Effect::Start { job, .. } | Effect::RunStopCommand { job } | Effect::Terminate { job } | Effect::Kill { job } = &effect
            && self.stage.rng.chance(self.world.meddling)
        {
            let at = self.stage.now + self.stage.rng.tens(0, 4);
            self.stage.post(at, Message::Tell(Input::StopProcess { process: job.process }));
        }
        match effect {
            Effect::Start { .. } | Effect::Probe { .. } | Effect::AskHost { .. } if self.frozen => self.held.push(effect),
            Effect::Start { job, step, .. } => self.start(job, step)?,
            Effect::Decide { process } => {
                let holds = self.stage.rng.pick(&[Ok(true), Ok(true), Ok(true), Ok(false), Err("no such output".to_owned())]);
                let at = self.stage.now + self.stage.rng.tens(0, 3);
                let input = Input::Decided { process, holds };
                self.repeat(20, &input);
                self.stage.post(at, Message::Tell(input));
            }
            Effect::Probe { job, probe, .. } => self.probe(job, probe),
            Effect::EndProbe { job } => {
                self.held.retain(|held| !matches!(held, Effect::Probe { job: other, .. } if *other == job));
            }
            Effect::AskHost { job, ask, wants } => self.ask_host(job, ask, wants),
            Effect::ReleaseHost { ask } => {
                self.held.retain(|held| !matches!(held, Effect::AskHost { ask: other, .. } if *other == ask));
                self.release_host(ask);
            }
            Effect::Accept { .. }
            | Effect::RefuseOffer { .. }
            | Effect::Hand { .. }
            | Effect::EndOfQueue { .. }
            | Effect::CutProducers { .. }
            | Effect::Forget { .. } => return Err("there are no queues in this world".to_owned()),
            Effect::SectionGranted { section, .. } => self.client_granted(section),
            Effect::SectionRefused { section, .. } => self.client_refused(section)?,
            Effect::Suspend => self.frozen = true,
            Effect::Resume => {
                self.frozen = false;
                for effect in std::mem::take(&mut self.held) {
                    self.perform(effect)?;
                }
            }
            Effect::RunStopCommand { job } | Effect::Terminate { job } if self.withdraw(job, 15) => {}
            Effect::Kill { job } if self.withdraw(job, 9) => {}
            Effect::RunStopCommand { job } => self.run_stop_command(job),
            Effect::Terminate { job } => self.terminate(job),
            Effect::Kill { job } => self.kill(job),
        }
        Ok(())
    }

    /// A start that was held back is not performed any more.
    fn withdraw(&mut self, job: JobId, signal: i32) -> bool {
        let found = self.held.iter().position(|held| matches!(held, Effect::Start { job: other, .. } if *other == job));
        let Some(Effect::Start { job, step, .. }) = found.map(|place| self.held.remove(place)) else { return false };
        self.stage.post(self.stage.now, Message::Tell(Input::Ended { job, step, exit: Exit::Signal(signal) }));
        true
    }

    fn run_stop_command(&mut self, job: JobId) {
        let mut rng = self.stage.behaviour(job, 100);
        if rng.chance(75) {
            let at = self.stage.now + rng.tens(0, 8);
            self.stage.post(at, Message::Tell(Input::StopCommandEnded { job }));
            if rng.chance(30) {
                let again = at + rng.tens(0, 5);
                self.stage.post(again, Message::Tell(Input::StopCommandEnded { job }));
            }
        }
        if rng.chance(30) {
            self.end_by(job, rng.tens(0, 8), Exit::Code(0));
        }
    }

    fn terminate(&mut self, job: JobId) {
        let mut rng = self.stage.behaviour(job, 101);
        if rng.chance(20) {
            self.stage.post(self.stage.now + rng.tens(0, 2), Message::Tell(Input::SaysStopping { job }));
        }
        if self.programs.get(&job).is_some_and(|program| !program.deaf) {
            let exit = rng.pick(&[Exit::Signal(15), Exit::Signal(15), Exit::Code(0), Exit::Code(1)]);
            self.end_by(job, rng.tens(0, 6), exit);
        }
    }

    fn kill(&mut self, job: JobId) {
        let mut rng = self.stage.behaviour(job, 102);
        self.end_by(job, rng.tens(0, 1), Exit::Signal(9));
        if rng.chance(30) {
            let at = self.stage.now + rng.tens(0, 2);
            self.stage.post(at, Message::Tell(Input::StopCommandEnded { job }));
        }
    }

    /// Answers come soon, late, after they were given up, twice or never; some are nobody's.
    fn probe(&mut self, job: JobId, probe: u32) {
        let mut rng = self.stage.behaviour(job, 200 + u64::from(probe));
        let behaves = job.attempt >= BEHAVES_FROM;
        let after = if behaves || rng.chance(90) { rng.tens(0, 2) } else { rng.tens(2, 9) };
        let at = self.stage.now + if behaves { Duration::ZERO } else { after };
        if self.programs.get(&job).is_none_or(|program| program.service.answers(self.stage.now)) {
            self.stage.post(at, Message::Answer { job, probe });
        }
        if !behaves && rng.chance(4) {
            let other = JobId { attempt: (job.attempt + rng.below(3) as u32).saturating_sub(1), ..job };
            let number = rng.pick(&[None, Some(probe + 1), Some(probe.saturating_sub(1)), Some(u32::MAX), Some(probe)]);
            let result = rng.pick(&[Ok(()), Err("of another".to_owned())]);
            self.stage.post(at, Message::Tell(Input::Probed { job: other, probe: number, result }));
        }
    }

    /// What a program answers now.
    pub fn answer(&self, job: JobId) -> Result<(), String> {
        self.programs.get(&job).map_or_else(|| Err("connection refused".to_owned()), |program| program.service.state(self.stage.now))
    }

    fn start(&mut self, job: JobId, step: u32) -> Result<(), String> {
        let mut rng = self.stage.behaviour(job, u64::from(step));
        let control = &self.world.plan.processes[job.process].control;
        let behaves = control.daemon && job.attempt >= BEHAVES_FROM;
        let failing = if behaves { 0 } else { self.world.failing };
        let not_started = rng.chance(failing / 6);
        let exit = if not_started { Exit::NotStarted("no such file".to_owned()) } else { exit(control, failing, &mut rng) };
        let last = (step as usize) + 1 == control.steps.len();
        let steady = if control.restart == Default::default() { 85 } else { 40 };
        let for_ever = if control.daemon { last && (behaves || rng.chance(steady)) } else { rng.chance(3) };
        let lasts = rng.tens(0, if not_started { 1 } else { 12 });
        let ends = (not_started || !for_ever).then(|| self.stage.now + lasts);
        let told_after = if rng.chance(70) { Duration::ZERO } else { rng.tens(0, 2) };
        let deaf = rng.chance(self.world.deaf);
        let service = Service::new(behaves, self.stage.now, &mut rng);
        let program = Program { step, exit, deaf, told: false, turn: 0, ends, never_told_when_stopped: false, service };
        // A step before the last one may say the same; nobody is to listen.
        if (last || rng.chance(20)) && !not_started {
            self.announce(job, service, behaves, &mut rng);
        }
        if let Some(old) = self.programs.insert(job, program) {
            return Err(format!("{job:?} was started at step {step} while its step {} runs", old.step));
        }
        if !not_started {
            self.stage.post(self.stage.now + told_after, Message::Started { job, step });
        }
        self.plan_clients(job, step);
        if let Some(at) = ends {
            self.stage.post(at, Message::Ended { job, step, turn: 0 });
        }
        Ok(())
    }

    /// What a program will say of itself without being asked; also when nobody listens.
    fn announce(&mut self, job: JobId, service: Service, behaves: bool, rng: &mut Rng) {
        let polled = self.world.plan.processes[job.process].control.ready.is_none_or(|ready| ready.polled);
        if let Some(at) = service.ready_at
            && (!polled || rng.chance(3))
        {
            let input = Input::Probed { job, probe: None, result: Ok(()) };
            self.repeat(10, &input);
            self.stage.post(at, Message::Tell(input));
        }
        if behaves {
            return;
        }
        if !polled && rng.chance(15) {
            let result = Err("the line has not come yet".to_owned());
            self.stage.post(self.stage.now + rng.tens(0, 9), Message::Tell(Input::Probed { job, probe: None, result }));
        }
        if rng.chance(8) {
            let input = Input::SaysStopping { job };
            self.repeat(20, &input);
            self.stage.post(self.stage.now + rng.tens(0, 14), Message::Tell(input));
        }
    }

    /// A program ends after this, unless it ends by itself before.
    fn end_by(&mut self, job: JobId, after: Duration, exit: Exit) {
        let at = self.stage.now + after;
        let quiet = self.stage.rng.chance(30);
        let Some(program) = self.programs.get_mut(&job) else { return };
        if program.ends.is_some_and(|ends| ends <= at) {
            return;
        }
        program.turn += 1;
        program.ends = Some(at);
        if !matches!(program.exit, Exit::NotStarted(_)) {
            program.exit = exit;
        }
        program.never_told_when_stopped = quiet;
        let (step, turn) = (program.step, program.turn);
        self.stage.post(at, Message::Ended { job, step, turn });
    }
}

fn exit(control: &Control, failing: u64, rng: &mut Rng) -> Exit {
    if rng.chance(failing) {
        let failures = [Exit::Signal(11), Exit::Code(1), Exit::Code(3), Exit::Code(0)];
        let is_failure = |exit: &Exit| !matches!(exit, Exit::Code(code) if control.success_codes.contains(code));
        let failures: Vec<Exit> = failures.into_iter().filter(is_failure).collect();
        rng.pick(&failures)
    } else {
        Exit::Code(rng.pick(&control.success_codes))
    }
}
