//! The dry run: every job succeeds at once, nothing is started, nothing goes through queues.
//!
//! It asks the same core as a real run, so that what it prints is the order in which things would start.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::ids::{JobId, QueueId};
use crate::base::time::RunTime;
use crate::notice::{Event, Exit, Notice, Share};
use crate::plan::{Plan, ResourceKind};
use crate::sched::{Effect, Input, Outbox, Scheduler, Settings};

/// One start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DryStart {
    /// Which attempt of which process.
    pub job: JobId,
    /// Which step.
    pub step: u32,
    /// How many rounds of ends had to come before: what has the same number can start at once.
    pub round: usize,
    /// The queue for each of whose items it starts; here it waits, as there are no items.
    pub for_each: Option<QueueId>,
}

/// All starts in order. Daemons never end by themselves; they are stopped when the work has ended.
pub fn starts(plan: Arc<Plan>) -> Vec<DryStart> {
    let mut core = Scheduler::new(Arc::clone(&plan), Settings::default());
    let mut starts = Vec::new();
    let mut round = 0;
    let mut now = vec![Input::Begin];
    while !now.is_empty() && core.summary().is_none() {
        let mut next = Vec::new();
        let mut inputs = VecDeque::from(std::mem::take(&mut now));
        while let Some(input) = inputs.pop_front() {
            let mut out = Outbox::default();
            core.step(RunTime::ZERO, input, &mut out);
            let waits = |notice: &Notice| match notice.event {
                Event::WaitsForItem { job, queue } => Some(DryStart { job, step: 0, round, for_each: Some(queue) }),
                _ => None,
            };
            starts.extend(out.notices.iter().filter_map(waits));
            for effect in out.effects {
                match effect {
                    Effect::Start { job, step, .. } => {
                        starts.push(DryStart { job, step, round, for_each: None });
                        inputs.push_back(Input::Started { job, step, pid: None });
                        if plan.processes[job.process].control.ready.is_some() {
                            inputs.push_back(Input::Probed { job, probe: None, result: Ok(()) });
                        }
                        if !plan.processes[job.process].control.daemon {
                            let code = plan.processes[job.process].control.success_codes.first().copied().unwrap_or(0);
                            next.push(Input::Ended { job, step, exit: Exit::Code(code) });
                        }
                    }
                    Effect::Decide { process } => inputs.push_back(Input::Decided { process, holds: Ok(true) }),
                    Effect::Probe { .. } | Effect::EndProbe { .. } | Effect::Suspend | Effect::Resume => {}
                    Effect::AskHost { ask, wants, .. } => {
                        let numbers = |share: &Share| (share.resource, (0..share.permits).collect());
                        let of_semaphore = |share: &&Share| plan.resources[share.resource].kind != ResourceKind::Lock;
                        let permits = wants.iter().filter(of_semaphore).map(numbers).collect();
                        inputs.push_back(Input::HostGranted { ask, permits });
                    }
                    Effect::ReleaseHost { .. }
                    | Effect::Accept { .. }
                    | Effect::RefuseOffer { .. }
                    | Effect::Hand { .. }
                    | Effect::EndOfQueue { .. }
                    | Effect::CutProducers { .. }
                    | Effect::Forget { .. } => {}
                    Effect::RunStopCommand { job } => inputs.push_back(Input::StopCommandEnded { job }),
                    // Nobody asks for sections.
                    Effect::Terminate { .. } | Effect::Kill { .. } | Effect::SectionGranted { .. } | Effect::SectionRefused { .. } => {}
                }
            }
        }
        round += 1;
        now = next;
    }
    starts
}
