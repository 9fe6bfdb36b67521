//! The terminal that lines of progress are drawn on, without errors.
//!
//! A terminal may go away while the run has to go on in good order (its processes must be stopped). The
//! progress library takes a failed write for the end of the program; so failures end here.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use console::Term;
use indicatif::TermLike;

/// Standard error as a screen.
///
/// The library ends each line by filling it with blanks up to the edge, where the next text wraps. A `^C`
/// that the terminal echoes there would wrap too, and the lines would be one too high ever after. So the
/// blanks are left out, and a line break stands in for them when more text follows.
#[derive(Clone, Debug)]
pub struct Screen {
    term: Term,
    /// A line was ended and nothing has followed yet.
    line_ended: Arc<AtomicBool>,
}

impl Screen {
    /// Of this program.
    pub fn stderr() -> Self {
        Self { term: Term::buffered_stderr(), line_ended: Arc::default() }
    }

    /// The cursor goes elsewhere: no line break is owed any more.
    fn leave_line(&self) -> &Term {
        self.line_ended.store(false, SeqCst);
        &self.term
    }
}

/// Whatever came of it.
fn whatever(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }
    fn height(&self) -> u16 {
        self.term.size().0
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        whatever(self.leave_line().move_cursor_up(n))
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        whatever(self.leave_line().move_cursor_down(n))
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        whatever(self.leave_line().move_cursor_right(n))
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        whatever(self.leave_line().move_cursor_left(n))
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        whatever(self.leave_line().write_line(line))
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let blank = text.bytes().all(|byte| byte == b' ');
        if self.line_ended.swap(blank, SeqCst) {
            whatever(self.term.write_str("\r\n"))?;
        }
        if blank { Ok(()) } else { whatever(self.term.write_str(text)) }
    }
    fn clear_line(&self) -> io::Result<()> {
        whatever(self.leave_line().clear_line())
    }
    fn flush(&self) -> io::Result<()> {
        whatever(self.leave_line().flush())
    }
}
