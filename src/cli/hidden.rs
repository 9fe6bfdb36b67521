//! What is printed of a plan, without the values that `secrets` names.

use std::os::unix::ffi::OsStrExt;

use crate::base::secret::Secrets;
use crate::exec::environment::BaseEnvironment;
use crate::plan::Plan;

/// A text about a plan, also one in JSON, without its secrets.
pub fn hide(plan: &Plan, mut text: String) -> String {
    secrets(plan).hide_text(&mut text);
    text
}

/// What the plan and the environment tell of its secrets.
fn secrets(plan: &Plan) -> Secrets {
    let steps = || plan.processes.iter().flat_map(|process| &process.work.steps);
    if steps().all(|step| step.secrets.is_empty()) {
        return Secrets::default();
    }
    let environment = BaseEnvironment::new(std::env::vars_os(), &[], "", false);
    let mut secrets = Secrets::default();
    for (_, value) in steps().flat_map(|step| environment.secrets(step, false)) {
        secrets.add(value.as_bytes());
        let in_json = serde_json::to_string(&value.to_string_lossy()).unwrap_or_default();
        secrets.add(in_json.trim_matches('"').as_bytes());
    }
    secrets
}
