//! `flowrun tasks`: each built-in task with its arguments.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::args::TasksArgs;
use super::{Failure, Status, print};
use crate::base::suggest;
use crate::task::{self, Definition};

/// Prints all tasks, or one.
///
/// # Errors
/// There is no task of that name.
pub fn tasks(args: &TasksArgs) -> Result<Status, Failure> {
    let text: Vec<String> = match &args.task {
        None => task::TASKS.iter().map(describe).collect(),
        Some(name) => {
            let task = task::find(name).ok_or_else(|| {
                let near = suggest::did_you_mean(name, task::TASKS.iter().map(|task| task.name));
                let help = near.unwrap_or_else(|| "`flowrun tasks` lists them".to_owned());
                Failure::usage(format!("there is no built-in task `{name}`; {help}"))
            })?;
            vec![describe(task)]
        }
    };
    print::out(&(text.join("\n") + "\n"))?;
    Ok(Status::Success)
}

fn describe(task: &Definition) -> String {
    let mut text = format!("{}\n    {}\n", task.name, task.summary);
    let arguments = arguments(task);
    let width = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, description) in arguments {
        text.push_str(&format!("    {name:width$}  {description}\n"));
    }
    text.push_str("    example:\n");
    for line in task.example.lines() {
        text.push_str(&format!("        {line}\n"));
    }
    text
}

/// Names and descriptions, as the schema has them.
fn arguments(task: &Definition) -> Vec<(String, String)> {
    let mut generator = SchemaSettings::draft07().into_generator();
    let _ = (task.schema)(&mut generator);
    let mut arguments = Vec::new();
    for definition in generator.take_definitions(true).values() {
        let Some(Value::Object(properties)) = definition.get("properties") else { continue };
        for (name, property) in properties {
            let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
            arguments.push((name.clone(), description.replace('\n', " ")));
        }
    }
    arguments
}
