//! The server alone: each turn is taken by hand, at a moment of the test's choice.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

struct Bench {
    server: Server,
    poller: Poller,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let about = About { id: "run".to_owned(), name: "shop".to_owned(), file: None, pid: 1, started: 0, log: None };
        let (key, poller) = (Secret::random().expect("random bytes"), Poller::new().expect("a poller"));
        let place = Place::make(folder.path(), &about, &key).expect("a place");
        let server = Server::listen(place, key, about.id, &poller).expect("it listens");
        Self { server, poller, _folder: folder }
    }

    fn connect(&self) -> BufReader<UnixStream> {
        let stream = UnixStream::connect(self.server.place().socket()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a socket");
        BufReader::new(stream)
    }

    /// Turns at one moment, until nothing more comes.
    fn turns(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        loop {
            let mut keys = Vec::new();
            self.poller.wait(Some(Duration::ZERO), &mut keys).expect("it can wait");
            let quiet = keys.is_empty();
            keys.into_iter().for_each(|key| assert!(self.server.mark_ready(key)));
            if quiet && !self.server.has_pending() && self.server.deadline().is_none_or(|at| at > now) {
                return news;
            }
            news.extend(self.server.turn(&self.poller, now));
        }
    }

    /// A client that has proved that it knows the key.
    fn client(&mut self, now: Instant) -> BufReader<UnixStream> {
        let mut client = self.connect();
        self.turns(now);
        let challenge = Secret::parse(read(&mut client)["challenge"].as_str().expect("a text")).expect("a challenge");
        send(&client, &json!({"hmac": self.server.key().answer(&challenge), "process": "web"}));
        self.turns(now);
        assert_eq!(read(&mut client), json!({"ok": true}));
        client
    }
}

fn read(client: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    client.read_line(&mut line).expect("it can be read");
    serde_json::from_str(&line).expect("JSON")
}

fn send(client: &BufReader<UnixStream>, value: &Value) {
    // In one piece: the socket has little room for many small ones.
    client.get_ref().write_all(format!("{value}\n").as_bytes()).expect("it is taken");
}

fn asked(news: &[News]) -> Vec<u64> {
    let ids = news.iter().map(|news| if let News::Asked(asked) = news { Some(asked.id) } else { None });
    ids.flatten().collect()
}

#[test]
fn requests_come_in_order_with_who_asks_and_answers_go_back() {
    let (mut bench, now) = (Bench::new(), Instant::now());
    let mut client = bench.client(now);
    (1..=100).for_each(|id| send(&client, &json!({"id": id, "do": "status"})));
    let news = bench.turns(now);
    assert_eq!(asked(&news), (1..=100).collect::<Vec<u64>>());
    let Some(News::Asked(first)) = news.first() else { panic!("{news:?}") };
    assert_eq!((first.process.as_deref(), &first.request), (Some("web"), &Request::Status));
    bench.server.answer(first.client, 1, Body::Ok(json!([1])), &bench.poller);
    assert_eq!(read(&mut client), json!({"id": 1, "ok": [1]}));
}

#[test]
fn who_goes_is_told_once_and_what_it_sent_last_is_heard() {
    let (mut bench, now) = (Bench::new(), Instant::now());
    let client = bench.client(now);
    send(&client, &json!({"id": 7, "do": "stop"}));
    drop(client);
    let news = bench.turns(now);
    assert_eq!(asked(&news), [7]);
    assert!(matches!(news[..], [News::Asked(_), News::Gone(_)]), "{news:?}");
    let Some(News::Gone(gone)) = news.last() else { panic!("{news:?}") };
    bench.server.answer(*gone, 7, Body::Ok(Value::Null), &bench.poller);
    assert_eq!(bench.turns(now), []);
}

#[test]
fn who_proves_nothing_is_let_go_after_a_time_and_was_never_there() {
    let (mut bench, now) = (Bench::new(), Instant::now());
    let proved = bench.client(now);
    let mut half = bench.connect();
    writeln!(half.get_ref(), "{{").expect("it is taken");
    let mut silent = bench.connect();
    assert_eq!(bench.turns(now), []);
    let mut rest = Vec::new();
    half.read_to_end(&mut rest).expect("it is closed at once");
    let late = bench.server.deadline().expect("one has to prove itself");
    assert_eq!(bench.turns(late), []);
    silent.read_to_end(&mut rest).expect("it is closed");
    assert_eq!(bench.server.deadline(), None, "who has proved itself may stay");
    drop(proved);
}
