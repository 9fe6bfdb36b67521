//! The kernel's locks on files: gone with those who hold them, however they die.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// Locks a file if nobody else has it locked; not `alone`, together with others that do so.
///
/// # Errors
/// The system's error.
pub fn try_lock(file: File, alone: bool) -> io::Result<Option<Flock<File>>> {
    let how = if alone { FlockArg::LockExclusiveNonblock } else { FlockArg::LockSharedNonblock };
    match Flock::lock(file, how) {
        Ok(locked) => Ok(Some(locked)),
        // The two are one number on most systems.
        Err((_, error)) if error == Errno::EWOULDBLOCK || error == Errno::EAGAIN => Ok(None),
        Err((_, error)) => Err(error.into()),
    }
}
