//! The terminal that lines of progress are drawn on, without errors.
//!
//! A terminal may go away while the run has to go on in good order (its processes must be stopped). The
//! progress library takes a failed write for the end of the program; so failures end here.

use std::fmt::Debug;
use std::io;

use console::Term;
use indicatif::TermLike;

/// Standard error as a screen.
#[derive(Clone, Debug)]
pub struct Screen(Term);

impl Screen {
    /// Of this program.
    pub fn stderr() -> Self {
        Self(Term::buffered_stderr())
    }
}

/// Whatever came of it.
fn whatever(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.0.size().1
    }
    fn height(&self) -> u16 {
        self.0.size().0
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        whatever(self.0.move_cursor_up(n))
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        whatever(self.0.move_cursor_down(n))
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        whatever(self.0.move_cursor_right(n))
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        whatever(self.0.move_cursor_left(n))
    }
    fn write_line(&self, line: &str) -> io::Result<()> {
        whatever(self.0.write_line(line))
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        whatever(self.0.write_str(text))
    }
    fn clear_line(&self) -> io::Result<()> {
        whatever(self.0.clear_line())
    }
    fn flush(&self) -> io::Result<()> {
        whatever(self.0.flush())
    }
}
