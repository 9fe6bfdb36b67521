//! What is seen of conditions in passing, attempt by attempt.

use std::os::unix::net::UnixDatagram;

use super::*;
use crate::base::ids::Id;
use crate::plan::{self, NoHost, Options};
use crate::source;

fn job(attempt: u32) -> JobId {
    JobId { process: ProcessId::from_index(0), attempt }
}

/// The probes of one process with these keys, in its first attempt.
struct Bench {
    process: Process,
    poller: Poller,
    probes: Probes,
}

impl Bench {
    fn new(keys: &str) -> Self {
        let text = format!("processes: {{a: {{command: ls, {keys}}}}}");
        let outcome = plan::build(&source::parse(&text), &Options::in_folder("/"), &NoHost::default());
        let process = outcome.plan.unwrap().processes.iter().next().unwrap().clone();
        let mut bench = Self { process, poller: Poller::new().unwrap(), probes: Probes::new() };
        bench.begin(1);
        bench
    }

    fn begin(&mut self, attempt: u32) {
        self.probes.begin(job(attempt), &self.process, &[], &self.poller).unwrap();
    }

    fn hear(&mut self, stream: Stream, piece: &str) -> Option<Seen> {
        self.probes.hear(job(1).process, stream, piece.as_bytes(), true)
    }

    /// The value of a variable that its process finds.
    fn variable(&self, attempt: u32, name: &str) -> Option<OsString> {
        let mut env = vec![("NOTIFY_SOCKET".into(), "outer".into()), ("WATCHDOG_PID".into(), "1".into())];
        self.probes.add_environment(job(attempt), &mut env);
        let values: Vec<OsString> = env.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect();
        assert!(values.len() <= 1, "{values:?}");
        values.into_iter().next()
    }
}

#[test]
fn a_line_makes_ready_once_and_streams_are_not_mixed() {
    let mut bench = Bench::new("ready: {log: up now}");
    assert!(bench.probes.listens(job(1).process));
    assert_eq!(bench.hear(Stream::Stdout, "up "), None);
    assert_eq!(bench.hear(Stream::Stderr, "now\n"), None);
    assert_eq!(bench.hear(Stream::Stdout, "now"), Some(Seen::Ready(job(1))));
    assert_eq!(bench.hear(Stream::Stdout, "\nup now\n"), None);
    assert!(!bench.probes.listens(job(1).process));
    bench.begin(2);
    assert_eq!(bench.hear(Stream::Stdout, "up now\n"), Some(Seen::Ready(job(2))));
}

#[test]
fn lines_keep_a_process_alive_until_the_next_look() {
    let mut bench = Bench::new("live: {log: beat}");
    assert!(!bench.probes.take_alive(job(1)));
    assert_eq!(bench.hear(Stream::Stderr, "beat\nother\n"), None);
    assert!(!bench.probes.take_alive(job(2)));
    assert!(bench.probes.take_alive(job(1)) && !bench.probes.take_alive(job(1)));
    bench.hear(Stream::Stderr, "beat\n");
    bench.begin(2);
    assert!(!bench.probes.take_alive(job(2)), "what the attempt before said does not count");
}

#[test]
fn messages_are_heard_and_keep_alive() {
    let mut bench = Bench::new("ready: {notify: true}, live: {notify: true, interval: 2s}");
    let (key, path) = (*keys::PROBES.start(), bench.variable(1, "NOTIFY_SOCKET").unwrap());
    assert_eq!(bench.variable(1, "WATCHDOG_USEC"), Some("2000000".into()));
    assert_eq!(bench.variable(1, "WATCHDOG_PID"), None);
    assert_eq!(bench.variable(2, "NOTIFY_SOCKET"), Some("outer".into()));
    let client = UnixDatagram::unbound().unwrap();
    client.send_to(b"READY=1\nSTATUS=well\nWATCHDOG=1", &path).unwrap();
    assert!(bench.probes.receive().is_empty(), "the kernel has not told yet");
    assert!(bench.probes.mark_ready(key) && bench.probes.has_pending() && !bench.probes.mark_ready(0));
    assert_eq!(bench.probes.receive(), [Seen::Ready(job(1)), Seen::Status(job(1).process, "well".to_owned())]);
    assert!(!bench.probes.has_pending() && bench.probes.take_alive(job(1)));
    client.send_to(b"STOPPING=1", &path).unwrap();
    assert_eq!(bench.probes.receive_of(job(1).process), [Seen::Stopping(job(1))]);
    bench.begin(2);
    assert_ne!(bench.variable(2, "NOTIFY_SOCKET"), Some(path.clone()));
    assert!(client.send_to(b"READY=1", &path).is_err(), "nobody hears the attempt before");
    bench.probes.forget(job(2).process, &bench.poller);
    assert!(bench.probes.mark_ready(key), "a late event of its socket is nobody else's");
    assert!(!bench.probes.has_pending());
}

#[test]
fn a_flood_of_messages_is_taken_in_turns() {
    let mut bench = Bench::new("live: {notify: true}");
    let path = bench.variable(1, "NOTIFY_SOCKET").unwrap();
    let client = UnixDatagram::unbound().unwrap();
    client.set_nonblocking(true).unwrap();
    let mut sent = 0;
    // The system holds the sender back when a few are waiting.
    while sent < 1000 && client.send_to(b"STATUS=x", &path).is_ok() {
        sent += 1;
    }
    bench.probes.mark_ready(*keys::PROBES.start());
    let mut received = 0;
    while bench.probes.has_pending() {
        received += bench.probes.receive().len();
    }
    assert_eq!(received, sent);
}

#[test]
fn only_the_probe_that_is_under_way_is_answered() {
    let mut bench = Bench::new("ready: {tcp: 80}");
    assert!(bench.probes.set_under_way(job(1), UnderWay { probe: 3, child: None }));
    assert!(!bench.probes.set_under_way(job(2), UnderWay { probe: 0, child: None }));
    assert!(bench.probes.take_under_way_if(job(1), |under_way| under_way.probe == 2).is_none());
    assert!(bench.probes.take_under_way_if(job(1), |under_way| under_way.probe == 3).is_some());
    assert!(bench.probes.take_under_way(job(1)).is_none());
}
