//! `command`, `args` and `shell` become the words of a program.

use super::late::{Lates, Target};
use super::model::Action;
use super::resolve::{Resolver, Text};
use super::simple_command;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Spanned;
use crate::source::model::{Command, Shell};
use crate::source::read::{Field, List, Tmpl};

/// Shells that take `$0` before the arguments after `-c`.
const SH_LIKE: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"];

/// The action of a command; which of its words are late is added to `lates`.
pub fn action(
    command: &Spanned<Command>,
    args: &Field<List<Tmpl<String>>>,
    shell: &Field<Shell>,
    lates: &mut Lates,
    resolver: &mut Resolver<'_>,
) -> Option<Action> {
    let extra = resolver.late_list(args);
    match &command.value {
        Command::Argv(words) => {
            let before = resolver.diagnostics.len();
            let words = resolver.late_texts(words);
            if resolver.diagnostics.len() > before {
                return None;
            }
            if words.first().is_none_or(|word| word.now.is_empty()) {
                resolver.report(
                    Diagnostic::error("bad-value", command.span, "the program's name is empty").help("write `[program, argument, …]`"),
                );
                return None;
            }
            let mut argv = Vec::with_capacity(words.len() + extra.len());
            words.into_iter().chain(extra).for_each(|word| push(&mut argv, word, lates));
            let text = shell_words::join(&argv);
            Some(Action::Command { argv, direct: None, text })
        }
        Command::Shell(text) => {
            let script = resolver.text(&text.value, text.span)?;
            text_action(script, extra, args, shell, lates, resolver)
        }
    }
}

/// Adds a word, and remembers that it is late if it is.
fn push(argv: &mut Vec<String>, word: Text, lates: &mut Lates) {
    lates.set(Target::Word(argv.len()), word.late);
    argv.push(word.now);
}

fn text_action(
    script: Text,
    extra: Vec<Text>,
    args: &Field<List<Tmpl<String>>>,
    shell: &Field<Shell>,
    lates: &mut Lates,
    resolver: &mut Resolver<'_>,
) -> Option<Action> {
    let text = script.now.trim_end().to_owned();
    let words = shell_of(shell, resolver)?;
    let sh_like = words.first().is_some_and(|program| SH_LIKE.contains(&program.rsplit('/').next().unwrap_or(program)));
    // A late value may be anything to a shell.
    let known = script.late.is_none() && extra.iter().all(|word| word.late.is_none());
    let mut direct = if shell.is_set() || !known { None } else { simple_command::direct(&script.now) };
    let mut argv = words;
    if extra.is_empty() || !sh_like {
        push(&mut argv, script, lates);
        extra.into_iter().for_each(|word| push(&mut argv, word, lates));
    } else if simple_command::takes_args(&script.now) {
        let name = argv[0].clone();
        push(&mut argv, script, lates);
        argv.push(name);
        extra.into_iter().for_each(|word| push(&mut argv, word, lates));
    } else if simple_command::is_plain_words(&script.now) && !known {
        let name = argv[0].clone();
        argv.extend([format!("{} \"$@\"", script.now.trim_end()), name]);
        extra.into_iter().for_each(|word| push(&mut argv, word, lates));
    } else if simple_command::is_plain_words(&script.now) {
        let extra: Vec<String> = extra.into_iter().map(|word| word.now).collect();
        argv.push(format!("{} {}", script.now.trim_end(), shell_words::join(&extra)));
        if let Some(direct) = &mut direct {
            direct.extend(extra);
        }
    } else {
        resolver.report(
            Diagnostic::error("args-nowhere", args.span().unwrap_or_default(), "this command does not say where its arguments go")
                .help("write `\"$@\"` in the command where `args` belong, or make the command a list"),
        );
        return None;
    }
    Some(Action::Command { argv, direct, text })
}

/// The words of the shell; `sh -c` unless given. A single word gets `-c` (`-e` for node, perl and ruby).
fn shell_of(shell: &Field<Shell>, resolver: &mut Resolver<'_>) -> Option<Vec<String>> {
    let Some(shell) = shell.get() else { return Some(vec!["sh".to_owned(), "-c".to_owned()]) };
    let mut words = match &shell.value {
        Shell::Words(words) => resolver.texts(words),
        Shell::Text(text) => {
            let text = resolver.scalar(&text.value, text.span)?;
            match shell_words::split(&text) {
                Ok(words) => words,
                Err(_) => {
                    resolver.report(
                        Diagnostic::error("bad-value", shell.span, "a quote in this shell is never closed")
                            .help("write it as `bash -eu -c`"),
                    );
                    return None;
                }
            }
        }
    };
    match words.as_slice() {
        [] => {
            resolver.report(Diagnostic::error("bad-value", shell.span, "the shell is empty").help("write `bash -c`, or leave the key out"));
            return None;
        }
        [program] => {
            let name = program.rsplit('/').next().unwrap_or(program);
            let flag = if matches!(name, "node" | "perl" | "ruby") { "-e" } else { "-c" };
            words.push(flag.to_owned());
        }
        _ => {}
    }
    Some(words)
}
