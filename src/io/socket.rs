//! Sockets that never make anybody wait.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

/// Connects to a Unix stream socket.
///
/// # Errors
/// The system's error; `WouldBlock` when the server's queue of connections is full.
pub fn connect_unix(path: &Path) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    connect(&socket, &address)?;
    Ok(socket)
}

/// Listens at a Unix stream socket that this user alone may connect to.
///
/// # Errors
/// The system's error; `InvalidInput` when the path is longer than addresses of sockets can be.
pub fn listen_unix(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes a connection that waits, if one of this user does; those of others are closed.
///
/// # Errors
/// The system's error; `WouldBlock` when none waits.
pub fn accept_own(listener: &UnixListener) -> io::Result<UnixStream> {
    loop {
        let (stream, _) = listener.accept()?;
        if is_own(&stream) {
            stream.set_nonblocking(true)?;
            return Ok(stream);
        }
    }
}

#[cfg(target_os = "linux")]
fn is_own(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid();
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == own || peer.uid.is_root())
}

/// Where the other end cannot be asked for, the permissions of the socket and of its folder see to it.
#[cfg(not(target_os = "linux"))]
fn is_own(_: &UnixStream) -> bool {
    true
}
