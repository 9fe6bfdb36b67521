//! `command`, `args` and `shell` become the words of a program.

use super::model::Action;
use super::resolve::Resolver;
use super::simple_command;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Spanned;
use crate::source::model::{Command, Shell};
use crate::source::read::{Field, List, Tmpl};

/// Shells that take `$0` before the arguments after `-c`.
const SH_LIKE: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"];

/// The action of a command.
pub fn action(
    command: &Spanned<Command>,
    args: &Field<List<Tmpl<String>>>,
    shell: &Field<Shell>,
    resolver: &mut Resolver<'_>,
) -> Option<Action> {
    let extra = resolver.list(args);
    match &command.value {
        Command::Argv(words) => {
            let before = resolver.diagnostics.len();
            let mut argv = resolver.texts(words);
            if resolver.diagnostics.len() > before {
                return None;
            }
            if argv.first().is_none_or(String::is_empty) {
                resolver.report(
                    Diagnostic::error("bad-value", command.span, "the program's name is empty").help("write `[program, argument, …]`"),
                );
                return None;
            }
            argv.extend(extra);
            let text = shell_words::join(&argv);
            Some(Action::Command { argv, direct: None, text })
        }
        Command::Shell(text) => {
            let script = resolver.scalar(&text.value, text.span)?;
            text_action(script, extra, args, shell, resolver)
        }
    }
}

fn text_action(
    script: String,
    extra: Vec<String>,
    args: &Field<List<Tmpl<String>>>,
    shell: &Field<Shell>,
    resolver: &mut Resolver<'_>,
) -> Option<Action> {
    let text = script.trim_end().to_owned();
    let words = shell_of(shell, resolver)?;
    let sh_like = words.first().is_some_and(|program| SH_LIKE.contains(&program.rsplit('/').next().unwrap_or(program)));
    let mut direct = if shell.is_set() { None } else { simple_command::direct(&script) };
    let mut argv = words;
    if extra.is_empty() {
        argv.push(script);
    } else if !sh_like {
        argv.push(script);
        argv.extend(extra);
    } else if simple_command::takes_args(&script) {
        let name = argv[0].clone();
        argv.extend([script, name]);
        argv.extend(extra);
    } else if simple_command::is_plain_words(&script) {
        argv.push(format!("{} {}", script.trim_end(), shell_words::join(&extra)));
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
