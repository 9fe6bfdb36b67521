//! The values of the variables that `secrets` names: hidden in everything that leaves the runner.
//!
//! Known from the beginning as far as the plan and flowrun's own environment tell them, since any process may show
//! what only one declares; what an output of another process gives is known when the process starts that reads it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::runner::Runner;
use crate::base::ids::ProcessId;
use crate::base::secret::{SHORTEST, Secrets};
use crate::exec::environment::BaseEnvironment;
use crate::plan::{Plan, Step};

/// What is hidden, shared with those who read output.
pub type Hidden = Rc<RefCell<Secrets>>;

/// What a run hides.
#[derive(Default)]
pub struct RunSecrets {
    hidden: Hidden,
    /// Variables whose values are too short to be hidden, by process, which is still to be told.
    short: RefCell<BTreeSet<(ProcessId, String)>>,
    told: BTreeSet<(ProcessId, String)>,
}

impl RunSecrets {
    /// All that is known before anything runs.
    pub fn of(plan: &Plan, environment: &BaseEnvironment) -> Self {
        let secrets = Self::default();
        for (id, process) in plan.processes.entries() {
            process.work.steps.iter().for_each(|step| secrets.learn(id, step, environment, false));
        }
        secrets
    }

    /// For those who read output.
    pub fn hidden(&self) -> Hidden {
        Rc::clone(&self.hidden)
    }

    /// What is known of a step; `complete` when all its values are there.
    pub fn learn(&self, process: ProcessId, step: &Step, environment: &BaseEnvironment, complete: bool) {
        for (name, value) in environment.secrets(step, complete) {
            if !self.hidden.borrow_mut().add(value.as_bytes()) {
                self.short.borrow_mut().insert((process, name.to_owned()));
            }
        }
    }
}

impl Runner<'_> {
    /// Tells once what is not hidden although it should be.
    pub(super) fn tell_short_secrets(&mut self) {
        let short = std::mem::take(&mut *self.secrets.short.borrow_mut());
        for (process, name) in short {
            if self.secrets.told.insert((process, name.clone())) {
                self.warn(process, format!("the value of {name} is not masked: it is shorter than {SHORTEST} characters"));
            }
        }
    }
}
