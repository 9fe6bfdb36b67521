//! Built-in tasks on threads of their own.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::task::{Cancel, Context, RunAccess, Task, TaskError};

/// Stack of a task's thread: tasks do not recurse, and there may be thousands.
const STACK_BYTES: usize = 256 * 1024;

/// How a task ended: its code and what it has to say about it.
pub type Ended = (i32, Option<String>);

/// The exit code of a task that was cancelled, as of a command ended by SIGTERM.
pub const CANCELLED: i32 = 143;

/// Starts a task; `done` is called on its thread when it has ended.
///
/// # Errors
/// The system's error when there can be no more threads.
pub fn start(
    task: Arc<dyn Task>,
    cwd: PathBuf,
    mut output: Box<dyn Write + Send>,
    run: Arc<dyn RunAccess>,
    done: impl FnOnce(Ended) + Send + 'static,
) -> io::Result<Cancel> {
    let cancel = Cancel::default();
    let own = cancel.clone();
    thread::Builder::new().name("task".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let mut context = Context { cwd: &cwd, cancel: &own, output: &mut *output, run: &*run };
        let result = task.run(&mut context);
        let flushed = output.flush();
        drop(output);
        done(match (result, flushed) {
            (Ok(()), Ok(())) => (0, None),
            (Ok(()), Err(error)) => (1, Some(format!("cannot write its output: {}", crate::io::machine::reason(&error)))),
            (Err(TaskError::Failed { message, code }), _) => (code, Some(message)),
            (Err(TaskError::Cancelled), _) => (CANCELLED, None),
        });
    })?;
    Ok(cancel)
}
