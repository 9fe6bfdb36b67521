//! Learning of exits, and reaping.
//!
//! Noticing and reaping are two steps: while the zombie stands, its process group's number cannot be
//! taken by anybody else, so that stragglers can be signalled safely.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A child that has ended and is still a zombie. `known` are the numbers of all children.
///
/// nix has no name for real-time signals and fails on a child that one of them has ended; which child it
/// is, is then asked of each.
pub fn next_zombie(known: impl Iterator<Item = u32>) -> Option<(u32, Ended)> {
    loop {
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
            Ok(WaitStatus::Exited(pid, code)) => return Some((pid.as_raw().unsigned_abs(), Ended::Code(code))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => return Some((pid.as_raw().unsigned_abs(), Ended::Signal(signal as i32))),
            Err(Errno::EINTR) => {}
            Err(Errno::EINVAL) => return killed_by_unnamed(known),
            Ok(_) | Err(_) => return None,
        }
    }
}

/// The first child that was ended by a signal without a name.
fn killed_by_unnamed(mut known: impl Iterator<Item = u32>) -> Option<(u32, Ended)> {
    use rustix::process::{Pid as RawPid, WaitId, WaitIdOptions, waitid};
    known.find_map(|pid| {
        let raw = RawPid::from_raw(i32::try_from(pid).ok()?)?;
        let status = waitid(WaitId::Pid(raw), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT).ok()??;
        Some((pid, Ended::Signal(status.terminating_signal()?)))
    })
}

/// Takes a zombie away.
pub fn reap(pid: u32) {
    while waitpid(to_pid(pid), Some(WaitPidFlag::WNOHANG)) == Err(Errno::EINTR) {}
}

/// Takes away all zombies; whether there was any.
///
/// Not by nix, which fails on a child that a real-time signal has ended.
pub fn reap_all() -> bool {
    use rustix::process::{WaitOptions, wait};
    let mut any = false;
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {
        any = true;
    }
    any
}

/// Sends a signal to one process. One that is gone, or belongs to somebody else, is no error.
pub fn signal(pid: u32, signal: i32) {
    if let Ok(signal) = Signal::try_from(signal) {
        let _ = kill(to_pid(pid), signal);
    }
}

/// Sends a signal to a whole process group. A group that is gone is no error.
pub fn signal_group(group: u32, signal: i32) {
    if let Ok(signal) = Signal::try_from(signal) {
        let _ = killpg(to_pid(group), signal);
    }
}

/// Whether a process group has any member.
pub fn group_exists(group: u32) -> bool {
    killpg(to_pid(group), None) != Err(Errno::ESRCH)
}

/// Whether a process with this number exists.
pub fn exists(pid: u32) -> bool {
    kill(to_pid(pid), None) != Err(Errno::ESRCH)
}

pub(super) fn to_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}
