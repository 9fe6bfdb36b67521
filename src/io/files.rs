//! Opening files without ever waiting for somebody else.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Opens a file. A FIFO is refused: opening one waits for its other end, and the whole run with it.
///
/// # Errors
/// The system's error, or that it is a FIFO and what to do.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let fifo =
        || io::Error::other("it is a FIFO, whose opening would hold up the run; open it in the command, as a shell's `<` and `>` do");
    let file = match options.custom_flags(OFlag::O_NONBLOCK.bits()).open(path) {
        // Nobody reads from it.
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => return Err(fifo()),
        other => other?,
    };
    if file.metadata()?.file_type().is_fifo() {
        return Err(fifo());
    }
    // The flag was for the opening only; the child shall block as usual.
    let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?);
    fcntl(&file, FcntlArg::F_SETFL(flags & !OFlag::O_NONBLOCK))?;
    Ok(file)
}
