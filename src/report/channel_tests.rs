//! Two threads, ordered by construction: the drain waits until the test lets it go on.

use std::sync::Mutex;

use super::super::testing::{Written, output, plan};
use super::*;
use crate::notice::{Event, Stream};

/// Says that it was called, then waits until it may write.
struct Gate {
    entered: Sender<()>,
    open: Receiver<()>,
    inner: Written,
}

impl Drain for Gate {
    fn drain(&mut self, parts: &[(Stream, &[u8])]) {
        let _ = self.entered.send(());
        let _ = self.open.recv();
        self.inner.drain(parts);
    }
}

struct Test {
    channel: Channel,
    entered: Receiver<()>,
    open: Sender<()>,
    woken: Receiver<()>,
    written: Written,
}

fn start() -> Test {
    let (entered_sender, entered) = channel();
    let (open, open_receiver) = channel();
    let (wake, woken) = channel();
    let written = Written::default();
    let gate = Gate { entered: entered_sender, open: open_receiver, inner: written.clone() };
    let wake = Mutex::new(wake);
    let wake: Wake = Box::new(move || wake.lock().unwrap().send(()).unwrap_or_default());
    let clock: Clock = Box::new(|| RunTime::ZERO);
    let plan = Arc::new(plan(&["a"]));
    let channel = Channel::start_with(plan, Settings::default(), Vec::new(), clock, Box::new(|| 0), wake, Box::new(gate)).unwrap();
    Test { channel, entered, open, woken, written }
}

fn line(bytes: usize) -> Notice {
    let mut lines = vec![b'x'; bytes];
    lines.push(b'\n');
    Notice { at: RunTime::ZERO, event: output(0, Stream::Stdout, &lines) }
}

#[test]
fn everything_is_written_in_the_end() {
    let Test { channel, open, written, .. } = start();
    drop(open);
    for _ in 0..100 {
        channel.send(line(1));
    }
    assert_eq!(channel.finish(), Finished::default());
    assert_eq!(written.stdout(), "a | x\n".repeat(100));
}

#[test]
fn a_blocked_reader_makes_no_room_until_it_reads() {
    let Test { channel, entered, open, woken, written } = start();
    channel.send(line(1));
    entered.recv().unwrap();
    assert!(channel.has_room());
    // The other thread stands in its write: what is sent now stays in the queue.
    channel.send(line(BUDGET));
    assert!(!channel.has_room());
    assert!(woken.try_recv().is_err());
    drop(open);
    woken.recv().unwrap();
    assert!(channel.has_room());
    channel.finish();
    assert_eq!(written.stdout().len(), "a | x\n".len() + "a | \n".len() + BUDGET);
}

#[test]
fn a_blocked_reader_can_be_given_up() {
    let Test { mut channel, entered, open, woken, .. } = start();
    channel.send(line(1));
    entered.recv().unwrap();
    channel.close();
    assert_eq!(channel.try_finish(Duration::ZERO), None);
    drop(open);
    woken.recv().unwrap();
    assert_eq!(channel.try_finish(Duration::ZERO), Some(Finished::default()));
}

#[test]
fn other_notices_are_always_taken() {
    let Test { channel, open, .. } = start();
    for _ in 0..100_000 {
        channel.send(Notice { at: RunTime::ZERO, event: Event::KillingAll { overdue: false } });
    }
    assert!(channel.has_room());
    drop(open);
    channel.finish();
}

#[test]
fn nothing_is_shown_while_somebody_else_has_the_terminal() {
    let Test { channel, open, woken, written, .. } = start();
    // The drain may write whenever it wants.
    drop(open);
    channel.send(line(1));
    assert!(!channel.hush() || written.stdout() == "a | x\n");
    woken.recv().unwrap();
    assert!(channel.hush(), "what came before is written, and the sender was woken");
    assert_eq!(written.stdout(), "a | x\n");
    for _ in 0..3 {
        channel.send(line(2));
        channel.send(line(BUDGET));
        // Nobody waits for room until the terminal is free: it comes from elsewhere.
        while !channel.has_room() {
            woken.recv().unwrap();
        }
    }
    assert!(channel.hush());
    assert_eq!(written.stdout(), "a | x\n");
    channel.speak();
    assert_eq!(channel.finish(), Finished::default());
    let stdout = written.stdout();
    let lengths: Vec<usize> = stdout.lines().map(|line| line.len() - "a | ".len()).collect();
    assert_eq!(lengths, [1, 2, BUDGET, 2, BUDGET, 2, BUDGET]);
}

#[test]
fn an_old_hush_is_not_taken_for_a_new_one() {
    let Test { channel, entered, open, written, .. } = start();
    channel.send(line(1));
    entered.recv().unwrap();
    // The thread is stuck in a write; it will meet the first hush after it was taken back.
    assert!(!channel.hush());
    channel.speak();
    channel.send(line(2));
    assert!(!channel.hush());
    open.send(()).unwrap();
    // In the second write the first hush is over, and the second has not come.
    entered.recv().unwrap();
    assert!(!channel.hush());
    drop(open);
    channel.speak();
    assert_eq!(channel.finish(), Finished::default());
    assert_eq!(written.stdout(), "a | x\na | xx\n");
}

#[test]
fn what_is_kept_is_shown_when_nothing_more_comes() {
    let Test { channel, open, written, .. } = start();
    drop(open);
    channel.hush();
    channel.send(line(1));
    assert_eq!(channel.finish(), Finished::default());
    assert_eq!(written.stdout(), "a | x\n");
}
