//! `unix`: a connection to a Unix socket is accepted.
//!
//! The socket never blocks: a server whose queue of connections is full does not serve now, and the next
//! probe asks again.

use std::io::ErrorKind;
use std::path::Path;

use super::words;
use crate::io::socket;

/// Tries to connect.
pub fn check(path: &Path) -> Result<(), String> {
    socket::connect_unix(path).map(drop).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => "its queue of connections is full".to_owned(),
        ErrorKind::NotFound => "there is no socket yet".to_owned(),
        _ => words(&error),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn sockets_that_listen_are_found_and_others_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        assert_eq!(check(&path), Err("there is no socket yet".to_owned()));
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(check(&path), Ok(()));
        drop(listener);
        assert_eq!(check(&path), Err("connection refused".to_owned()));
        let long = folder.path().join("x".repeat(200));
        assert_eq!(check(&long), Err("file name too long".to_owned()));
    }

    #[test]
    fn a_server_that_takes_nobody_holds_up_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        let mut held = Vec::new();
        let full = (0..100_000).find_map(|_| match socket::connect_unix(&path) {
            Ok(connection) => {
                held.push(connection);
                None
            }
            Err(error) => Some(error.kind()),
        });
        // Where the descriptors run out first there is nothing to see.
        if full == Some(ErrorKind::WouldBlock) {
            assert_eq!(check(&path), Err("its queue of connections is full".to_owned()));
        }
    }
}
