//! What a producer of a bounded queue holds while it waits for room, and who could make room needs.
//!
//! Held are the locks and permits of the whole process, and those of a step that puts: of one that calls
//! `flowrun queue put`, as far as its text shows that, or of any whose output goes into the queue. As long as one
//! consumer needs nothing of them, it makes room, and nothing is reported.

use std::collections::BTreeMap;

use super::lifetime::Use;
use super::model::{Action, Queue, Resource, ResourceKind};
use super::pipes;
use super::queue_checks::Checked;
use super::queues::{Role, UsedBy};
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId, QueueId, ResourceId};

/// Reports the first such producer of each queue.
pub fn check(checked: &Checked<'_>, resources: &DenseMap<ResourceId, Resource>, uses: &[Use], diagnostics: &mut Vec<Diagnostic>) {
    let asked = pipes::by_process(uses);
    let locks = Locks { checked, resources, asked };
    for (id, queue) in checked.queues.entries().filter(|(_, queue)| queue.declared && queue.maxsize.is_some()) {
        diagnostics.extend(locks.stuck(id, queue));
    }
}

struct Locks<'l> {
    checked: &'l Checked<'l>,
    resources: &'l DenseMap<ResourceId, Resource>,
    asked: BTreeMap<ProcessId, Vec<&'l Use>>,
}

impl<'l> Locks<'l> {
    fn stuck(&self, id: QueueId, queue: &Queue) -> Option<Diagnostic> {
        let works = |one: &&UsedBy| self.checked.works(one.process);
        let (producers, consumers): (Vec<&UsedBy>, Vec<&UsedBy>) =
            self.checked.uses_of(id).filter(works).partition(|one| one.used.role.puts());
        for producer in producers {
            for held in self.held(producer) {
                let needs: Option<Vec<&Use>> = consumers.iter().map(|consumer| self.needs(consumer, producer, held, queue)).collect();
                if let Some([needed, ..]) = needs.as_deref() {
                    return Some(self.found(held, needed, queue));
                }
            }
        }
        None
    }

    fn asked(&self, process: ProcessId) -> &[&'l Use] {
        self.asked.get(&process).map_or(&[][..], Vec::as_slice)
    }

    /// The text of a step that runs a command.
    fn text(&self, process: ProcessId, step: usize) -> Option<&str> {
        match &self.checked.processes[process].work.steps.get(step)?.action {
            Action::Command { text, .. } => Some(text),
            Action::Task { .. } => None,
        }
    }

    /// What a producer holds while it puts.
    fn held(&self, producer: &UsedBy) -> impl Iterator<Item = &'l Use> {
        let (process, by_output) = (producer.process, producer.used.role == Role::Output);
        let puts = move |step| self.text(process, step).is_some_and(|text| by_output || text.contains("queue put"));
        self.asked(process).iter().copied().filter(move |one| one.step.is_none_or(puts))
    }

    /// What a consumer needs, to make room, of what a producer holds.
    fn needs(&self, consumer: &UsedBy, producer: &UsedBy, held: &Use, queue: &Queue) -> Option<&'l Use> {
        let process = consumer.process;
        let takes = |step: usize| step == 0 || self.text(process, step).is_some_and(|text| text.contains("queue get"));
        let needed = |one: &&&Use| match one.step {
            None => true,
            Some(step) => consumer.used.role == Role::ForEach || takes(step),
        };
        let same = |one: &&&Use| one.wanted.share.resource == held.wanted.share.resource && one.process != producer.process;
        let mut asked = self.asked(process).iter().filter(same).filter(needed);
        asked.find(|one| !self.fit(held, one, producer.process, queue)).copied()
    }

    /// Whether what copies of a producer can hold together leaves room for a request.
    fn fit(&self, held: &Use, needed: &Use, producer: ProcessId, queue: &Queue) -> bool {
        let (held, needed) = (held.wanted.share, needed.wanted.share);
        match self.resources[held.resource].kind {
            ResourceKind::Lock => held.shared && needed.shared,
            ResourceKind::Semaphore { permits } => {
                let name = self.checked.name(producer);
                let copies = queue.producers.iter().filter(|id| self.checked.name(**id) == name).count();
                let copies = u32::try_from(copies).unwrap_or(u32::MAX).min(permits / held.permits.max(1));
                permits - copies * held.permits >= needed.permits
            }
        }
    }

    fn found(&self, held: &Use, needed: &Use, queue: &Queue) -> Diagnostic {
        let Resource { name, kind, .. } = &self.resources[held.wanted.share.resource];
        let (producer, consumer) = (self.checked.name(held.process), self.checked.name(needed.process));
        let (kind, queue_name) = (kind.word(), &queue.name);
        let message = format!(
            "`{producer}` holds the {kind} `{name}` while it puts into `{queue_name}`, and `{consumer}` needs it to take from there"
        );
        let found = Diagnostic::error("queue-lock", held.wanted.place, message).main_label("held while the queue is full");
        let found = found.label(needed.wanted.place, "needed to make room").label(queue.place, "bounded by its `maxsize`");
        found.help(format!("let `{producer}` put without it, in a step of its own; or remove `maxsize` of `{queue_name}`"))
    }
}
