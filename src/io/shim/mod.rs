//! The exec shim: this program again, which prepares itself as no parent can and becomes another program.
//!
//! A file mask, a controlling terminal and the terminal's foreground are set by a process for itself,
//! between fork and exec; so is `LISTEN_PID`, its own number, and a descriptor beyond the standard three. Code there costs every start the fast path of the standard library, and has to
//! be unsafe; so only those that need it take this way, which costs one exec more (about a millisecond).
//! Standard input of the shim is a socket: over it come the real standard input, a listening socket and, back, the reason why
//! the program was not started. It closes by itself at the exec, and so nothing that the program says or
//! does can be taken for "could not start". Knows nothing of workflows.

mod call;
mod serve;

pub use call::{Report, Shim};
pub use serve::serve;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The first word of a shim's command line; nobody calls a program by this name.
const MARK: &str = "(flowrun starts a program)";

/// What stands at the end of the word for a program that gets a socket.
const LISTENS: &str = ",listens";

/// What a program wants to be done before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preparation {
    /// The permissions that its new files do not get, 0 to 0o777.
    pub umask: Option<u32>,
    /// How it stands to a terminal.
    pub control: Control,
    /// It gets a socket that listens, as descriptor 3, and its own number in `LISTEN_PID`.
    pub listens: bool,
}

/// How a program stands to a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// As its parent does.
    #[default]
    Keep,
    /// In a session of its own, controlled by the terminal that its standard output is.
    Own,
    /// Its group is the foreground of the terminal that its standard input is.
    Foreground,
}

impl Preparation {
    /// Whether there is nothing to do, so that no shim is needed.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// One word for the command line.
    fn to_word(self) -> String {
        let control = match self.control {
            Control::Keep => "keep",
            Control::Own => "own",
            Control::Foreground => "foreground",
        };
        let umask = self.umask.map_or_else(String::new, |umask| format!(",{umask:o}"));
        let listens = if self.listens { LISTENS } else { "" };
        format!("{control}{umask}{listens}")
    }

    /// What a word says; none when it is not one of these.
    fn of_word(word: &OsStr) -> Option<Self> {
        let word = std::str::from_utf8(word.as_bytes()).ok()?;
        let (word, listens) = word.strip_suffix(LISTENS).map_or((word, false), |word| (word, true));
        let (control, umask) = word.split_once(',').map_or((word, None), |(control, umask)| (control, Some(umask)));
        let control = match control {
            "keep" => Control::Keep,
            "own" => Control::Own,
            "foreground" => Control::Foreground,
            _ => return None,
        };
        let umask = umask.map(|digits| u32::from_str_radix(digits, 8)).transpose().ok()?;
        Some(Self { umask, control, listens })
    }
}

/// What can fail in a shim; its number goes over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Exec = 0,
    Stdin = 1,
    Session = 2,
    Terminal = 3,
    Foreground = 4,
    Listener = 5,
}

impl Stage {
    fn of_number(number: u8) -> Option<Self> {
        [Self::Exec, Self::Stdin, Self::Session, Self::Terminal, Self::Foreground, Self::Listener]
            .into_iter()
            .find(|stage| *stage as u8 == number)
    }

    /// What could not be done, for people.
    fn words(self) -> &'static str {
        match self {
            Self::Exec => "cannot execute it",
            Self::Stdin => "cannot hand over its standard input",
            Self::Session => "cannot make a session for it",
            Self::Terminal => "cannot make its terminal the controlling one",
            Self::Foreground => "cannot give it the terminal",
            Self::Listener => "cannot hand over the socket at which it listens",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        for control in [Control::Keep, Control::Own, Control::Foreground] {
            for umask in [None, Some(0), Some(0o22), Some(0o777)] {
                for listens in [false, true] {
                    let one = Preparation { umask, control, listens };
                    assert_eq!(Preparation::of_word(OsStr::new(&one.to_word())), Some(one));
                }
            }
        }
        assert_eq!(Preparation::of_word(OsStr::new("keep,9")), None);
        assert_eq!(Preparation::of_word(OsStr::new("other")), None);
    }

    #[test]
    fn every_stage_has_its_number() {
        for number in 0..6 {
            assert_eq!(Stage::of_number(number).map(|stage| stage as u8), Some(number));
        }
        assert_eq!(Stage::of_number(6), None);
    }
}
