//! Output held back until a process ends, then shown in one block.
//!
//! Blocks are never mixed. What is held back stays in memory up to a bound and goes on in an unnamed
//! temporary file. When that file can not be written (a full disk), the block is shown early, in parts,
//! rather than lost.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::time::Duration;

use super::ci::Block;
use super::paint::Paint;
use super::plain::{push_shown, split, surface};
use super::view::State;
use super::{Out, OutputMode, Reporter, RunView, Settings, voice};
use crate::base::ids::ProcessId;
use crate::notice::{CancelReason, Event, Notice, Outcome, OutcomeKind, Stream};

/// A process's output goes into a file beyond this.
const HELD: usize = 1 << 20;
/// Beyond this in all, each process's does that is worth a file.
const HELD_IN_ALL: usize = 64 << 20;
const WORTH_A_FILE: usize = 64 << 10;

/// Blocks.
pub struct Grouped {
    settings: Settings,
    held: BTreeMap<ProcessId, Held>,
    in_memory: usize,
    /// How many blocks were shown.
    shown: usize,
}

impl Grouped {
    /// With nothing held back.
    pub fn new(settings: Settings) -> Self {
        Self { settings, held: BTreeMap::new(), in_memory: 0, shown: 0 }
    }

    fn hold(&mut self, process: ProcessId, stream: Stream, lines: &[u8], view: &RunView, out: &mut Out) {
        let held = self.held.entry(process).or_default();
        let before = held.memory.len();
        held.push(out.moment(), stream, lines);
        self.in_memory += held.memory.len() - before;
        let size = held.memory.len();
        if size > HELD || (self.in_memory > HELD_IN_ALL && size > WORTH_A_FILE) {
            match held.spill() {
                Ok(()) => self.in_memory -= size,
                Err(error) => {
                    out.trouble(format!("cannot hold back output in a temporary file: {error}"));
                    self.show(process, &End::of("to be continued"), view, out);
                }
            }
        }
    }

    /// What a process that has not failed wrote is of no interest in this mode.
    fn forget(&mut self, process: ProcessId) {
        if let Some(held) = self.held.remove(&process) {
            self.in_memory -= held.memory.len();
        }
    }

    fn show(&mut self, process: ProcessId, end: &End<'_>, view: &RunView, out: &mut Out) {
        let Some(held) = self.held.remove(&process) else { return };
        self.in_memory -= held.memory.len();
        let paint = Paint::new(self.settings.stdout.color);
        let name = super::words::name(view.plan(), process);
        let host = self.settings.host;
        let (took, now) = (end.took.as_secs(), out.clock());
        let block = Block { process, number: self.shown, name: &name, end: end.text, failed: end.failed, now, took };
        self.shown += 1;
        match host {
            Some(host) => out.command(Stream::Stdout, &host.open(&block)),
            None => out.line(Stream::Stdout, &paint.process(process, &format!("┌── {name}"))),
        }
        let mut line = Vec::new();
        let shown = held.each(|moment, stream, lines| {
            // Logs are often made of the two streams apart: what belongs into a block must go where that is opened.
            let to = if self.settings.whole_blocks { Stream::Stdout } else { stream };
            for text in split(lines) {
                line.clear();
                push_shown(text, surface(&self.settings, to), &mut line);
                line.push(b'\n');
                out.write_of(moment, to, &line);
            }
        });
        if let Err(error) = shown {
            out.trouble(format!("cannot read held back output: {error}"));
        }
        match host {
            Some(host) => host.close(&block).into_iter().for_each(|line| out.command(Stream::Stdout, &line)),
            None => out.line(Stream::Stdout, &paint.process(process, &format!("└── {name} {}", end.text))),
        }
    }
}

/// What is known at the end of a block.
struct End<'a> {
    text: &'a str,
    failed: bool,
    took: Duration,
}

impl<'a> End<'a> {
    /// Only what happened.
    fn of(text: &'a str) -> Self {
        Self { text, failed: false, took: Duration::ZERO }
    }
}

/// Whether what a process wrote is shown in this mode once it has ended so.
fn is_wanted(mode: OutputMode, kind: OutcomeKind) -> bool {
    mode != OutputMode::Failures || kind == OutcomeKind::Failed
}

impl Reporter for Grouped {
    fn notice(&mut self, notice: &Notice, view: &RunView, out: &mut Out) {
        match &notice.event {
            Event::Output { process, stream, lines } => {
                self.hold(*process, *stream, lines, view, out);
                match view.state(*process) {
                    State::Ended(kind) if is_wanted(self.settings.mode, *kind) => {
                        self.show(*process, &End::of("wrote this after its end"), view, out);
                    }
                    State::Ended(_) => self.forget(*process),
                    _ => {}
                }
            }
            Event::Ended { process, outcome, .. } if !is_wanted(self.settings.mode, outcome.kind()) => self.forget(*process),
            Event::Ended { process, outcome, exit, started, .. } => {
                // What the run's timeout cut off is looked for like a failure.
                let cut_off = matches!(outcome, Outcome::Cancelled(CancelReason::RunTimeout));
                let failed = outcome.kind() == OutcomeKind::Failed || cut_off;
                let took = started.map(|started| notice.at.since(started));
                let text = voice::end(view.plan(), *process, outcome, exit.as_ref(), took);
                self.show(*process, &End { text: &text, failed, took: took.unwrap_or_default() }, view, out);
            }
            Event::RunEnded { .. } => {
                for process in self.held.keys().copied().collect::<Vec<_>>() {
                    self.show(process, &End::of("did not end"), view, out);
                }
            }
            _ => {}
        }
    }
}

/// What one process wrote: frames of a stream, a length and lines, first those in the file.
#[derive(Default)]
struct Held {
    memory: Vec<u8>,
    file: Option<File>,
    in_file: u64,
}

/// The moment, the stream and the length before the lines of a frame.
const HEAD: usize = 17;

impl Held {
    fn push(&mut self, moment: u64, stream: Stream, lines: &[u8]) {
        self.memory.extend_from_slice(&moment.to_le_bytes());
        self.memory.push(u8::from(stream == Stream::Stderr));
        self.memory.extend_from_slice(&(lines.len() as u64).to_le_bytes());
        self.memory.extend_from_slice(lines);
    }
    fn spill(&mut self) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        // What was in the file before counts, even when this writing stops half way.
        let written = file.write_all(&self.memory);
        self.file = Some(file);
        written?;
        self.in_file += self.memory.len() as u64;
        self.memory = Vec::new();
        Ok(())
    }
    fn each(self, mut show: impl FnMut(u64, Stream, &[u8])) -> io::Result<()> {
        let stored = match self.file {
            Some(mut file) => {
                file.rewind()?;
                frames(BufReader::new(file).take(self.in_file), &mut show)
            }
            None => Ok(()),
        };
        frames(&self.memory[..], &mut show)?;
        stored
    }
}

fn frames(mut from: impl Read, show: &mut impl FnMut(u64, Stream, &[u8])) -> io::Result<()> {
    let mut lines = Vec::new();
    loop {
        let mut head = [0; HEAD];
        match from.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            done => done?,
        }
        let (moment, rest) = head.split_at(size_of::<u64>());
        let (stream, length) = rest.split_at(1);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        lines.clear();
        from.by_ref().take(number(length)).read_to_end(&mut lines)?;
        show(number(moment), if stream == [0] { Stream::Stdout } else { Stream::Stderr }, &lines);
    }
}

#[cfg(test)]
mod tests {
    use super::super::OutputMode;
    use super::super::testing::{ended, failed, output, plan, told};
    use super::*;

    const SETTINGS: Settings = Settings {
        mode: OutputMode::Grouped,
        verbosity: 0,
        stdout: super::super::Surface { terminal: false, color: false },
        stderr: super::super::Surface { terminal: false, color: false },
        progress: false,
        heartbeat: None,
        stamp: None,
        whole_blocks: false,
        host: None,
    };

    #[test]
    fn each_process_has_one_block() {
        let events = vec![
            (0, output(0, Stream::Stdout, b"a1\n")),
            (0, output(1, Stream::Stdout, b"b1\n")),
            (0, output(0, Stream::Stderr, b"a2\n")),
            (1500, ended(1, Outcome::Success)),
            (2000, ended(0, failed(3))),
            (2001, output(0, Stream::Stdout, b"late\n")),
        ];
        let expected = "\
┌── b
b1
└── b succeeded in 1.50 s
┌── a
a1
a2
└── a failed: exit code 3
flowrun: a failed: exit code 3
┌── a
late
└── a wrote this after its end
";
        assert_eq!(told(plan(&["a", "b"]), SETTINGS, events).both(), expected);
    }

    #[test]
    fn what_the_timeout_of_the_run_cut_off_is_open_like_a_failure() {
        let events = |reason| vec![(0, output(0, Stream::Stdout, b"a1\n")), (9, ended(0, Outcome::Cancelled(reason)))];
        let gitlab = Settings { host: Some(super::super::ci::Host::GitLab), ..SETTINGS };
        for (reason, collapsed) in [(CancelReason::RunTimeout, false), (CancelReason::Interrupt, true)] {
            let text = told(plan(&["a"]), gitlab, events(reason)).stdout();
            assert_eq!(text.contains("collapsed"), collapsed, "{text}");
        }
    }

    #[test]
    fn what_is_too_much_for_memory_comes_back_from_the_file() {
        let line = [vec![b'x'; 9_999], b"\n".to_vec()].concat();
        let mut events: Vec<_> = (0..250).map(|_| (0, output(0, Stream::Stdout, &line))).collect();
        events.push((0, output(0, Stream::Stdout, b"last\n")));
        events.push((0, ended(0, Outcome::Success)));
        let text = told(plan(&["a"]), SETTINGS, events).stdout();
        assert_eq!(text.len(), "┌── a\n".len() + 250 * 10_000 + "last\n└── a succeeded in 0 ms\n".len());
        assert!(text.ends_with("x\nlast\n└── a succeeded in 0 ms\n"));
    }
}
