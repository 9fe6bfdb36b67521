//! `tcp`: an address of a TCP port.

use std::net::Ipv6Addr;

use schemars::{Schema, json_schema};

use crate::source::read::Scalar;

/// A TCP port of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `None`: this machine, by IPv4 or IPv6.
    pub host: Option<String>,
    /// At least 1.
    pub port: u16,
}

impl Scalar for Endpoint {
    const EXPECTED: &'static str = "`host:port` or a port number";
    fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = "write `host:port`, as in `localhost:5432` or `\"[::1]:5432\"`, or a port number from 1 to 65535";
        let wrong = || format!("`{text}` is not a TCP address; {FORMS}");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (Some(host), port),
            None => (None, text),
        };
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port > 0).ok_or_else(wrong)?;
        let host = match host {
            // An IPv6 address without brackets could as well end with the port.
            Some(host) if host.contains(':') => match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
                Some(host) if host.parse::<Ipv6Addr>().is_ok() => Some(host.to_owned()),
                _ => return Err(wrong()),
            },
            Some(host) if host.is_empty() || host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | '[' | ']' | '\0')) => {
                return Err(wrong());
            }
            Some(host) => Some(host.to_owned()),
            None => None,
        };
        Ok(Self { host, port })
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string", "pattern": "^(.+:)?[0-9]+$" }],
            "examples": ["localhost:5432", 8080]
        })
    }
}
