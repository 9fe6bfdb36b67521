//! What helper threads post, and what tasks may ask of the run.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::lines::LineBuffer;
use crate::base::ids::{Id, JobId, ProcessId};
use crate::exec::task::Ended;
use crate::io::poller::Waker;
use crate::plan::Plan;
use crate::task::RunAccess;

/// News from a helper thread.
#[derive(Debug)]
pub enum Message {
    /// A task wrote lines.
    Output { process: ProcessId, lines: Vec<u8> },
    /// A task has ended.
    Ended { job: JobId, step: u32, ended: Ended },
    /// A probe has an answer.
    Probed { job: JobId, probe: u32, result: Result<(), String> },
    /// A task asks for processes to be stopped.
    Stop { name: String },
}

/// The posting end, one for each thread.
#[derive(Clone)]
pub struct Post {
    sender: Sender<Message>,
    waker: Waker,
}

impl Post {
    /// Posts a message and wakes the loop.
    pub fn send(&self, message: Message) {
        // Fails only when the loop has ended, and then nobody needs to know.
        let _ = self.sender.send(message);
        self.waker.wake();
    }
}

/// A posting end and the loop's end.
pub fn inbox(waker: Waker) -> (Post, Receiver<Message>) {
    let (sender, receiver) = channel();
    (Post { sender, waker }, receiver)
}

/// A task's captured output: posts whole lines.
pub struct Lines {
    post: Post,
    process: ProcessId,
    buffer: LineBuffer,
}

impl Lines {
    /// Output of a process.
    pub fn new(post: Post, process: ProcessId) -> Self {
        Self { post, process, buffer: LineBuffer::default() }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(lines) = self.buffer.push(bytes) {
            self.post.send(Message::Output { process: self.process, lines });
        }
        Ok(bytes.len())
    }
    /// Hands out an unfinished line too: tasks flush once, at their end.
    fn flush(&mut self) -> io::Result<()> {
        if let Some(lines) = self.buffer.finish() {
            self.post.send(Message::Output { process: self.process, lines });
        }
        Ok(())
    }
}

/// The run as its tasks see it.
pub struct RunHandle {
    plan: Arc<Plan>,
    post: Mutex<Post>,
    ended: Mutex<Vec<bool>>,
}

impl RunHandle {
    /// A run in which nothing has ended.
    pub fn new(plan: Arc<Plan>, post: Post) -> Self {
        let ended = Mutex::new(vec![false; plan.processes.len()]);
        Self { plan, post: Mutex::new(post), ended }
    }

    /// A process has its outcome.
    pub fn mark_ended(&self, process: ProcessId) {
        if let Some(ended) = self.ended.lock().unwrap_or_else(PoisonError::into_inner).get_mut(process.index()) {
            *ended = true;
        }
    }

    /// Whether a process has its outcome.
    pub fn is_over(&self, process: ProcessId) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get(process.index()).copied().unwrap_or(true)
    }
}

impl RunAccess for RunHandle {
    fn stop(&self, process: &str) {
        let post = self.post.lock().unwrap_or_else(PoisonError::into_inner);
        post.send(Message::Stop { name: process.to_owned() });
    }

    fn has_ended(&self, process: &str) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        self.plan.named(process).all(|id| ended[id.index()])
    }
}
