//! What is printed of a plan, without the values that `secrets` names.

use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use crate::base::secret::Secrets;
use crate::exec::environment::BaseEnvironment;
use crate::plan::Plan;

/// A text about a plan without its secrets.
pub fn hide(plan: &Plan, mut text: String) -> String {
    secrets(plan).hide_text(&mut text);
    text
}

/// The same of the cells of a table.
pub fn hide_in_cells<'a>(plan: &Plan, cells: impl Iterator<Item = &'a mut String>) {
    let secrets = secrets(plan);
    cells.for_each(|cell| secrets.hide_text(cell));
}

/// Data about a plan without its secrets: only texts in it can have some, and only the values of keys are changed.
pub fn hide_in_data(plan: &Plan, data: &mut Value) {
    let secrets = secrets(plan);
    if !secrets.is_empty() {
        hide_texts(&secrets, data);
    }
}

fn hide_texts(secrets: &Secrets, data: &mut Value) {
    match data {
        Value::String(text) => secrets.hide_text(text),
        Value::Array(all) => all.iter_mut().for_each(|one| hide_texts(secrets, one)),
        Value::Object(all) => all.values_mut().for_each(|one| hide_texts(secrets, one)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
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
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_that_is_a_number_or_has_quotes_leaves_data_what_it_was() {
        let mut secrets = Secrets::default();
        for value in ["100", "true", "say \"x\"", "runs"] {
            assert!(secrets.add(value.as_bytes()));
        }
        let mut data = json!([{"line": 100, "shared": true, "runs": "echo 100 say \"x\"", "locks": [{"name": "true"}]}]);
        hide_texts(&secrets, &mut data);
        assert_eq!(data, json!([{"line": 100, "shared": true, "runs": "echo *** ***", "locks": [{"name": "***"}]}]));
    }
}
