//! `http`: a server answers with a status that is right.
//!
//! Redirects are answers and not followed: what a server that asks people to log in elsewhere says of itself
//! is its redirect. A proxy of the environment is not used for this machine's own addresses. The body is not
//! read. The only file that names the client and its TLS.

use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use ureq::http::{Request, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::words;
use crate::base::duration::human;
use crate::plan::HttpProbe;

/// Asks.
pub fn check(probe: &HttpProbe, timeout: Duration) -> Result<(), String> {
    let uri: Uri = probe.url.parse().map_err(|error| format!("the URL cannot be read: {error}"))?;
    let agent = agent(probe, &uri, timeout);
    let mut request = Request::builder().method(probe.method).uri(uri);
    for (name, value) in &probe.headers {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(|error| format!("the request cannot be made: {error}"))?;
    let answer = agent.run(request).map_err(|error| reason(&error, timeout))?;
    let status = answer.status().as_u16();
    if probe.status.iter().any(|(first, last)| (*first..=*last).contains(&status)) {
        return Ok(());
    }
    Err(format!("status {status}, wanted {}", wanted(&probe.status)))
}

fn agent(probe: &HttpProbe, uri: &Uri, timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("flowrun/", env!("CARGO_PKG_VERSION")));
    let config = if is_own(uri.host().unwrap_or_default()) { config.proxy(None) } else { config };
    let config = if uri.scheme_str() == Some("https") { config.tls_config(tls(probe.insecure)) } else { config };
    config.build().new_agent()
}

fn tls(insecure: bool) -> TlsConfig {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).disable_verification(insecure).build()
}

/// Whether a host is this machine.
fn is_own(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let lower = bare.trim_end_matches('.').to_ascii_lowercase();
    lower == "localhost" || lower.ends_with(".localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn reason(error: &Error, timeout: Duration) -> String {
    match error {
        Error::Io(error) => words(error),
        Error::Timeout(_) => format!("no answer within {}", human(timeout)),
        Error::HostNotFound => "the host is not known".to_owned(),
        Error::ConnectionFailed => "the connection failed".to_owned(),
        Error::Protocol(_) | Error::Http(_) => format!("what answers does not speak HTTP: {error}"),
        other => other.to_string(),
    }
}

/// The statuses that are right, for people.
fn wanted(status: &[(u16, u16)]) -> String {
    let forms = status.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        99 => format!("{}xx", first / 100),
        _ => format!("{first} to {last}"),
    });
    forms.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread::{self, JoinHandle};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Reads the head of one request.
    fn head(stream: &mut impl Read) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// A server that gives each answer to one request; the heads of the requests come back.
    fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let served = thread::spawn(move || {
            let serve = |answer: &&str| {
                let (mut stream, _) = listener.accept().unwrap();
                let head = head(&mut stream);
                stream.write_all(answer.as_bytes()).unwrap();
                head
            };
            answers.iter().map(serve).collect()
        });
        (place, served)
    }

    fn probe(url: String) -> HttpProbe {
        HttpProbe { url, method: "GET", headers: Vec::new(), status: vec![(200, 399)], insecure: false }
    }

    #[test]
    fn the_status_decides_and_redirects_are_answers() {
        let (place, served) = server(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "HTTP/1.0 404 Not Found\r\n\r\nthe body is not read",
        ]);
        let url = format!("http://{place}/health?deep=1");
        assert_eq!(check(&probe(url.clone()), PATIENCE), Ok(()));
        assert_eq!(check(&probe(url.clone()), PATIENCE), Ok(()));
        assert_eq!(check(&probe(url.clone()), PATIENCE), Err("status 503, wanted 200 to 399".to_owned()));
        assert_eq!(check(&HttpProbe { status: vec![(200, 299), (404, 404)], ..probe(url) }, PATIENCE), Ok(()));
        let heads = served.join().unwrap();
        assert!(heads.iter().all(|head| head.starts_with("GET /health?deep=1 HTTP/1.1\r\n")), "{heads:?}");
        assert!(heads[0].to_lowercase().contains(&format!("host: {place}\r\n")), "{heads:?}");
    }

    #[test]
    fn method_and_headers_are_sent() {
        let (place, served) = server(&["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]);
        for method in ["POST", "HEAD"] {
            let headers = vec![("Authorization".to_owned(), "Bearer x".to_owned())];
            assert_eq!(check(&HttpProbe { method, headers, ..probe(format!("http://{place}/")) }, PATIENCE), Ok(()));
        }
        let heads = served.join().unwrap();
        assert!(heads[0].starts_with("POST / HTTP/1.1\r\n") && heads[1].starts_with("HEAD / HTTP/1.1\r\n"), "{heads:?}");
        assert!(heads.iter().all(|head| head.to_lowercase().contains("authorization: bearer x\r\n")), "{heads:?}");
    }

    #[test]
    fn trouble_is_told_in_a_few_words() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(check(&probe(format!("http://127.0.0.1:{port}/")), PATIENCE), Err("connection refused".to_owned()));
        let (place, _served) = server(&["SSH-2.0-OpenSSH_9.6\r\n\r\n"]);
        let answer = check(&probe(format!("http://{place}/")), PATIENCE).unwrap_err();
        assert!(answer.contains("HTTP"), "{answer}");
        // Listens and never answers.
        let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", deaf.local_addr().unwrap());
        assert_eq!(check(&probe(url), Duration::from_millis(10)), Err("no answer within 10 ms".to_owned()));
    }

    #[test]
    fn a_certificate_of_ones_own_is_refused_unless_it_is_not_checked() {
        let certificate = rustls::pki_types::CertificateDer::from(include_bytes!("testing/certificate.der").to_vec());
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(include_bytes!("testing/key.der").to_vec());
        tls(false);
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key.into()).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let served = thread::spawn(move || {
            for _ in 0..2 {
                let (stream, _) = listener.accept().unwrap();
                let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                head(&mut stream);
                // The client that checks is gone by now.
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        let refused = check(&probe(url.clone()), PATIENCE).unwrap_err();
        assert!(refused.contains("certificate"), "{refused}");
        assert_eq!(check(&HttpProbe { insecure: true, ..probe(url) }, PATIENCE), Ok(()));
        served.join().unwrap();
    }

    #[test]
    fn this_machine_is_asked_without_a_proxy() {
        for own in ["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_own(own), "{own}");
        }
        for other in ["localhost.example.org", "10.0.0.1", "[::2]", ""] {
            assert!(!is_own(other), "{other}");
        }
    }
}
