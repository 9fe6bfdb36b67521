//! `wait`: waits for a TCP port, a file, a process of the workflow or a process of the system.
//!
//! Asks again and again instead of being told: a port cannot tell, and one way for all four is small.
//! What blocks is bounded so that a cancel is noticed soon: a connection attempt by a second, a look-up
//! of a host name by a thread of its own, which is left behind when nobody waits for it any more.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use schemars::{Schema, json_schema};

use super::args::Given;
use super::{Context, Definition, Task, TaskError, files};
use crate::base::duration::human;
use crate::base::span::Spanned;
use crate::mapping;
use crate::source::model::{Endpoint, PathText, Period};
use crate::source::read::{Scalar, Tmpl};

/// Longest attempt to connect.
const CONNECT: Duration = Duration::from_secs(1);
/// How often a look-up of a host name is left to see whether there is a cancel.
const LOOK_UP: Duration = Duration::from_millis(50);

mapping! {
    /// Arguments of `wait`. Exactly one of `tcp`, `file`, `process` and `pid` says what to wait for.
    pub struct WaitArgs as "the task `wait`" {
        /// Until a connection to `host:port` is accepted; a port alone is one of this machine.
        tcp: Tmpl<Endpoint>,
        /// Until this file or folder exists.
        file: Tmpl<PathText>,
        /// Until this process of the workflow has ended, or can never start; with replicas, all of them.
        process: Tmpl<String>,
        /// Until there is no process of the system with this number.
        pid: Tmpl<PidNumber>,
        /// The pause between two looks; default `100ms`.
        interval: Tmpl<Period>,
        /// Fail after this time; default `60s` for `tcp` and `file`, without end for the others.
        timeout: Tmpl<Period>,
    }
}

/// The number of a process of the system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PidNumber(i32);

impl Scalar for PidNumber {
    const EXPECTED: &'static str = "the number of a process";
    const PLAIN_ONLY: bool = true;
    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|pid| digits && *pid > 0)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not the number of a process; write a whole number of at least 1"))
    }
    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": 1 })
    }
}

/// The longest wait for a port or a file, unless the workflow says otherwise.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) const DEFINITION: Definition = Definition {
    name: "wait",
    summary: "Waits until a TCP port accepts connections, a file exists, or a process has ended.",
    example: "task: wait\nwith: {tcp: \"localhost:5432\", timeout: 30s}",
    schema: |generator| generator.subschema_for::<WaitArgs>(),
    build: |entries, place, reader| {
        let (given, args) = Given::read::<WaitArgs>(entries, place, reader);
        let kind = given.exactly_one(&["tcp", "file", "process", "pid"], "what to wait for", reader);
        given.accepted(reader)?;
        let what = match kind? {
            "tcp" => What::Tcp(args.tcp.known()?),
            "file" => What::File(args.file.known()?.0),
            "process" => What::Process(Spanned::new(args.process.known()?, args.process.span()?)),
            _ => What::Pid(args.pid.known()?.0),
        };
        let interval = args.interval.known().map_or(Duration::from_millis(100), |Period(interval)| interval);
        // A port or a file may never come, and nobody would notice; a process that runs has bounds of its own.
        let default = matches!(what, What::Tcp(_) | What::File(_)).then_some(LONGEST);
        let timeout = args.timeout.known().map(|Period(timeout)| timeout).or(default);
        Some(Arc::new(Wait { what, interval, timeout }))
    },
};

#[derive(Debug)]
enum What {
    Tcp(Endpoint),
    File(String),
    Process(Spanned<String>),
    Pid(i32),
}

#[derive(Debug)]
struct Wait {
    what: What,
    interval: Duration,
    timeout: Option<Duration>,
}

impl Wait {
    /// Looks once: `Ok(None)` when it has come, else what was seen instead, if there is a word for it.
    fn look(&self, deadline: Option<Instant>, context: &Context<'_>) -> Result<Option<String>, TaskError> {
        let came = |yes: bool| if yes { None } else { Some(String::new()) };
        Ok(match &self.what {
            What::Tcp(endpoint) => connect(endpoint, deadline, context)?.map(|error| files::reason(&error)),
            What::File(path) => match context.path(path).metadata() {
                Ok(_) => None,
                Err(error) => Some(files::reason(&error)),
            },
            What::Process(process) => came(context.run.has_ended(&process.value)),
            What::Pid(pid) => came(has_ended(*pid)),
        })
    }

    /// What it waits for, in words.
    fn goal(&self) -> String {
        match &self.what {
            What::Tcp(Endpoint { host: Some(host), port }) if host.contains(':') => format!("`[{host}]:{port}` to accept connections"),
            What::Tcp(Endpoint { host: Some(host), port }) => format!("`{host}:{port}` to accept connections"),
            What::Tcp(Endpoint { host: None, port }) => format!("port {port} to accept connections"),
            What::File(path) => format!("`{path}` to exist"),
            What::Process(process) => format!("the process `{}` to end", process.value),
            What::Pid(pid) => format!("the process with number {pid} to end"),
        }
    }
}

impl Task for Wait {
    fn run(&self, context: &mut Context<'_>) -> Result<(), TaskError> {
        // Too far away to be a time is as good as never.
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if context.cancel.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            let Some(seen) = self.look(deadline, context)? else { return Ok(()) };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                let waited = human(self.timeout.unwrap_or_default());
                let last = if seen.is_empty() { seen } else { format!("; the last try said: {seen}") };
                return Err(TaskError::failed(format!("waited {waited} for {}{last}", self.goal())));
            }
            context.cancel.sleep(left.map_or(self.interval, |left| left.min(self.interval)))?;
        }
    }

    fn mentions(&self) -> Vec<Spanned<String>> {
        match &self.what {
            What::Process(process) => vec![process.clone()],
            _ => Vec::new(),
        }
    }

    fn only_waits(&self) -> bool {
        true
    }

    fn waits_for(&self) -> Vec<Spanned<String>> {
        if self.timeout.is_none() { self.mentions() } else { Vec::new() }
    }
}

/// Tries to connect: `None` when the connection is accepted, else the last error.
fn connect(endpoint: &Endpoint, deadline: Option<Instant>, context: &Context<'_>) -> Result<Option<io::Error>, TaskError> {
    let addresses = match addresses(endpoint, deadline, context)? {
        Ok(addresses) => addresses,
        Err(error) => return Ok(Some(error)),
    };
    let mut last = io::Error::other("the host has no address");
    for address in addresses {
        if context.cancel.is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        let left = deadline.map_or(CONNECT, |deadline| deadline.saturating_duration_since(Instant::now()));
        // At the deadline a last short try, so that a long look-up or pause is not all that was done.
        match TcpStream::connect_timeout(&address, left.clamp(Duration::from_millis(1), CONNECT)) {
            Ok(_) => return Ok(None),
            // Of a port of this machine, the error of its first address says it.
            Err(_) if endpoint.host.is_none() && address.is_ipv6() => {}
            Err(error) => last = error,
        }
    }
    Ok(Some(last))
}

/// The addresses of a host, looked up anew each time: it may get its name while one waits.
fn addresses(endpoint: &Endpoint, deadline: Option<Instant>, context: &Context<'_>) -> Result<io::Result<Vec<SocketAddr>>, TaskError> {
    let port = endpoint.port;
    let Some(host) = &endpoint.host else {
        return Ok(Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]));
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Ok(vec![(address, port).into()]));
    }
    let (send, receive) = mpsc::channel();
    let name = host.clone();
    let look_up = move || {
        // Nobody may wait for the answer any more.
        let _ = send.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
    };
    if let Err(error) = std::thread::Builder::new().name("look-up".to_owned()).spawn(look_up) {
        return Ok(Err(error));
    }
    loop {
        match receive.recv_timeout(LOOK_UP) {
            Ok(found) => return Ok(found),
            Err(RecvTimeoutError::Disconnected) => return Ok(Err(io::Error::other("the look-up of the host ended without an answer"))),
            Err(RecvTimeoutError::Timeout) if context.cancel.is_cancelled() => return Err(TaskError::Cancelled),
            Err(RecvTimeoutError::Timeout) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                return Ok(Err(io::Error::other("the look-up of the host takes too long")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Whether no process has this number any more. One that has ended and was not collected by its parent
/// counts as ended, where the system tells.
fn has_ended(pid: i32) -> bool {
    // Any other error means that it is there but belongs to somebody else.
    kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH) || is_zombie(pid)
}

fn is_zombie(pid: i32) -> bool {
    // The name in parentheses may itself contain parentheses and spaces.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    matches!(stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next()), Some('Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::testing::{Bench, build, refused};
    use super::*;

    #[test]
    fn a_port_that_listens_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let bench = Bench::new();
        bench.ok("wait", &format!("tcp: {port}"));
        bench.ok("wait", &format!("tcp: 127.0.0.1:{port}"));
        bench.ok("wait", &format!("tcp: \"localhost:${{{{ {port} }}}}\""));
    }

    #[test]
    fn a_port_that_does_not_listen_is_told_with_the_last_error() {
        let bench = Bench::new();
        let refused = "the last try said: Connection refused";
        assert_eq!(
            bench.fails("wait", "{tcp: 1, timeout: 1ms, interval: 1ms}"),
            format!("waited 1 ms for port 1 to accept connections; {refused}")
        );
        assert_eq!(
            bench.fails("wait", "{tcp: \"127.0.0.1:1\", timeout: 1ms}"),
            format!("waited 1 ms for `127.0.0.1:1` to accept connections; {refused}")
        );
    }

    #[test]
    fn files_are_waited_for() {
        let mut bench = Bench::new();
        bench.file("f", "");
        bench.ended.push("done".to_owned());
        bench.ok("wait", "file: f");
        bench.ok("wait", "file: .");
        assert_eq!(
            bench.fails("wait", "{file: g, timeout: 1ms}"),
            "waited 1 ms for `g` to exist; the last try said: No such file or directory"
        );
    }

    #[test]
    fn processes_of_the_workflow_are_waited_for() {
        let mut bench = Bench::new();
        bench.ended.push("done".to_owned());
        bench.ok("wait", "process: done");
        assert_eq!(bench.fails("wait", "{process: other, timeout: 1ms}"), "waited 1 ms for the process `other` to end");
        let mentions = build("wait", "process: done").unwrap().mentions();
        assert_eq!(mentions.iter().map(|name| name.value.as_str()).collect::<Vec<_>>(), ["done"]);
        assert!(build("wait", "file: f").unwrap().mentions().is_empty());
    }

    #[test]
    fn processes_of_the_system_are_waited_for_and_zombies_have_ended() {
        let bench = Bench::new();
        let own = std::process::id();
        assert_eq!(
            bench.fails("wait", &format!("{{pid: {own}, timeout: 1ms}}")),
            format!("waited 1 ms for the process with number {own} to end")
        );
        let mut child = std::process::Command::new("true").spawn().unwrap();
        // Not collected before the wait, so it is a zombie at most.
        bench.ok("wait", &format!("{{pid: {}, interval: 1ms}}", child.id()));
        child.wait().unwrap();
        bench.ok("wait", &format!("pid: {}", i32::MAX));
    }

    #[test]
    fn a_cancel_ends_the_waiting() {
        let bench = Bench::new();
        bench.cancel.cancel();
        for with in ["file: g", "tcp: 1", "process: p", "tcp: \"no-such-host.invalid:80\""] {
            assert!(matches!(bench.run("wait", with).0, Err(TaskError::Cancelled)), "{with}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let read = |text| Endpoint::parse(text).map(|endpoint| (endpoint.host, endpoint.port));
        assert_eq!(read("80"), Ok((None, 80)));
        assert_eq!(read("db.local:5432"), Ok((Some("db.local".to_owned()), 5432)));
        assert_eq!(read("[::1]:80"), Ok((Some("::1".to_owned()), 80)));
        for text in
            ["", "0", "65536", "host", "host:", ":80", "::1:80", "[x]:80", "[:x]:80", "http://host:80", "host:+80", "a b:80", "host:80/"]
        {
            assert!(read(text).unwrap_err().starts_with(&format!("`{text}` is not a TCP address; write")), "{text}");
        }
    }

    #[test]
    fn exactly_one_goal_is_required() {
        assert_eq!(
            refused("wait", "timeout: 3s"),
            "one of `tcp`, `file`, `process` and `pid` is missing | add to `with` the one that says what to wait for"
        );
        let help = "keep the one that says what to wait for; write a step for each if it is both";
        assert_eq!(
            refused("wait", "{pid: 1, file: f, tcp: 80}"),
            format!("`file` cannot stand beside `tcp` | {help}\n`pid` cannot stand beside `tcp` | {help}")
        );
        assert_eq!(refused("wait", "pid: -1"), "`-1` is not the number of a process | write a whole number of at least 1");
        assert_eq!(refused("wait", "{file: f, timeout: 0}").lines().count(), 1);
        assert_eq!(refused("wait", "port: 80"), "`port` is not a key of the task `wait` | write `tcp: \"127.0.0.1:8080\"`");
    }
}
