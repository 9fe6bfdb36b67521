//! `workflows/web-app.yaml`, with a real PostgreSQL and a real web server.
//!
//! Skipped with a word where PostgreSQL is missing, unless `REQUIRE_POSTGRES` is set, as it is in CI.

mod common;

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{Call, Place, has_postgres, repository, workflow_path};
use nix::sys::signal::Signal;

/// The workflow in a folder of its own; root runs it as nobody, because PostgreSQL refuses to run as root.
struct Shop {
    place: Place,
    port: u16,
}

impl Shop {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let shop = Self { place: Place::for_everybody(), port };
        std::fs::create_dir(shop.place.path("web-app")).expect("a folder");
        std::fs::copy(workflow_path("web-app"), shop.place.path("web-app.yaml")).expect("a copy of the workflow");
        for file in ["schema.sql", "server.py", "test_shop.py"] {
            let file = format!("web-app/{file}");
            std::fs::copy(repository().join("workflows").join(&file), shop.place.path(&file)).expect("a copy of what it needs");
        }
        shop
    }

    fn flowrun(&self, processes: &str) -> Call {
        let (data, port) = (self.place.path("data"), self.port);
        let line = format!("-v web-app.yaml --set port={port} --set data={} {processes}", data.display());
        // Whatever Python the developer has chosen may be out of reach for nobody.
        let path = std::env::var("PATH").unwrap_or_default();
        self.place.flowrun_as("nobody", &["env"], &line).env("PATH", format!("/usr/bin:/bin:/usr/sbin:{path}"))
    }

    /// What runs out of this folder: every program has its path among its arguments or its environment.
    fn alive(&self) -> Vec<String> {
        let marker = self.place.path("").display().to_string();
        let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
        let known = processes.filter_map(|entry| {
            let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let [arguments, environment] = [arguments, environment].map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
            (environment.contains(&marker) || arguments.contains(&marker)).then_some(arguments)
        });
        known.collect()
    }
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn database_server_and_tests_come_and_go_in_order() {
    if !has_postgres() {
        return;
    }
    let shop = Shop::new();
    for round in ["an empty database", "a database from an earlier run"] {
        let said = shop.flowrun("").run().exits(0);
        assert_eq!(said.of("test-prices"), ["prices are right"], "{round}: {said}");
        assert_eq!(said.of("test-stock"), ["stock went from 10 to 7", "stock went from 7 to 4"], "{round}: {said}");
        said.tells_in_order(&["db is ready", "migrate started", "migrate succeeded", "web started", "web is ready", "test-prices started"]);
        said.tells_in_order(&["web is ready", "test-stock[1] started", "teardown started"]);
        said.tells_in_order(&["teardown succeeded", "web is asked to end", "web stopped", "db is asked to end", "db stopped"]);
        assert_eq!(shop.alive(), [""; 0], "{round}");
        assert!(!shop.place.path("data/postmaster.pid").exists(), "{round}: the database was not shut down in order\n{said}");
    }
}

#[test]
fn nothing_is_left_of_it_when_flowrun_is_killed() {
    if !has_postgres() {
        return;
    }
    let shop = Shop::new();
    let mut flowrun = shop.flowrun("web").start();
    flowrun.wait_for("open on port");
    until("the shop is open", || TcpStream::connect(("127.0.0.1", shop.port)).is_ok());
    assert!(shop.alive().iter().any(|command| command.contains("postgres")), "{:?}", shop.alive());
    flowrun.signal(Signal::SIGKILL);
    flowrun.end();
    until("everything has ended", || shop.alive().is_empty());
    assert!(TcpStream::connect(("127.0.0.1", shop.port)).is_err(), "somebody still serves");
}
