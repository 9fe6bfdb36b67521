//! Pseudo-terminals: a terminal for a program that nobody sits at, and the size that it tells.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use rustix::termios::{Winsize, tcgetwinsize, tcsetwinsize};

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At least 1.
    pub columns: u16,
    /// At least 1.
    pub rows: u16,
}

impl Size {
    /// What terminals have had since there were punched cards.
    const USUAL: Self = Self { columns: 80, rows: 24 };

    /// Of the terminal that this program writes to or reads from; without one what `COLUMNS` and `LINES`
    /// say, else 80 columns and 24 rows.
    pub fn of_this_program() -> Self {
        let known = [of(io::stdout()), of(io::stderr()), of(io::stdin())].into_iter().flatten().next();
        known.unwrap_or_else(|| {
            let number = |name: &str| std::env::var(name).ok()?.parse().ok().filter(|number| *number > 0);
            Self { columns: number("COLUMNS").unwrap_or(Self::USUAL.columns), rows: number("LINES").unwrap_or(Self::USUAL.rows) }
        })
    }
}

/// None when it is no terminal or does not know its size.
fn of(fd: impl AsFd) -> Option<Size> {
    let size = tcgetwinsize(fd).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { columns: size.ws_col, rows: size.ws_row })
}

/// A pseudo-terminal.
#[derive(Debug)]
pub struct Pty {
    /// The end that reads what programs write. It fails with EIO when nobody has the other end any more.
    pub master: OwnedFd,
    /// The end that is a program's terminal.
    pub slave: File,
}

/// Opens one of this size.
///
/// # Errors
/// The system's error.
pub fn open(size: Size) -> io::Result<Pty> {
    let pty = nix::pty::openpty(None, None)?;
    for fd in [&pty.master, &pty.slave] {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    resize(&pty.slave, size);
    Ok(Pty { master: pty.master, slave: File::from(pty.slave) })
}

/// Sets the size; the system tells the foreground of the terminal when it differs. No terminal is no error.
pub fn resize(terminal: impl AsFd, size: Size) {
    let _ = tcsetwinsize(terminal, Winsize { ws_col: size.columns, ws_row: size.rows, ws_xpixel: 0, ws_ypixel: 0 });
}
