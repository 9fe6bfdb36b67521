//! `tcp`: a connection is accepted.
//!
//! All addresses of a host are tried in turn, so that a server that listens by IPv6 alone is found under
//! `localhost`. The connection is closed at once; servers see that as a client that has changed its mind.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::words;

/// Tries to connect.
pub fn check(host: Option<&str>, port: u16, timeout: Duration) -> Result<(), String> {
    let addresses = addresses(host, port).map_err(|error| format!("cannot look up the host: {}", words(&error)))?;
    let began = Instant::now();
    let mut first = None;
    for address in addresses {
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(()),
            // The first address is the one that people mean.
            Err(error) => first.get_or_insert(words(&error)),
        };
    }
    Err(first.unwrap_or_else(|| "the host has no address".to_owned()))
}

fn addresses(host: Option<&str>, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        None => Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]),
        Some(host) => match host.parse::<IpAddr>() {
            Ok(address) => Ok(vec![(address, port).into()]),
            Err(_) => (host, port).to_socket_addrs().map(Iterator::collect),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_port_that_listens_is_found_by_number_and_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [None, Some("127.0.0.1"), Some("localhost")] {
            assert_eq!(check(host, port, PATIENCE), Ok(()), "{host:?}");
        }
    }

    #[test]
    fn a_port_that_listens_by_ipv6_alone_is_found() {
        // Not every machine has it.
        let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
        let port = listener.local_addr().unwrap().port();
        assert_eq!(check(None, port, PATIENCE), Ok(()));
        assert_eq!(check(Some("::1"), port, PATIENCE), Ok(()));
    }

    #[test]
    fn what_does_not_listen_is_told() {
        // Bound and never listening: nobody else gets this port in between.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(check(Some("127.0.0.1"), port, PATIENCE), Err("connection refused".to_owned()));
        let unknown = check(Some("no-such-host.invalid"), 1, PATIENCE).unwrap_err();
        assert!(unknown.starts_with("cannot look up the host: "), "{unknown}");
    }
}
