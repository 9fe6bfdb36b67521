//! A world that is played: programs that behave as they like, clients and people who interfere, on a virtual clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flowrun::base::ids::{DenseMap, JobId, OfferId, ProcessId, QueueId, TakerId};
use flowrun::sched::{Effect, Input};

use crate::clients::{Offering, Taker};
use crate::model::Model;
use crate::programs::Program;
use crate::roles::Role;
use crate::shared::stage::{Next, Stage};
use crate::shared::{Broken, Lived};
use crate::world::{Outside, World};

#[derive(Clone, Debug)]
pub enum Message {
    Tell(Input),
    Outside(Outside),
    Started {
        job: JobId,
        step: u32,
    },
    /// A program offers what it has next.
    Put {
        job: JobId,
    },
    /// A program goes on with what it took.
    Take {
        job: JobId,
    },
    Ended {
        job: JobId,
        turn: u64,
    },
    /// Somebody waits no longer for room.
    OfferOver {
        offer: OfferId,
    },
    /// Somebody waits no longer for items, or has gone.
    TakerOver {
        taker: TakerId,
    },
}

pub struct Run<'a> {
    pub world: &'a World,
    pub roles: DenseMap<ProcessId, Role>,
    pub stage: Stage<Message>,
    model: Model,
    pub programs: BTreeMap<JobId, Program>,
    pub offers: BTreeMap<OfferId, Offering>,
    pub takers: BTreeMap<TakerId, Taker>,
    pub ids: u64,
    pub finds: u32,
    impatient: bool,
}

impl<'a> Run<'a> {
    pub fn new(world: &'a World) -> Self {
        let plan = &world.plan;
        let mut run = Self {
            world,
            roles: plan.processes.ids().map(|id| Role::of(plan, id)).collect(),
            stage: Stage::new(world),
            model: Model::new(Arc::clone(plan)),
            programs: BTreeMap::new(),
            offers: BTreeMap::new(),
            takers: BTreeMap::new(),
            ids: 0,
            finds: world.finds,
            impatient: false,
        };
        for (at, outside) in &world.outside {
            run.post(*at, Message::Outside(outside.clone()));
        }
        run
    }

    /// Lets something happen after this.
    pub fn post(&mut self, after: Duration, message: Message) {
        self.stage.post(self.stage.now + after, message);
    }

    pub fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    pub fn play(mut self) -> Result<Lived, Broken> {
        match self.run() {
            Ok(()) => Ok(Lived { log: self.stage.log, met: self.model.met }),
            Err(rule) => Err(Broken { rule, log: self.stage.log }),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        self.step(Input::Begin)?;
        while self.stage.scheduler.summary().is_none() {
            self.stage.comes_to_an_end()?;
            match self.stage.next(self.world.lag) {
                Next::Message(message) => self.deliver(message)?,
                Next::Tick => self.step(Input::Tick)?,
                Next::Nothing => self.lose_patience()?,
            }
        }
        self.model.finished(self.stage.scheduler.summary(), !self.programs.is_empty())?;
        self.stage.is_silent([Input::CloseQueue { queue: QueueId(0) }, Input::Tick])
    }

    /// Nothing is going to happen by itself any more: right only where nothing but daemons is left.
    fn lose_patience(&mut self) -> Result<(), String> {
        let finite = self.world.plan.processes.iter().any(|process| !process.control.daemon);
        if self.impatient || finite {
            return Err(format!("the run is stuck: nothing will happen any more ({})", self.model.waiting()));
        }
        self.impatient = true;
        self.step(Input::Interrupt { signal: 2, at_once: false })
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Tell(input) => self.step(input),
            Message::Outside(outside) => self.people_do(outside),
            Message::Started { job, step } => match self.programs.get_mut(&job) {
                Some(program) if program.step == step && !program.told => {
                    program.told = true;
                    self.step(Input::Started { job, step, pid: Some(7) })
                }
                _ => Ok(()),
            },
            Message::Put { job } => self.put(job),
            Message::Take { job } => self.take(job),
            Message::Ended { job, turn } => self.ended(job, turn),
            Message::OfferOver { offer } => self.offer_over(offer),
            Message::TakerOver { taker } => self.taker_over(taker),
        }
    }

    pub fn step(&mut self, input: Input) -> Result<(), String> {
        if self.stage.scheduler.summary().is_some() {
            return Ok(());
        }
        self.model.before(self.stage.now, &input);
        let out = self.stage.tell(input);
        self.model.after(&out)?;
        for effect in out.effects {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Start { job, step, .. } => self.start(job, step)?,
            Effect::Accept { offer, count, .. } => self.accepted(offer, count),
            Effect::RefuseOffer { offer, .. } => self.refused(offer),
            Effect::Hand { taker, items } => self.handed(taker, items.iter().map(|delivery| delivery.item).collect()),
            Effect::EndOfQueue { taker } => self.end_of_queue(taker),
            Effect::CutProducers { queue } => self.cut_producers(queue),
            Effect::Forget { .. } => {}
            Effect::RunStopCommand { job } => {
                let after = self.stage.rng.tens(0, 3);
                self.post(after, Message::Tell(Input::StopCommandEnded { job }));
            }
            Effect::Terminate { job } => self.terminate(job),
            Effect::Kill { job } => self.kill(job),
            // What there is to be asked for is known to the model, which has seen it before.
            other => return Err(format!("nobody performs {other:?}")),
        }
        Ok(())
    }
}
