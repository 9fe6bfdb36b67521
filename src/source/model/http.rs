//! `http`, `status`, `method` and `headers` of a condition.
//!
//! A URL is checked here as strictly as the client reads it, so that no run finds a mistake in it.

use std::net::Ipv6Addr;

use schemars::{Schema, json_schema};

use super::scalars::words;
use crate::source::read::{KeyRule, Scalar};

/// A URL with the scheme `http` or `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub String);

impl Scalar for Url {
    const EXPECTED: &'static str = "a URL such as `http://127.0.0.1:8080/health`";
    const HELP: Option<&'static str> = Some("write the whole URL in one text, as in `http: \"http://127.0.0.1:8080/health\"`");
    fn parse(text: &str) -> Result<Self, String> {
        refuse_url(text).map_or_else(|| Ok(Self(text.to_owned())), |why| Err(format!("`{text}` is not a URL: {why}")))
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string", "pattern": "^https?://[^/?#\\s]+(/[^#\\s]*)?$", "examples": ["http://127.0.0.1:8080/health"] })
    }
}

/// Why a text is not a URL, and the right form.
fn refuse_url(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| lower.starts_with(scheme).then(|| &text[scheme.len()..])) else {
        return Some(if text.contains("://") {
            "its scheme is neither `http` nor `https`; write `http://host:port/path`".to_owned()
        } else if text.starts_with('/') || text.is_empty() {
            "it has no host; write `http://127.0.0.1:8080/path`".to_owned()
        } else {
            format!("it has no scheme; write `http://{text}`")
        });
    };
    if let Some(odd) = rest.chars().find(|c| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(*c)) {
        return Some(format!("`{}` cannot stand in it; write it as `%` and two digits for each byte", odd.escape_default()));
    }
    if rest.contains('#') {
        return Some("a fragment is never sent; leave out what begins at `#`".to_owned());
    }
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    if authority.len() < rest.len() && rest[authority.len()..].starts_with('?') {
        return Some("a query follows a path; write `/?` instead of `?`".to_owned());
    }
    if authority.contains('@') {
        return Some("it names a user; write `headers: {Authorization: …}` instead".to_owned());
    }
    if !authority.starts_with('[') && authority.matches(':').count() > 1 {
        return Some("an IPv6 address stands in brackets; write it as in `http://[::1]:8080/`".to_owned());
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if host.parse::<Ipv6Addr>().is_ok() => ("[]", port.strip_prefix(':').or(port.is_empty().then_some("80"))),
        Some(_) => return Some("what stands in brackets is no IPv6 address; write it as in `http://[::1]:8080/`".to_owned()),
        None => authority.split_once(':').map_or((authority, Some("80")), |(host, port)| (host, Some(port))),
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() {
        return Some("it has no host; write `http://127.0.0.1:8080/path`".to_owned());
    }
    if host != "[]" && !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)) {
        return Some(format!("`{host}` is no name of a host; write `http://host:port/path`"));
    }
    (!port.is_some_and(is_port)).then(|| "its port is not a number from 1 to 65535; write `http://host:port/path`".to_owned())
}

/// A status, or all that begin with one digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusForm {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl Scalar for StatusForm {
    const EXPECTED: &'static str = "a status such as `200` or `2xx`";
    const HELP: Option<&'static str> = Some("write `200`, `2xx`, or a list such as `[200, 401]`");
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a status; write a number from 100 to 599, or a form such as `2xx`");
        if let Some(digit) = text.strip_suffix("xx").or(text.strip_suffix("XX")) {
            let first = digit.parse().ok().filter(|digit| (1..=5).contains(digit)).map(|digit: u16| digit * 100).ok_or_else(wrong)?;
            return Ok(Self { first, last: first + 99 });
        }
        let status = text.parse().ok().filter(|status| text.len() == 3 && (100..=599).contains(status)).ok_or_else(wrong)?;
        Ok(Self { first: status, last: status })
    }
    fn schema() -> Schema {
        json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^[1-5](xx|XX|[0-9][0-9])$" }],
            "examples": [200, "2xx"]
        })
    }
}

words! {
    /// What is asked of the server.
    HttpMethod as "a method" {
        /// The contents.
        #[default]
        Get = "GET",
        /// The answer without the contents.
        Head = "HEAD",
        /// Something is sent.
        Post = "POST",
        /// Something is stored.
        Put = "PUT",
        /// Something is changed.
        Patch = "PATCH",
        /// Something is removed.
        Delete = "DELETE",
        /// What the server can do.
        Options = "OPTIONS",
    }
}

/// The rule for names of headers.
#[derive(Clone, Copy, Debug)]
pub struct HeaderName;

impl KeyRule for HeaderName {
    const PATTERN: &'static str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
    const FORM: &'static str = "write `{Authorization: …}`, or one `name: value` in each line";
    fn refuse(key: &str) -> Option<String> {
        let right = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let wrong = key.is_empty() || !key.bytes().all(right);
        wrong.then(|| format!("`{key}` is not the name of a header; it has letters, digits and `-` only, as in `Content-Type`"))
    }
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderValue(pub String);

impl Scalar for HeaderValue {
    const EXPECTED: &'static str = "the value of a header";
    fn parse(text: &str) -> Result<Self, String> {
        let right = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t');
        if right {
            Ok(Self(text.to_owned()))
        } else {
            Err("a header's value is one line of ASCII; remove line breaks and other characters".to_owned())
        }
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_the_client_reads_them() {
        for text in [
            "http://localhost",
            "HTTP://Localhost:1/",
            "https://[::1]:8443/a/b?c=d&e=%20",
            "http://127.0.0.1:65535/~x/'(a)*,;:@$!",
            "http://a-b.example./",
            "http://a_b/",
        ] {
            assert_eq!(Url::parse(text), Ok(Url(text.to_owned())));
            let read: ureq::http::Uri = text.parse().unwrap();
            assert!(read.host().is_some() && read.scheme().is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_told_with_the_right_form() {
        for (text, says) in [
            ("localhost:8080/health", "no scheme; write `http://localhost:8080/health`"),
            ("ftp://a/", "neither `http` nor `https`"),
            ("/health", "no host"),
            ("", "no host"),
            ("http://", "no host"),
            ("http://:80/", "no host"),
            ("http://a b/", "cannot stand in it"),
            ("http://a/ä", "cannot stand in it"),
            ("http://a/#b", "fragment"),
            ("http://a?b", "`/?`"),
            ("http://me:secret@a/", "Authorization"),
            ("http://a:0/", "65535"),
            ("http://a:99999/", "65535"),
            ("http://a:x/", "65535"),
            ("http://a:/", "65535"),
            ("http://::1/", "brackets"),
            ("http://[::1/", "no name of a host"),
            ("http://[::g]/", "no IPv6 address"),
            ("http://[::1]8080/", "65535"),
        ] {
            let error = Url::parse(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn statuses_are_numbers_or_hundreds() {
        assert_eq!(StatusForm::parse("204"), Ok(StatusForm { first: 204, last: 204 }));
        assert_eq!(StatusForm::parse("2xx"), Ok(StatusForm { first: 200, last: 299 }));
        for text in ["2", "2x", "6xx", "99", "0200", "+20", "xx", "600", ""] {
            assert!(StatusForm::parse(text).is_err(), "{text}");
        }
    }
}
