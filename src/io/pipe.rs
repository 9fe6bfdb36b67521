//! Pipes of a chosen size.
//!
//! Only Linux lets the size be chosen. Elsewhere a pipe is as large as the system makes it (16 to 64 KiB), so that
//! a writer can be that much ahead of its reader, and [`is_drained`] says yes as soon as there is room.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The smallest size that every system allows: one page.
pub const SMALLEST: usize = 4096;
/// What is assumed where the size cannot be asked for.
#[cfg(not(target_os = "linux"))]
const USUAL: usize = 64 * 1024;

/// A pipe: its reading and its writing end. The size is a wish: a system, or a user who has many large pipes, may
/// get another.
///
/// # Errors
/// The system's error.
pub fn make(size: Option<usize>) -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    let (read, write) = (OwnedFd::from(read), OwnedFd::from(write));
    if let Some(size) = size {
        resize(&write, size);
    }
    Ok((read, write))
}

#[cfg(target_os = "linux")]
fn resize(end: &OwnedFd, size: usize) {
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    // Larger than this user may have: it stays as it was.
    let _ = nix::fcntl::fcntl(end, nix::fcntl::FcntlArg::F_SETPIPE_SZ(size));
}

#[cfg(not(target_os = "linux"))]
fn resize(_: &OwnedFd, _: usize) {}

/// The most bytes that can be in a pipe, unless somebody changes its size.
#[cfg(target_os = "linux")]
pub fn capacity(end: impl AsFd) -> usize {
    nix::fcntl::fcntl(end, nix::fcntl::FcntlArg::F_GETPIPE_SZ).ok().and_then(|size| usize::try_from(size).ok()).unwrap_or(SMALLEST)
}

/// The most bytes that can be in a pipe.
#[cfg(not(target_os = "linux"))]
pub fn capacity(_: impl AsFd) -> usize {
    USUAL
}

/// Whether a pipe of the smallest size is empty: its one page is free for the writer only when all of it was read.
pub fn is_drained(writing: impl AsFd) -> bool {
    let mut ask = [PollFd::new(writing.as_fd(), PollFlags::POLLOUT)];
    matches!(poll(&mut ask, PollTimeout::ZERO), Ok(1..))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Write};

    #[test]
    fn a_pipe_of_one_page_is_drained_only_when_all_of_it_was_read() {
        let (read, write) = make(Some(SMALLEST)).expect("a pipe");
        assert_eq!(capacity(&read), SMALLEST);
        let mut read = File::from(read);
        let write = File::from(write);
        assert!(is_drained(&write));
        (&write).write_all(b"abc").expect("there is room");
        assert!(!is_drained(&write));
        read.read_exact(&mut [0; 2]).expect("it is there");
        assert!(!is_drained(&write));
        read.read_exact(&mut [0; 1]).expect("it is there");
        assert!(is_drained(&write));
        drop(read);
        assert!(is_drained(&write), "what is written now meets an error, at once");
    }
}
