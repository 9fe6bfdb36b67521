//! Printing: a closed standard output ends the printing and is no mistake, a full disk is one.

use std::io::{self, ErrorKind, Write as _};

use super::Failure;
use crate::io::machine::reason;

/// Writes a text to standard output.
///
/// # Errors
/// It cannot be written, for another reason than that nobody reads it any more.
pub fn out(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Writes bytes to standard output.
///
/// # Errors
/// As [`out`] has them.
pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::system(format!("cannot write to standard output: {}", reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Writes a piece of something that goes on to standard output; whether more can be written.
pub fn piece(text: &str) -> bool {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_ok()
}

/// Writes a line about flowrun itself to standard error; whoever closed it does not want to know.
pub fn err(message: &str) {
    let _ = writeln!(io::stderr().lock(), "flowrun: {message}");
}
