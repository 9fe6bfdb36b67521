//! `listen`: the address at which flowrun listens for a process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::path::PathText;
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::read::{Field, Merge, Read, Reader, Scalar, Tmpl};
use crate::source::tree::NodeId;

/// A TCP address of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpAt(pub SocketAddr);

impl Scalar for TcpAt {
    const EXPECTED: &'static str = "an address of this machine such as `127.0.0.1:7000`";
    const HELP: Option<&'static str> = Some("write one address, as in `127.0.0.1:7000`, or a port alone");
    fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').map_or((None, text), |(host, port)| (Some(host), port));
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if digits && port.bytes().all(|b| b == b'0') {
            return Err(format!("`{text}` means another port each time, which no client could know; write a port from 1 to 65535"));
        }
        let Some(port) = port.parse::<u16>().ok().filter(|_| digits) else {
            return Err(format!(
                "`{text}` is no address to listen at; write `127.0.0.1:7000`, `\"[::1]:7000\"` or a port alone, from 1 to 65535"
            ));
        };
        let ip = match host {
            None | Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some("" | "*") => {
                return Err(format!(
                    "`{text}` does not say which address; write `0.0.0.0:{port}` to be reached from other machines, or `{port}` for this machine alone"
                ));
            }
            Some(host) => address(host).ok_or_else(|| {
                format!("`{host}` is no address of a machine, and names are not looked up here; write it as in `127.0.0.1:{port}` or `\"[::1]:{port}\"`, or `{port}` for this machine alone")
            })?,
        };
        Ok(Self(SocketAddr::new(ip, port)))
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string", "pattern": "^(.+:)?0*[1-9][0-9]*$" }],
            "examples": ["127.0.0.1:7000", 7000]
        })
    }
}

/// An address; that of IPv6 in brackets, without which it could as well end with the port.
fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// An address in short: TCP, or `unix:` and a path.
#[derive(Clone, Debug, PartialEq)]
pub enum ListenAt {
    /// A TCP address.
    Tcp(TcpAt),
    /// The path of a Unix socket.
    Unix(PathText),
}

impl Scalar for ListenAt {
    const EXPECTED: &'static str = "an address such as `127.0.0.1:7000` or `unix:run/my.sock`";
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return PathText::parse(path).map(Self::Unix);
        }
        if text.contains("://") {
            return Err(format!("`{text}` is a URL; write the address alone, as in `127.0.0.1:7000`"));
        }
        if text.contains('/') {
            return Err(format!("`{text}` is a path; write `unix:{text}` to listen at a Unix socket"));
        }
        TcpAt::parse(text).map(Self::Tcp)
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": "^(unix:.+|([^/]+:)?0*[1-9][0-9]*)$" }
            ],
            "examples": ["127.0.0.1:7000", "unix:run/my.sock"]
        })
    }
}

mapping! {
    /// Where flowrun listens for a process, and what becomes of connections.
    pub struct ListenSpec as "`listen`" {
        /// A TCP address of this machine; a port alone is one of `127.0.0.1`.
        tcp: Tmpl<TcpAt>,
        /// The path of a Unix socket, which this user alone may connect to.
        unix: Tmpl<PathText>,
        /// `true`: the command is started once for every connection, which is its standard input and output.
        accept: Tmpl<bool>,
        /// With `accept`: so many connections at once; further ones wait. Default 64.
        max: Tmpl<u32>,
    }
}

/// An address, or the full form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listen {
    /// The short form.
    pub at: Field<Tmpl<ListenAt>>,
    /// The long form.
    pub spec: ListenSpec,
}

impl Merge for Listen {
    /// An address of one's own replaces that of a template, in whatever form.
    fn merge(mut self, over: Self) -> Self {
        if over.at.is_given() || over.spec.tcp.is_given() || over.spec.unix.is_given() {
            self.at = Field::Absent;
            self.spec.tcp = Field::Absent;
            self.spec.unix = Field::Absent;
        }
        Self { at: self.at.merge(over.at), spec: self.spec.merge(over.spec) }
    }
}

impl Read for Listen {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.scalar(node).is_some() {
            let span = reader.document.span(node);
            let at = Field::Set(Spanned::new(Tmpl::read(node, reader)?, span));
            return Some(Self { at, spec: ListenSpec::default() });
        }
        ListenSpec::read(node, reader).map(|spec| Self { at: Field::Absent, spec })
    }
}

impl JsonSchema for Listen {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Listen".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = Tmpl::<ListenAt>::json_schema(generator);
        let spec = generator.subschema_for::<ListenSpec>();
        json_schema!({ "anyOf": [short, spec], "examples": ["127.0.0.1:7000", { "unix": "run/my.sock", "accept": true, "max": 20 }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, address) in [
            ("127.0.0.1:7000", "127.0.0.1:7000"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("localhost:80", "127.0.0.1:80"),
            ("7000", "127.0.0.1:7000"),
        ] {
            assert_eq!(ListenAt::parse(text), Ok(ListenAt::Tcp(TcpAt(address.parse().unwrap()))), "{text}");
        }
        assert_eq!(ListenAt::parse("unix:run/a b"), Ok(ListenAt::Unix(PathText("run/a b".to_owned()))));
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, told) in [
            ("0", "another port each time"),
            ("127.0.0.1:00", "another port each time"),
            ("65536", "no address"),
            ("127.0.0.1:", "no address"),
            ("127.0.0.1", "no address"),
            ("+1", "no address"),
            (":7000", "`0.0.0.0:7000`"),
            ("*:7000", "`0.0.0.0:7000`"),
            ("db:7000", "names are not looked up"),
            ("::1:7000", "names are not looked up"),
            ("[::1:7000", "names are not looked up"),
            ("run/a.sock", "write `unix:run/a.sock`"),
            ("http://127.0.0.1:80/", "a URL"),
            ("unix:", "the path is empty"),
        ] {
            let why = ListenAt::parse(text).unwrap_err();
            assert!(why.contains(told) && why.contains("; "), "{text}: {why}");
        }
    }
}
