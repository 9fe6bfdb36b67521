//! Completion of command lines: what a shell is given once, and what it is told each time it asks.
//!
//! The shell calls this program with a variable that names the shell, and with the words so far. Whatever goes
//! wrong then, nothing is said and nothing takes longer than a moment: somebody is typing. Which names there are
//! stands in [`super::candidates`].

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clap::{Arg, Args, Command, CommandFactory, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use clap_complete_nushell::Nushell;

use super::args::Cli;
use super::candidates::{Candidate, Line};
use super::typed::{self, Typed};
use super::{Failure, Status, print};
use crate::report::formats::Kind;

/// A shell whose command lines are completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// `source <(flowrun completions bash)` in ~/.bashrc
    Bash,
    /// `source <(flowrun completions zsh)` in ~/.zshrc, after compinit
    Zsh,
    /// `flowrun completions fish | source` in ~/.config/fish/config.fish
    Fish,
    /// `eval (flowrun completions elvish | slurp)` in ~/.config/elvish/rc.elv
    Elvish,
    /// `flowrun completions powershell | Out-String | Invoke-Expression` in $PROFILE
    #[value(alias = "pwsh")]
    Powershell,
    /// `flowrun completions nushell | save -f ~/flowrun.nu`, and `use ~/flowrun.nu *` in $nu.config-path
    Nushell,
}

/// `flowrun completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Set when a shell asks: its name.
const VARIABLE: &str = "_FLOWRUN_COMPLETE";
/// The word that bash completes, with its quotes.
const QUOTED: &str = "_FLOWRUN_QUOTED";
/// The words' index that is completed; without it the last. The scripts set it.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";
/// What parts offers for bash, which sets it.
const PARTED: &str = "_CLAP_IFS";
/// What is not known by then is not told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which names an argument takes.
type Names = fn(&Line) -> Vec<Candidate>;

/// Arguments that take names, apart from the words of `run`: of which subcommand (none for the program itself), which argument, which names.
const NAMES: &[(&[&str], &str, Names)] = &[
    (&[], "exit_code_from", Line::processes_of_file),
    (&["run"], "exit_code_from", Line::processes_of_file),
    (&["tasks"], "task", Line::tasks),
    (&["status"], "run", Line::runs),
    (&["attach"], "run", Line::runs),
    (&["logs"], "words", Line::run_or_process),
    (&["stop"], "words", Line::run_or_process),
    (&["restart"], "words", Line::run_or_process),
    (&["signal"], "words", Line::run_process_or_signal),
    (&["wait"], "words", Line::run_or_process),
    (&["queue", "put"], "queue", Line::queues),
    (&["queue", "put"], "run", Line::runs),
    (&["queue", "get"], "queue", Line::queues),
    (&["queue", "get"], "run", Line::runs),
    (&["queue", "done"], "queue", Line::queues),
    (&["queue", "done"], "run", Line::runs),
    (&["queue", "len"], "queue", Line::queues),
    (&["queue", "len"], "run", Line::runs),
    (&["queue", "close"], "queue", Line::queues),
    (&["queue", "close"], "run", Line::runs),
];

/// Arguments that take workflow files.
const FILES: &[(&[&str], &str)] = &[(&[], "file"), (&["run"], "file"), (&["check"], "files"), (&["list"], "file"), (&["graph"], "file")];

/// Prints what makes a shell complete.
///
/// # Errors
/// Standard output cannot be written to.
pub fn print(args: &CompletionsArgs) -> Result<Status, Failure> {
    let mut script = Vec::new();
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Elvish => &Elvish,
        Shell::Powershell => &Powershell,
        Shell::Nushell => {
            clap_complete::generate(Nushell, &mut Cli::command(), "flowrun", &mut script);
            print::out(&asking(&String::from_utf8_lossy(&script)))?;
            return Ok(Status::Success);
        }
    };
    let written = shell.write_registration(VARIABLE, "flowrun", "flowrun", "flowrun", &mut script);
    written.map_err(|error| Failure::system(format!("cannot write the script: {error}")))?;
    let script = String::from_utf8_lossy(&script);
    print::out(&match args.shell {
        // Within a quote, offers are inserted as they are.
        Shell::Bash => script.replace("    if compopt", &format!("    local -x {QUOTED}=\"${{COMP_WORDS[COMP_CWORD]}}\"\n    if compopt")),
        // What ends in `=` is not at its end.
        Shell::Zsh => script.replace(
            "[[ -n $other ]]",
            "local -a open=(${(M)other:#*=}); other=(${other:#*=})\n        [[ -n $open ]] && _describe 'values' open -S ''\n        [[ -n $other ]]",
        ),
        _ => script.into_owned(),
    })?;
    Ok(Status::Success)
}

/// The script for nushell, which by itself knows words of the program alone, made to ask for the others.
fn asking(script: &str) -> String {
    let ask = format!(
        "  def \"nu-complete flowrun\" [line: string] {{\n    with-env {{{VARIABLE}: nushell}} {{ ^flowrun -- $line }} | from json\n  }}\n"
    );
    let asks = |line: &str| {
        // Where two words may follow, the script knows one; and nushell offers files for words, but not for flags.
        let line = line.replacen(" words?:", " ...words:", 1);
        let line = if line.trim_start().starts_with("--") { line.replacen(": path ", ": string ", 1) } else { line };
        line.replacen(": string ", ": string@\"nu-complete flowrun\" ", 1) + "\n"
    };
    let (head, rest) = script.split_once('\n').unwrap_or((script, ""));
    format!("{head}\n\n{ask}{}", rest.lines().map(asks).collect::<String>())
}

/// Answers a shell, if one asks.
pub fn serve() -> Option<ExitCode> {
    let shell = std::env::var_os(VARIABLE)?.into_string().ok()?;
    std::panic::set_hook(Box::new(|_| {}));
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(answer(&shell)));
    if let Ok(Some(text)) = receiver.recv_timeout(PATIENCE) {
        // Nobody can be told that it cannot be written.
        let _ = print::out(&String::from_utf8_lossy(&text));
    }
    Some(ExitCode::SUCCESS)
}

fn answer(name: &str) -> Option<Vec<u8>> {
    let shells = Shells::builtins();
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let index = std::env::var(INDEX).ok().and_then(|index| index.parse().ok());
    let Typed { words, before } = typed::read(name, words, index);
    let index = words.len() - 1;
    let mut command = command(&words, index);
    if !matches!(name, "bash" | "nushell") {
        let mut answer = Vec::new();
        shells.completer(name)?.write_complete(&mut command, words, None, &mut answer).ok()?;
        return Some(answer);
    }
    let offers = clap_complete::engine::complete(&mut command, words, index, None).ok()?;
    if name == "nushell" {
        // It offers subcommands itself.
        let first = Cli::command();
        let known = |offer: &CompletionCandidate| index == 1 && first.find_subcommand(offer.get_value()).is_some();
        return Some(for_nushell(offers.iter().filter(|offer| !known(offer))));
    }
    let quoted = std::env::var(QUOTED).is_ok_and(|word| word.starts_with(['"', '\'']));
    let parted = std::env::var(PARTED).unwrap_or_else(|_| "\n".to_owned());
    let fitting = offers.iter().map(|offer| typed::for_bash(&offer.get_value().to_string_lossy(), &before, quoted));
    Some(fitting.collect::<Vec<_>>().join(&parted).into_bytes())
}

/// A list of records, as nushell wants it.
fn for_nushell<'a>(offers: impl Iterator<Item = &'a CompletionCandidate>) -> Vec<u8> {
    let quoted = |value: &str| if value.contains(char::is_whitespace) { format!("`{value}`") } else { value.to_owned() };
    let record = |offer: &CompletionCandidate| {
        let help = offer.get_help().map(|help| help.to_string().lines().next().unwrap_or_default().to_owned());
        serde_json::json!({"value": quoted(&offer.get_value().to_string_lossy()), "description": help})
    };
    serde_json::Value::from_iter(offers.map(record)).to_string().into_bytes()
}

/// The command line with what completes its arguments.
fn command(words: &[OsString], index: usize) -> Command {
    let line = Arc::new(line(&Cli::command(), &words[..index]));
    let mut command = Cli::command();
    for (of, argument) in FILES {
        command = with_completer(command, of, argument, ArgValueCompleter::new(workflows));
    }
    for of in [&[][..], &["run"]] {
        command = with_completer(command, of, "report", ArgValueCompleter::new(reports));
    }
    for (of, argument, names) in NAMES {
        let (line, names) = (Arc::clone(&line), *names);
        let known = move |current: &OsStr| matching(names(&line), current);
        command = with_completer(command, of, argument, ArgValueCompleter::new(known));
    }
    for of in [&[][..], &["run"]] {
        let line = Arc::clone(&line);
        let both = move |current: &OsStr| {
            let files = if line.names_file_next() { workflows(current) } else { Vec::new() };
            files.into_iter().chain(matching(line.processes_of_file(), current)).collect::<Vec<_>>()
        };
        command = with_completer(command, of, "words", ArgValueCompleter::new(both));
    }
    if words[index].is_empty() { without_flags(command) } else { command }
}

fn line(command: &Command, words: &[OsString]) -> Line {
    let mut words: Vec<String> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut command = command;
    while let Some(subcommand) = words.first().and_then(|first| command.find_subcommand(first)) {
        command = subcommand;
        words.remove(0);
    }
    let flags = command.get_arguments().filter(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set());
    let names = |arg: &Arg| [arg.get_short().map(|short| format!("-{short}")), arg.get_long().map(|long| format!("--{long}"))];
    let with_value = flags.flat_map(names).flatten().collect();
    Line::new(words, with_value)
}

fn with_completer(command: Command, of: &[&str], argument: &str, completer: ArgValueCompleter) -> Command {
    match of {
        // All are gone through: to take one out would change the order of words.
        [] => command.mut_args(|arg| if arg.get_id() == argument { arg.add(completer.clone()) } else { arg }),
        [name, rest @ ..] => command.mut_subcommand(name, |command| with_completer(command, rest, argument, completer)),
    }
}

/// Flags are told when somebody begins one, or when there is nothing else.
fn without_flags(command: Command) -> Command {
    let hide = |arg: Arg| if arg.is_positional() { arg } else { arg.hide(true) };
    command.disable_help_flag(true).disable_version_flag(true).mut_args(hide).mut_subcommands(without_flags)
}

fn matching(names: Vec<Candidate>, current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let fits = names.into_iter().filter(|candidate| candidate.name.starts_with(&*current));
    fits.map(|candidate| CompletionCandidate::new(candidate.name).help(candidate.about.map(Into::into))).collect()
}

/// Files that look like workflows, and folders on the way to some.
fn workflows(current: &OsStr) -> Vec<CompletionCandidate> {
    let yaml = |path: &std::path::Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") && path.is_file();
    PathCompleter::any().filter(yaml).complete(current)
}

/// Kinds of reports, and the files that they go into.
fn reports(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let Some((kind, file)) = current.split_once('=') else {
        let kinds = Kind::ALL.iter().map(|(kind, _)| Candidate::from(format!("{kind}=")));
        return matching(kinds.collect(), OsStr::new(&*current));
    };
    let files = PathCompleter::any().complete(OsStr::new(file));
    files.into_iter().map(|file| file.add_prefix(format!("{kind}="))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_arguments_that_are_there() {
        let words = ["flowrun", ""].map(OsString::from);
        command(&words, 1).debug_assert();
        let program = Cli::command();
        for (of, argument) in NAMES.iter().map(|(of, argument, _)| (*of, *argument)).chain(FILES.iter().copied()) {
            let command = of.iter().fold(&program, |command, name| command.find_subcommand(name).expect("a subcommand"));
            assert!(command.get_arguments().any(|arg| arg.get_id() == argument), "{of:?} {argument}");
        }
    }
}
