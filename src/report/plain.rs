//! Output line by line as it comes, each line with the name of its process: `name | text`.
//!
//! Knows output only; flowrun's own words are the voice's. Never a part of a line. Bytes are kept as
//! they are, except that a terminal gets nothing that would destroy the lines of others.

use super::clean::clean;
use super::paint::{Names, Paint};
use super::{Out, Reporter, RunView, Settings, Surface};
use crate::base::ids::ProcessId;
use crate::notice::{Event, Notice, Stream};
use crate::plan::Plan;

/// Lines with prefixes.
pub struct Plain {
    names: Names,
    settings: Settings,
    line: Vec<u8>,
}

impl Plain {
    /// For the processes of this plan.
    pub fn new(plan: &Plan, settings: Settings) -> Self {
        Self { names: Names::new(plan), settings, line: Vec::new() }
    }
    fn prefix(&self, view: &RunView, process: ProcessId, surface: Surface) -> String {
        let name = self.names.padded(view.plan(), process);
        Paint::new(surface.color).process(process, &format!("{name} |"))
    }
}

impl Reporter for Plain {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        let Event::Output { process, stream, lines } = &notice.event else { return };
        let surface = surface(&self.settings, *stream);
        let prefix = self.prefix(view, *process, surface);
        for line in split(lines) {
            self.line.clear();
            self.line.extend_from_slice(prefix.as_bytes());
            self.line.push(b' ');
            let before = self.line.len();
            push_shown(line, surface, &mut self.line);
            if self.line.len() == before {
                self.line.pop();
            }
            self.line.push(b'\n');
            out.write(*stream, &self.line);
        }
    }
}

/// What a stream is connected to.
pub fn surface(settings: &Settings, stream: Stream) -> Surface {
    match stream {
        Stream::Stdout => settings.stdout,
        Stream::Stderr => settings.stderr,
    }
}

/// Lines without their line breaks, `\r\n` being one too.
pub fn split(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// Appends a line as it may be shown there.
pub fn push_shown(line: &[u8], surface: Surface, into: &mut Vec<u8>) {
    if surface.terminal {
        clean(line, into);
    } else {
        into.extend_from_slice(line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TERMINAL, output, plan, told};
    use super::*;

    fn events() -> Vec<(u64, Event)> {
        vec![
            (0, output(0, Stream::Stdout, b"one\r\n\ntwo")),
            (0, output(1, Stream::Stderr, b"10 %\r\x1b[1m100 %\n")),
            (0, output(0, Stream::Stdout, b"\xff \x1b[2J\n")),
        ]
    }

    #[test]
    fn bytes_stay_as_they_are_in_a_pipe() {
        let written = told(plan(&["api", "db"]), Settings::default(), events());
        assert_eq!(written.stdout(), "api | one\napi |\napi | two\napi | \u{fffd} \u{1b}[2J\n");
        assert_eq!(written.stderr(), "db  | 10 %\r\u{1b}[1m100 %\n");
    }

    #[test]
    fn a_terminal_gets_colours_and_no_control_characters() {
        let settings = Settings { stdout: TERMINAL, stderr: TERMINAL, ..Settings::default() };
        let written = told(plan(&["api", "db"]), settings, events());
        let expected = "{c}api |{0} one\n{c}api |{0}\n{c}api |{0} two\n{g}db  |{0} {b}100 %{0}\n{c}api |{0} \u{fffd} \n";
        let codes = [("{c}", "\u{1b}[36m"), ("{g}", "\u{1b}[32m"), ("{b}", "\u{1b}[1m"), ("{0}", "\u{1b}[0m")];
        let expected = codes.iter().fold(expected.to_owned(), |text, (name, code)| text.replace(name, code));
        assert_eq!(written.both(), expected);
    }
}
