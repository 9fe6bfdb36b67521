//! From the runner's thread to the reporters' own, and never the other way round.
//!
//! Sending never blocks. A terminal or pipe that takes nothing makes the queue grow; beyond a budget the
//! sender is asked (not forced) to bring no more output, and is called when there is room again. So a
//! blocked reader holds back the processes that write, and never supervision. What is not output is
//! small and always taken. Nothing in here reads a clock but for the rhythm of drawing: the run's time
//! is asked of the runner.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::held::Held;
use super::out::BATCH;
use super::sink::{Drain, Finished, Sinks};
use super::{Out, Reporter, Settings};
use crate::base::time::RunTime;
use crate::notice::{Event, Notice};
use crate::plan::Plan;

/// The run's time now, pauses excluded.
pub type Clock = Box<dyn Fn() -> RunTime + Send>;
/// Called on the reporters' thread when there is room again, and once when everything is written.
pub type Wake = Box<dyn Fn() + Send>;

/// More output than this is not queued, if the sender asks.
const BUDGET: usize = 4 << 20;
/// There is room again below this.
const ENOUGH: usize = BUDGET / 2;
/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);
/// Output is written to a terminal this often at most, since each time its lines are drawn anew.
const FRAME: Duration = Duration::from_millis(30);

/// What goes to the reporters' thread.
enum Message {
    Notice(Notice),
    /// Somebody else gets the terminal: nothing is shown until [`Message::Speak`]. The hushes are counted from 1.
    Hush(usize),
    Speak,
}

/// What both threads know.
#[derive(Default)]
struct Shared {
    /// The last hush that is obeyed.
    hushed: AtomicUsize,
    queued: AtomicUsize,
    /// The sender was told that there is no room.
    refused: AtomicBool,
}

/// The way to the reporters.
pub struct Channel {
    sender: Option<Sender<Message>>,
    shared: Arc<Shared>,
    /// How many hushes were asked for, and whether the last of them lasts.
    hushes: Cell<(usize, bool)>,
    done: Receiver<Finished>,
    thread: JoinHandle<()>,
}

impl Channel {
    /// Starts the reporters' thread; `more` are told beside those that the settings ask for.
    ///
    /// # Errors
    /// When there is no thread to be had, or no descriptor.
    pub fn start(plan: Arc<Plan>, settings: Settings, more: Vec<Box<dyn Reporter>>, clock: Clock, wake: Wake) -> std::io::Result<Self> {
        Self::start_with(plan, settings, more, clock, wake, Box::new(Sinks::system()?))
    }

    fn start_with(
        plan: Arc<Plan>,
        settings: Settings,
        more: Vec<Box<dyn Reporter>>,
        clock: Clock,
        wake: Wake,
        drain: Box<dyn Drain>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let (done_sender, done) = channel();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("report".to_owned()).spawn(move || {
            let mut desk = Desk::new(plan, settings);
            more.into_iter().for_each(|reporter| desk.add(reporter));
            let out = Out::new(desk.shelter(drain));
            let now = Instant::now();
            let held = Held::default();
            let mut worker = Worker { desk, out, receiver, held, shared: theirs, clock, wake, taken: 0, next_draw: now, next_write: now };
            let finished = worker.run();
            let _ = done_sender.send(finished);
            (worker.wake)();
        })?;
        Ok(Self { sender: Some(sender), shared, hushes: Cell::default(), done, thread })
    }

    /// Hands a notice on; never blocks.
    pub fn send(&self, notice: Notice) {
        let Some(sender) = &self.sender else { return };
        let size = weight(&notice);
        self.shared.queued.fetch_add(size, SeqCst);
        if sender.send(Message::Notice(notice)).is_err() {
            self.shared.queued.fetch_sub(size, SeqCst);
        }
    }

    /// Whether more output may be sent. After a no, the sender is woken when there is room again.
    pub fn has_room(&self) -> bool {
        if self.shared.queued.load(SeqCst) < BUDGET || self.thread.is_finished() {
            return true;
        }
        self.shared.refused.store(true, SeqCst);
        // The other thread may have made room just before it could know that somebody waits for it.
        self.shared.queued.load(SeqCst) <= ENOUGH
    }

    /// Asks that nothing be shown until [`Self::speak`], and says whether that is so now. After a no, the sender is
    /// woken when it is. What is sent meanwhile is kept.
    pub fn hush(&self) -> bool {
        let (mut count, lasts) = self.hushes.get();
        if !lasts {
            count += 1;
            self.hushes.set((count, true));
            self.post(Message::Hush(count));
        }
        self.shared.hushed.load(SeqCst) == count || self.thread.is_finished()
    }

    /// Everything may be shown again, and what was kept is.
    pub fn speak(&self) {
        let (count, lasts) = self.hushes.get();
        if lasts {
            self.hushes.set((count, false));
            self.post(Message::Speak);
        }
    }

    fn post(&self, message: Message) {
        if let Some(sender) = &self.sender {
            // Fails only when the thread has ended, and then nothing is shown.
            let _ = sender.send(message);
        }
    }

    /// Nothing more will be sent. The sender is woken once when everything is written.
    pub fn close(&mut self) {
        self.sender = None;
    }

    /// After [`Self::close`]: how the writing went, if everything is written within this time.
    pub fn try_finish(&self, within: Duration) -> Option<Finished> {
        match self.done.recv_timeout(within) {
            Ok(finished) => Some(finished),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(broken()),
        }
    }

    /// Waits, however long it takes, until everything is written.
    pub fn finish(mut self) -> Finished {
        self.close();
        self.done.recv().unwrap_or_else(|_| broken())
    }
}

/// The thread has ended without a word.
fn broken() -> Finished {
    Finished { stdout_closed: false, error: Some("the reporting of flowrun itself has failed".to_owned()) }
}

/// How much of the budget a notice takes.
fn weight(notice: &Notice) -> usize {
    match &notice.event {
        Event::Output { lines, .. } => lines.len() + size_of::<Notice>(),
        _ => 0,
    }
}

/// The reporters' thread.
struct Worker {
    desk: Desk,
    out: Out,
    receiver: Receiver<Message>,
    /// What came while nothing was to be shown.
    held: Held,
    shared: Arc<Shared>,
    clock: Clock,
    wake: Wake,
    /// Of the budget, by notices that are taken out of the queue but may not be written yet.
    taken: usize,
    next_draw: Instant,
    next_write: Instant,
}

impl Worker {
    fn run(&mut self) -> Finished {
        while let Some(notice) = self.next() {
            self.taken += weight(&notice);
            self.desk.notice(&notice, &mut self.out);
            if self.taken >= BATCH {
                self.write();
            }
        }
        self.desk.close();
        self.write();
        self.out.finish()
    }

    /// The next notice; none when nothing will come any more.
    fn next(&mut self) -> Option<Notice> {
        loop {
            if self.desk.draws() && Instant::now() >= self.next_draw {
                self.write();
                self.desk.draw((self.clock)());
                self.next_draw = Instant::now() + TICK;
            }
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
            if !self.desk.draws() {
                self.write();
                let message = self.receiver.recv().ok()?;
                self.take(message);
                continue;
            }
            let pause = self.pause();
            match self.receiver.recv_timeout(pause) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
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

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
