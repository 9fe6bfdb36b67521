//! The reporters' thread: takes what comes, writes when it is time for that, and holds still while somebody
//! else has the terminal.
//!
//! Nothing in here reads a clock but for the rhythm of drawing: the run's time is asked of the runner.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::Out;
use super::channel::{Clock, ENOUGH, Message, Shared, Wake, Wall};
use super::desk::Desk;
use super::held::Held;
use super::out::BATCH;
use super::sink::Finished;
use crate::notice::{Event, Notice};

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);
/// Output is written to a terminal this often at most, since each time its lines are drawn anew.
const FRAME: Duration = Duration::from_millis(30);

/// How much of the budget a notice takes.
pub(super) fn weight(notice: &Notice) -> usize {
    match &notice.event {
        Event::Output { lines, .. } => lines.len() + size_of::<Notice>(),
        _ => 0,
    }
}

/// The reporters' thread.
pub(super) struct Worker {
    desk: Desk,
    out: Out,
    receiver: Receiver<Message>,
    /// What came while nothing was to be shown.
    held: Held,
    shared: Arc<Shared>,
    clock: Clock,
    wall: Wall,
    wake: Wake,
    /// Of the budget, by notices that are taken out of the queue but may not be written yet.
    taken: usize,
    next_draw: Instant,
    next_write: Instant,
}

impl Worker {
    /// Has taken nothing yet.
    pub fn new(desk: Desk, out: Out, receiver: Receiver<Message>, shared: Arc<Shared>, clock: Clock, wall: Wall, wake: Wake) -> Self {
        let now = Instant::now();
        Self { desk, out, receiver, held: Held::default(), shared, clock, wall, wake, taken: 0, next_draw: now, next_write: now }
    }

    /// Works until nothing will come any more.
    pub fn run(&mut self) -> Finished {
        while let Some(notice) = self.next() {
            self.taken += weight(&notice);
            self.out.set_clock((self.wall)());
            self.desk.notice(&notice, &mut self.out);
            if self.taken >= BATCH {
                self.write();
            }
        }
        self.desk.close();
        self.write();
        self.out.finish()
    }

    /// Calls the sender.
    pub fn wake(&self) {
        (self.wake)();
    }

    /// The next notice; none when nothing will come any more.
    fn next(&mut self) -> Option<Notice> {
        loop {
            if self.desk.draws() && Instant::now() >= self.next_draw {
                self.write();
                self.desk.draw((self.clock)());
                self.next_draw = Instant::now() + TICK;
            }
            let wait = self.beat();
            if let Some(notice) = self.take_held() {
                return Some(notice);
            }
            match self.receiver.try_recv() {
                Ok(message) => {
                    self.take(message);
                    continue;
                }
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let pause = match (self.desk.draws(), wait) {
                (true, _) => self.pause(),
                (false, Some(wait)) => {
                    self.write();
                    wait
                }
                (false, None) => {
                    self.write();
                    let message = self.receiver.recv().ok()?;
                    self.take(message);
                    continue;
                }
            };
            match self.receiver.recv_timeout(pause) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Writes the line that is due by itself, and says in which time to look again; none when there is no such line.
    fn beat(&mut self) -> Option<Duration> {
        let now = (self.clock)();
        if self.desk.due()? <= now {
            self.out.set_clock((self.wall)());
            self.desk.beat(now, &mut self.out);
        }
        // A clock that stands still would be asked without pause at the last moment before it is due.
        self.desk.due().map(|due| due.since(now).max(FRAME))
    }

    /// Keeps a notice for the next turn, or everything that comes as long as nothing is to be shown.
    fn take(&mut self, message: Message) {
        match message {
            Message::Notice(notice) => self.held.push(notice),
            Message::Hush(number) => self.hush(number),
            Message::Speak => {}
        }
    }

    /// Takes away what is drawn, says so, and shows nothing until it may again.
    fn hush(&mut self, number: usize) {
        self.write();
        self.desk.hide();
        self.shared.hushed.store(number, SeqCst);
        (self.wake)();
        loop {
            match self.receiver.recv() {
                Ok(Message::Notice(notice)) => self.hold(notice),
                Ok(Message::Speak) | Err(_) => return,
                Ok(Message::Hush(_)) => {}
            }
        }
    }

    /// Keeps a notice until it may be shown: in memory as long as that leaves room for others.
    fn hold(&mut self, notice: Notice) {
        if self.shared.queued.load(SeqCst) <= ENOUGH {
            self.held.push(notice);
            return;
        }
        let spilled = self.held.spill(notice);
        self.give_back(spilled);
    }

    /// The oldest of what was kept.
    fn take_held(&mut self) -> Option<Notice> {
        let back = self.held.pop()?;
        self.shared.queued.fetch_add(back.spilled, SeqCst);
        if let Some(error) = back.trouble {
            self.out.trouble(format!("output was lost that had to wait for the terminal: cannot read it from a temporary file: {error}"));
            // What is lost takes no room when it is written.
            self.give_back(back.spilled);
        }
        Some(back.notice)
    }

    /// The queue is empty: writes if it is time for that, and says when to look again.
    fn pause(&mut self) -> Duration {
        let now = Instant::now();
        if self.taken == 0 && self.out.is_empty() {
            return self.next_draw.saturating_duration_since(now);
        }
        if now >= self.next_write {
            self.write();
            self.next_write = Instant::now() + FRAME;
            return self.next_draw.saturating_duration_since(now);
        }
        self.next_write.min(self.next_draw).saturating_duration_since(now)
    }

    /// Writes everything out and gives back the budget.
    fn write(&mut self) {
        self.out.flush();
        let taken = std::mem::take(&mut self.taken);
        self.give_back(taken);
    }

    /// So much of the budget is free again.
    fn give_back(&self, bytes: usize) {
        let left = self.shared.queued.fetch_sub(bytes, SeqCst) - bytes;
        if left <= ENOUGH && self.shared.refused.swap(false, SeqCst) {
            (self.wake)();
        }
    }
}
