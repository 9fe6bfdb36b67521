//! Addresses at which a process of this machine listens.
//!
//! Always literal: nothing is looked up, so an address means the same wherever it is read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where a process listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port, at least 1, of one address of this machine or of all.
    Tcp(SocketAddr),
    /// A Unix stream socket at this path; absolute.
    Unix(PathBuf),
}

impl Address {
    /// Whether two sockets cannot have these addresses at the same time. All addresses of one family (`0.0.0.0`)
    /// take in each of them; whether `[::]` takes in those of IPv4 is the system's affair.
    pub fn clashes_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => one.port() == other.port() && overlap(one.ip(), other.ip()),
            (Self::Unix(one), Self::Unix(other)) => one == other,
            (Self::Tcp(_), Self::Unix(_)) | (Self::Unix(_), Self::Tcp(_)) => false,
        }
    }
}

fn overlap(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_ipv4() == other.is_ipv4() && (one.is_unspecified() || other.is_unspecified())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().map_or_else(|_| Address::Unix(text.into()), Address::Tcp)
    }

    #[test]
    fn what_cannot_be_had_twice_clashes() {
        for (one, other, clash) in [
            ("127.0.0.1:7000", "127.0.0.1:7000", true),
            ("127.0.0.1:7000", "127.0.0.1:7001", false),
            ("127.0.0.1:7000", "127.0.0.2:7000", false),
            ("0.0.0.0:7000", "127.0.0.1:7000", true),
            ("127.0.0.1:7000", "[::1]:7000", false),
            ("[::]:7000", "[::1]:7000", true),
            ("/run/a", "/run/a", true),
            ("/run/a", "/run/b", false),
            ("/run/a", "127.0.0.1:7000", false),
        ] {
            let (one, other) = (address(one), address(other));
            assert_eq!((one.clashes_with(&other), other.clashes_with(&one)), (clash, clash), "{one} {other}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["127.0.0.1:7000", "[::1]:7000", "/run/a.sock"] {
            assert_eq!(address(text).to_string(), text);
        }
    }
}
