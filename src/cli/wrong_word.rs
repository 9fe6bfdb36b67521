//! Help with a word that is neither a process nor a command: what the hands were used to write.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{CommandFactory as _, ValueEnum as _};

use super::args::Cli;
use super::load::Source;
use super::shown_args::StampArg;
use crate::base::diagnostic::Diagnostic;
use crate::base::suggest;
use crate::plan::{Plan, Process};

/// What other tools call it, and what flowrun does.
const ELSEWHERE: &[(&str, &str)] =
    &[("ls", "list"), ("up", "run"), ("start", "run"), ("down", "stop"), ("kill", "signal"), ("config", "check"), ("validate", "check")];

/// What to say below the refusal of names: help with the first that no process of the plan has; nothing if there is none.
pub fn help_for_names(plan: &Plan, names: &[String]) -> String {
    let wrong = names.iter().find(|name| plan.named(name).next().is_none());
    wrong.and_then(|word| help(word)).map_or_else(String::new, |help| format!("\n  {help}"))
}

/// Warnings of processes that cannot be named after `flowrun` alone, as the workflow is the one that is found without a name.
pub fn named_as_commands(source: &Source, plan: &Plan) -> Vec<Diagnostic> {
    let file = source.path.as_deref().and_then(Path::file_name);
    if !file.is_some_and(|name| name == "flowrun.yaml" || name == "flowrun.yml") {
        return Vec::new();
    }
    let program = Cli::command();
    let mut declared = BTreeSet::new();
    let named = plan.processes.iter().filter(|process| program.find_subcommand(&process.declared).is_some());
    let warning = |process: &Process| {
        let name = &process.declared;
        Diagnostic::warning("name-of-a-command", process.place, format!("process `{name}` has the name of a command"))
            .help(format!("`flowrun {name}` is that command; the process is run by `flowrun run {name}`"))
    };
    named.filter(|process| declared.insert(process.declared.clone())).map(warning).collect()
}

/// Help with a word that was taken for a process.
pub fn help(word: &str) -> Option<String> {
    if StampArg::from_str(word, false).is_ok() {
        return Some(format!("the time before each line is chosen by `--timestamps={word}`, with `=`"));
    }
    if let Some((name, _)) = word.split_once('=') {
        return (!name.is_empty()).then(|| format!("a variable is set by `--set {word}`"));
    }
    let elsewhere = ELSEWHERE.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| (*ours).to_owned());
    let near = || {
        let program = Cli::command();
        suggest::nearest(word, program.get_subcommands().map(clap::Command::get_name)).map(str::to_owned)
    };
    elsewhere.or_else(near).map(|command| format!("did you mean the command `flowrun {command}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_tools_and_slips_lead_to_commands() {
        let program = Cli::command();
        assert!(
            ELSEWHERE.iter().all(|(theirs, ours)| program.find_subcommand(ours).is_some() && program.find_subcommand(theirs).is_none())
        );
        let of = |word| help(word).unwrap_or_default();
        assert_eq!(of("ls"), "did you mean the command `flowrun list`?");
        assert_eq!(of("chekc"), "did you mean the command `flowrun check`?");
        assert_eq!(of("relative"), "the time before each line is chosen by `--timestamps=relative`, with `=`");
        assert_eq!(of("NAME=x"), "a variable is set by `--set NAME=x`");
        assert_eq!((of("banana"), of("=x")), (String::new(), String::new()));
    }
}
