//! A second process that goes on when the terminal, the shell and this process are gone.
//!
//! A fork in a session of its own: no terminal, so no hang-up, and no job that a shell knows. It keeps one end of
//! a socket on which it says, once, how it began; the other end is this process's, which waits for that. Belongs
//! before the keeper, which is then part of what goes on. Decides nothing, and knows nothing of what is said.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use super::keeper::split;

/// What the calling process has become.
#[derive(Debug)]
pub enum Side {
    /// The one that was called, and that hears how the other begins.
    Above(Ear),
    /// The one that goes on.
    Below(Mouth),
}

/// Hears how the other process begins.
#[derive(Debug)]
pub struct Ear(UnixStream);

/// Says how this process begins.
#[derive(Debug)]
pub struct Mouth(UnixStream);

/// Divides this process. To be called by the only thread.
///
/// # Errors
/// The system's error; then there is one process still.
pub fn divide() -> io::Result<Side> {
    let (ear, mouth) = UnixStream::pair()?;
    match split()? {
        ForkResult::Parent { .. } => Ok(Side::Above(Ear(ear))),
        ForkResult::Child => {
            drop(ear);
            // Fails only for the leader of a group, which a fork is not.
            let _ = setsid();
            Ok(Side::Below(Mouth(mouth)))
        }
    }
}

impl Ear {
    /// Waits for the one line that the other says; none when it has ended without a word.
    ///
    /// # Errors
    /// The system's error.
    pub fn hear(self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let count = BufReader::new(self.0).read_line(&mut line)?;
        Ok((count > 0).then_some(line))
    }
}

impl Mouth {
    /// Says a line. Whoever has called may be gone, and then does not want to know.
    pub fn say(&self, line: &str) {
        let _ = (&self.0).write_all(format!("{line}\n").as_bytes());
    }
}

/// Gives this process an empty standard input, and a file for its two outputs.
///
/// # Errors
/// The system's error.
pub fn redirect(outputs: &File) -> io::Result<()> {
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(outputs)?;
    dup2_stderr(outputs)?;
    Ok(())
}
