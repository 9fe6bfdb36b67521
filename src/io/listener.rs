//! Sockets at which this program listens for its processes.
//!
//! The file of a Unix socket is private to this user and goes with its listener; one that a killed program
//! has left is taken away, which is told from a living one by connecting to it. What is there and is no socket
//! stays. Two programs that find the same dead socket in the same instant may both believe to have it.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::socket::connect_unix;
use crate::base::address::Address;

/// Connections that wait at most until they are taken; the system may allow fewer.
const BACKLOG: i32 = 4096;

/// A socket that listens, close-on-exec.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// Removed when this is dropped.
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection that was taken.
#[derive(Debug)]
pub struct Accepted {
    /// It; blocks, close-on-exec.
    pub socket: OwnedFd,
    /// The other end's address; `unix` for that of a Unix socket, which has none.
    pub peer: String,
}

impl Listener {
    /// Listens at an address.
    ///
    /// # Errors
    /// The system's error, or what is in the way at the path.
    pub fn bind(address: &Address) -> io::Result<Self> {
        let listener = match address {
            Address::Tcp(address) => Self { socket: Socket::Tcp(TcpListener::bind(address)?), _file: None },
            Address::Unix(path) => {
                let socket = bind_unix(path)?;
                let file = SocketFile::new(path)?;
                fs::set_permissions(path, Permissions::from_mode(0o600))?;
                Self { socket: Socket::Unix(socket), _file: Some(file) }
            }
        };
        rustix::net::listen(listener.fd(), BACKLOG)?;
        Ok(listener)
    }

    /// The socket, to be handed to a child.
    pub fn fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }

    /// For waiting.
    pub fn raw_fd(&self) -> RawFd {
        self.fd().as_raw_fd()
    }

    /// Makes [`accept`](Self::accept) return at once. Never for a socket that is handed over: the flag is
    /// everybody's.
    ///
    /// # Errors
    /// The system's error.
    pub fn set_nonblocking(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(socket) => socket.set_nonblocking(true),
            Socket::Unix(socket) => socket.set_nonblocking(true),
        }
    }

    /// Takes a connection that waits.
    ///
    /// # Errors
    /// The system's error; `WouldBlock` when none waits.
    pub fn accept(&self) -> io::Result<Accepted> {
        loop {
            let accepted = match &self.socket {
                Socket::Tcp(socket) => socket.accept().and_then(|(stream, peer)| {
                    stream.set_nonblocking(false)?;
                    Ok(Accepted { socket: stream.into(), peer: peer.to_string() })
                }),
                Socket::Unix(socket) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(false)?;
                    Ok(Accepted { socket: stream.into(), peer: "unix".to_owned() })
                }),
            };
            match accepted {
                // That client is gone; the next may not be.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                other => return other,
            }
        }
    }
}

/// The file of a Unix socket of one's own.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(&fs::symlink_metadata(path)?) })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have put another into its place.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if !fs::symlink_metadata(path)?.file_type().is_socket() {
                return Err(io::Error::other("what is there is no socket; remove it, or choose another path"));
            }
            match connect_unix(path) {
                Err(refused) if Errno::from_raw(refused.raw_os_error().unwrap_or(0)) == Errno::ECONNREFUSED => fs::remove_file(path)?,
                _ => return Err(error),
            }
            UnixListener::bind(path)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn unix(path: &Path) -> io::Result<Listener> {
        Listener::bind(&Address::Unix(path.to_owned()))
    }

    #[test]
    fn the_file_of_a_socket_is_private_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = unix(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn what_replaced_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = unix(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(listener);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_dead_socket_is_taken_away_and_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let listener = unix(&path).unwrap();
        assert_eq!(unix(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        listener.set_nonblocking().unwrap();
        // The question whether it lives was a connection too.
        while listener.accept().is_ok() {}
        let _client = UnixStream::connect(&path).unwrap();
        assert_eq!(listener.accept().unwrap().peer, "unix");
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn what_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("s"), folder.path().join("link"));
        fs::write(&path, "mine").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&path, &link, &folder.path().to_owned()] {
            assert!(unix(path).unwrap_err().to_string().starts_with("what is there is no socket"), "{}", path.display());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
