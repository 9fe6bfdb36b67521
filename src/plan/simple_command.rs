//! Which text commands need no shell.
//!
//! Starting a shell costs as much as the command itself. A text is run directly when a POSIX shell
//! would do nothing but split it at blanks: every character is in a safe set and the first word is
//! neither a builtin, a reserved word nor an assignment. The test errs on the side of the shell.

/// Reserved words of POSIX sh, its builtins, and those of bash, dash and ksh that others run as `sh`.
const SHELL_WORDS: &[&str] = &[
    "!",
    ".",
    ":",
    "[",
    "alias",
    "autoload",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "end",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "foreach",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "integer",
    "jobs",
    "kill",
    "let",
    "local",
    "local-options",
    "logout",
    "mapfile",
    "namespace",
    "newgrp",
    "nocorrect",
    "noglob",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "repeat",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "whence",
    "while",
];

/// Whether a shell would do no more than split the text at blanks.
pub fn is_plain_words(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',' | '-' | ' ' | '\t');
    let first = text.split_ascii_whitespace().next();
    text.chars().all(safe) && first.is_some_and(|first| !first.contains('='))
}

/// The words of a text that can be run without a shell.
pub fn direct(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> = text.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let first = words.first()?;
    (is_plain_words(text) && !SHELL_WORDS.contains(&first.as_str())).then_some(words)
}

/// Whether a text says itself where its arguments go: `$1`, `$@`, `$*`, `${1}` and the like.
pub fn takes_args(text: &str) -> bool {
    let bytes = text.as_bytes();
    let positional = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'1'..=b'9' | b'@' | b'*' | b'#'));
    bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b'$' && (positional(bytes.get(at + 1)) || (bytes.get(at + 1) == Some(&b'{') && positional(bytes.get(at + 2))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_is_skipped_only_where_it_does_nothing() {
        for text in ["make test", "/bin/true", "./a.sh --x=1 b@c:d", "a\tb", " cargo  build "] {
            assert!(direct(text).is_some(), "{text}");
        }
        for text in [
            "true", "echo hi", "A=1 env", "a | b", "a && b", "a > b", "a $X", "a `b`", "a 'b'", "a \"b\"", "a *", "a ?", "a [b]", "a ~",
            "~/x", "a {b,c}", "a # b", "a; b", "a &", "(a)", "a\nb", "a \\ b", "!a", "if a", "cd x", "exec a", "", "  ", ". x", "ä",
        ] {
            assert_eq!(direct(text), None, "{text}");
        }
    }

    #[test]
    fn positional_parameters_are_seen() {
        for text in ["echo \"$@\"", "echo $1", "f ${2:-x}", "echo $*", "test $# = 0"] {
            assert!(takes_args(text), "{text}");
        }
        for text in ["echo hi", "echo $HOME", "echo $", "echo ${x}", "echo $$", "echo $0"] {
            assert!(!takes_args(text), "{text}");
        }
    }
}
