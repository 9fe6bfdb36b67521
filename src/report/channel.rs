//! From the runner's thread to the reporters' own, and never the other way round.
//!
//! Sending never blocks. A terminal or pipe that takes nothing makes the queue grow; beyond a budget the
//! sender is asked (not forced) to bring no more output, and is called when there is room again. So a
//! blocked reader holds back the processes that write, and never supervision. What is not output is
//! small and always taken.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::desk::Desk;
use super::sink::{Drain, Finished, Sinks};
use super::worker::{Worker, weight};
use super::{Out, Reporter, Settings};
use crate::base::time::RunTime;
use crate::notice::Notice;
use crate::plan::Plan;

/// The run's time now, pauses excluded.
pub type Clock = Box<dyn Fn() -> RunTime + Send>;
/// The time of day, in milliseconds since 1970: only shown, never decided by.
pub type Wall = Box<dyn Fn() -> u64 + Send>;
/// Called on the reporters' thread when there is room again, and once when everything is written.
pub type Wake = Box<dyn Fn() + Send>;

/// More output than this is not queued, if the sender asks.
const BUDGET: usize = 4 << 20;
/// There is room again below this.
pub(super) const ENOUGH: usize = BUDGET / 2;
/// What goes to the reporters' thread.
pub(super) enum Message {
    Notice(Notice),
    /// Somebody else gets the terminal: nothing is shown until [`Message::Speak`]. The hushes are counted from 1.
    Hush(usize),
    Speak,
}

/// What both threads know.
#[derive(Default)]
pub(super) struct Shared {
    /// The last hush that is obeyed.
    pub hushed: AtomicUsize,
    /// Bytes on their way.
    pub queued: AtomicUsize,
    /// The sender was told that there is no room.
    pub refused: AtomicBool,
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
    pub fn start(
        plan: Arc<Plan>,
        settings: Settings,
        more: Vec<Box<dyn Reporter>>,
        clock: Clock,
        wall: Wall,
        wake: Wake,
    ) -> std::io::Result<Self> {
        Self::start_with(plan, settings, more, clock, wall, wake, Box::new(Sinks::system()?))
    }

    fn start_with(
        plan: Arc<Plan>,
        settings: Settings,
        more: Vec<Box<dyn Reporter>>,
        clock: Clock,
        wall: Wall,
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
            let out = Out::new(desk.shelter(drain)).stamped(settings.stamp);
            let mut worker = Worker::new(desk, out, receiver, theirs, clock, wall, wake);
            let finished = worker.run();
            let _ = done_sender.send(finished);
            worker.wake();
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

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
