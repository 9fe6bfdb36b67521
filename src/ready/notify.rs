//! `notify`: what a process says of itself, in the way of sd_notify.
//!
//! A datagram socket for each attempt, in a folder that nobody else may enter; its path is the process's
//! `NOTIFY_SOCKET`. Descriptors that come with a message are not taken, which closes them: that is all that
//! `BARRIER=1` waits for. What is not known is passed over, as systemd does.

use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A longer message is passed over (bytes).
const MAX_MESSAGE: usize = 64 * 1024;
/// Messages that are taken at once, so that a flood holds up nobody else.
const PER_TURN: usize = 64;
/// The folder's own path should leave this much of a socket's path, which has about a hundred bytes.
const MAX_FOLDER: usize = 60;

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is ready.
    Ready,
    /// It is about to end.
    Stopping,
    /// It still works.
    Watchdog,
    /// How it is, in its own words.
    Status(String),
}

/// A folder for sockets; removed with all that is in it when it is dropped.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    next: u64,
}

impl Folder {
    /// Makes one where temporary files live.
    ///
    /// # Errors
    /// The system's error.
    pub fn new() -> io::Result<Self> {
        let usual = std::env::temp_dir();
        let parent = if usual.as_os_str().len() > MAX_FOLDER { Path::new("/tmp") } else { &usual };
        let folder = tempfile::Builder::new().prefix("flowrun-").permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
        Ok(Self { folder, next: 0 })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new socket in it.
    ///
    /// # Errors
    /// The system's error.
    pub fn socket(&mut self) -> io::Result<NotifySocket> {
        let path = self.folder.path().join(format!("notify-{}", self.next));
        self.next += 1;
        let socket = UnixDatagram::bind(&path)?;
        let socket = NotifySocket { socket, path };
        socket.socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

/// The socket of one attempt; its path goes when it is dropped.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl NotifySocket {
    /// For `NOTIFY_SOCKET`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For waiting; never blocks.
    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// What was said since the last call, in order, and whether there may be more.
    pub fn receive(&self) -> (Vec<Said>, bool) {
        let mut said = Vec::new();
        let mut buffer = vec![0; MAX_MESSAGE + 1];
        for _ in 0..PER_TURN {
            match self.socket.recv(&mut buffer) {
                Ok(length) if length <= MAX_MESSAGE => said.extend(parse(&buffer[..length])),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return (said, false),
            }
        }
        (said, true)
    }
}

impl Drop for NotifySocket {
    fn drop(&mut self) {
        // What cannot be removed now goes with the folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The lines of one message that mean something here.
fn parse(message: &[u8]) -> Vec<Said> {
    let lines = message.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| match line {
            b"READY=1" => Some(Said::Ready),
            b"STOPPING=1" => Some(Said::Stopping),
            b"WATCHDOG=1" => Some(Said::Watchdog),
            line => line.strip_prefix(b"STATUS=").map(|text| Said::Status(String::from_utf8_lossy(text).trim().to_owned())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_line_by_line_and_in_order() {
        let mut folder = Folder::new().unwrap();
        let socket = folder.socket().unwrap();
        assert_eq!(socket.receive(), (vec![], false));
        let client = UnixDatagram::unbound().unwrap();
        for message in ["STATUS=loading 3 of 5 \nMAINPID=1\nBARRIER=1", "READY=1\n", "READY=0", "WATCHDOG=1\nSTOPPING=1", ""] {
            client.send_to(message.as_bytes(), socket.path()).unwrap();
        }
        let said = vec![Said::Status("loading 3 of 5".to_owned()), Said::Ready, Said::Watchdog, Said::Stopping];
        assert_eq!(socket.receive(), (said, false));
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over() {
        let mut folder = Folder::new().unwrap();
        let socket = folder.socket().unwrap();
        let client = UnixDatagram::unbound().unwrap();
        client.send_to(&[b"READY=1\n".as_slice(), &[b'x'; MAX_MESSAGE]].concat(), socket.path()).unwrap();
        client.send_to(b"WATCHDOG=1", socket.path()).unwrap();
        assert_eq!(socket.receive().0, [Said::Watchdog]);
    }

    #[test]
    fn sockets_are_private_and_go_with_their_owner() {
        let mut folder = Folder::new().unwrap();
        assert_eq!(folder.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let (one, other) = (folder.socket().unwrap(), folder.socket().unwrap());
        assert_ne!(one.path(), other.path());
        let (path, place) = (one.path().to_owned(), folder.path().to_owned());
        drop(one);
        assert!(!path.exists() && other.path().exists());
        drop((folder, other));
        assert!(!place.exists());
    }
}
