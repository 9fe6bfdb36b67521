//! Programs as they are: they put and take as they like, fail, die in the midst of it, ignore signals.

use std::collections::VecDeque;
use std::time::Duration;

use flowrun::base::ids::{JobId, QueueId};
use flowrun::base::time::RunTime;
use flowrun::notice::Exit;
use flowrun::sched::Input;

use crate::intake::Intake;
use crate::roles::Taking;
use crate::shared::rng::Rng;
use crate::simulate::{Message, Run};

/// From this attempt on a program behaves: a world has to come to an end.
const BEHAVES_FROM: u32 = 40;

/// A step that runs.
#[derive(Debug)]
pub struct Program {
    pub step: u32,
    pub told: bool,
    exit: Exit,
    deaf: bool,
    /// News of its end that is of an older number is void.
    turn: u64,
    ends: Option<RunTime>,
    /// What it still has to put: one entry for each offer.
    pub puts: VecDeque<(QueueId, u32)>,
    /// Whether it waits until an offer was taken.
    pub offers: bool,
    pub takes: Option<Intake>,
    serves: bool,
}

impl Run<'_> {
    pub fn start(&mut self, job: JobId, step: u32) -> Result<(), String> {
        let mut rng = self.stage.behaviour(job, u64::from(step));
        let control = &self.world.plan.processes[job.process].control;
        let behaves = job.attempt >= BEHAVES_FROM;
        let failing = if behaves { 0 } else { self.world.failing };
        let last = step as usize + 1 == control.steps.len();
        let not_started = rng.chance(failing / 6);
        let bad = [Exit::Code(1), Exit::Signal(11)];
        let exit = match () {
            () if not_started => Exit::NotStarted("no such file".to_owned()),
            () if rng.chance(failing) => rng.pick(&bad),
            () => Exit::Code(0),
        };
        let serves = control.daemon && last;
        let program = Program {
            step,
            exit,
            deaf: rng.chance(self.world.deaf),
            told: false,
            turn: 0,
            ends: None,
            puts: VecDeque::new(),
            offers: false,
            takes: None,
            serves,
        };
        if let Some(old) = self.programs.insert(job, program) {
            return Err(format!("{job:?} was started at step {step} while its step {} runs", old.step));
        }
        if not_started {
            self.ends_after(job, Duration::ZERO);
            return Ok(());
        }
        let told_after = if rng.chance(70) { Duration::ZERO } else { rng.tens(0, 2) };
        self.post(told_after, Message::Started { job, step });
        self.take_part(job, last, &mut rng);
        if control.for_each.is_some() && !behaves && rng.chance(self.world.noise / 5) {
            self.post(rng.tens(0, 4), Message::Tell(Input::RestartProcess { process: job.process }));
        }
        if !behaves && rng.chance(self.world.dying) {
            self.ends_after(job, rng.tens(0, 15));
        }
        if self.roles[job.process].streams.is_some() && !behaves && rng.chance(self.world.noise / 2) {
            let why = "a line is too long".to_owned();
            self.post(rng.tens(0, 9), Message::Tell(Input::BadItem { job, why }));
        }
        self.finish(job);
        Ok(())
    }

    /// Gives a program what it will put and take.
    fn take_part(&mut self, job: JobId, last: bool, rng: &mut Rng) {
        let role = self.roles[job.process].clone();
        let worker = role.takes == Taking::Items;
        let mut puts = VecDeque::new();
        let mut takes = None;
        if worker || last {
            let derives = rng.chance(60).then(|| role.puts.first().copied()).flatten();
            takes = self.intake(&role, derives, rng);
            let by_item = worker || derives.is_some() && takes.is_some();
            for queue in role.puts.iter().filter(|_| !by_item || worker) {
                let ring = &self.world.plan.queues[*queue].fed;
                let most = if worker { 1 } else { 4 };
                for _ in 0..rng.below(most + 1) {
                    let count = 1 + rng.below(if worker { 2 } else { 4 }) as u32;
                    let found = if ring.contains(&job.process) { count.min(self.finds) } else { count };
                    self.finds -= if ring.contains(&job.process) { found } else { 0 };
                    if found > 0 {
                        puts.push_back((*queue, found));
                    }
                }
            }
        }
        let (puts_any, takes_any) = (!puts.is_empty(), takes.is_some());
        let Some(program) = self.programs.get_mut(&job) else { return };
        program.puts = puts;
        program.takes = takes;
        if puts_any {
            self.post(rng.tens(0, 3), Message::Put { job });
        }
        if takes_any {
            self.post(rng.tens(0, 3), Message::Take { job });
        }
    }

    /// A program offers its next portion.
    pub fn put(&mut self, job: JobId) -> Result<(), String> {
        let Some(program) = self.programs.get_mut(&job) else { return Ok(()) };
        if program.offers {
            return Ok(());
        }
        let Some((queue, count)) = program.puts.pop_front() else {
            self.goes_on(job);
            return Ok(());
        };
        program.offers = true;
        let streams = self.roles[job.process].streams == Some(queue);
        self.offer(queue, count, Some(job), streams)
    }

    /// What was offered is taken, or will not be: a program does what comes next.
    pub fn goes_on(&mut self, job: JobId) {
        let after = self.stage.rng.tens(0, 2);
        let Some(program) = self.programs.get_mut(&job) else { return };
        if !program.puts.is_empty() {
            self.post(after, Message::Put { job });
        } else if program.takes.as_ref().is_some_and(|intake| !intake.over && !intake.waits && intake.derives.is_some()) {
            self.post(after, Message::Take { job });
        } else {
            self.finish(job);
        }
    }

    /// A program that has nothing left to do ends by itself.
    pub fn finish(&mut self, job: JobId) {
        let Some(program) = self.programs.get(&job) else { return };
        let takes = program.takes.as_ref().is_some_and(|intake| !intake.over);
        let left = program.takes.as_ref().is_some_and(|intake| intake.left == 0 || intake.forgets || intake.lost_patience);
        if program.offers || !program.puts.is_empty() || takes || program.serves && !left {
            return;
        }
        let after = self.stage.rng.tens(0, 6);
        self.ends_after(job, after);
    }

    /// A program that writes to a closed pipe.
    pub fn breaks(&mut self, job: JobId) {
        if let Some(program) = self.programs.get_mut(&job) {
            program.exit = Exit::Signal(13);
            let after = self.stage.rng.tens(0, 2);
            self.ends_after(job, after);
        }
    }

    pub fn terminate(&mut self, job: JobId) {
        let mut rng = self.stage.behaviour(job, 101);
        if let Some(program) = self.programs.get_mut(&job)
            && !program.deaf
        {
            program.exit = rng.pick(&[Exit::Signal(15), Exit::Code(0), Exit::Code(1)]);
            self.ends_after(job, rng.tens(0, 5));
        }
    }

    pub fn kill(&mut self, job: JobId) {
        if let Some(program) = self.programs.get_mut(&job) {
            program.exit = Exit::Signal(9);
            self.ends_after(job, Duration::ZERO);
        }
    }

    /// A program ends after this, unless it ends before.
    fn ends_after(&mut self, job: JobId, after: Duration) {
        let at = self.stage.now + after;
        let Some(program) = self.programs.get_mut(&job) else { return };
        if program.ends.is_some_and(|ends| ends <= at) {
            return;
        }
        program.turn += 1;
        program.ends = Some(at);
        let turn = program.turn;
        self.post(after, Message::Ended { job, turn });
    }

    /// A program has ended: its clients go with it, before or after that is told.
    pub fn ended(&mut self, job: JobId, turn: u64) -> Result<(), String> {
        let Some(program) = self.programs.get(&job).filter(|program| program.turn == turn) else { return Ok(()) };
        let streams = program.takes.as_ref().is_some_and(|intake| intake.streams);
        let tell = !program.told && !matches!(program.exit, Exit::NotStarted(_)) && !matches!(program.exit, Exit::Signal(9 | 15));
        let step = program.step;
        if tell {
            self.step(Input::Started { job, step, pid: None })?;
        }
        // Standard input that was not read to its end is told before the end of its reader.
        let early = self.stage.rng.chance(50) || streams;
        if early {
            self.clients_go(job)?;
        }
        let Some(program) = self.programs.remove(&job) else { return Ok(()) };
        self.step(Input::Ended { job, step: program.step, exit: program.exit })?;
        if !early {
            self.clients_go(job)?;
        }
        let last = step as usize + 1 == self.world.plan.processes[job.process].control.steps.len();
        if last { self.noise_after(job) } else { Ok(()) }
    }
}
