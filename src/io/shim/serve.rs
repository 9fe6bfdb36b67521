//! What the shim does when it is called.
//!
//! Single-threaded and short-lived; everything that it opens closes at the exec, but the socket that it is told
//! to hand over. Nothing of a program's words is read or changed, and of its environment `LISTEN_PID` alone.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::io::{self, IoSliceMut, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{close, execve, getpgrp, getpid, setsid};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::ioctl_tiocsctty;
use rustix::stdio::dup2_stdin;

use super::{Control, MARK, Preparation, Stage};
use crate::io::terminal::set_foreground;

/// The status of a shim that could not do what it was told; who called it learns the reason otherwise.
const FAILED: u8 = 127;

/// The descriptor of the socket that a program listens at, as `sd_listen_fds` has it.
const LISTENER: i32 = 3;
/// Descriptors from here on are in nobody's way.
const BEYOND: i32 = 10;

/// Does a shim's work when this program was called as one, and does not return then unless that fails.
/// None when it was called by anybody else.
pub fn serve() -> Option<ExitCode> {
    let mut words = std::env::args_os();
    if words.next().is_none_or(|first| first != MARK) {
        return None;
    }
    let Some(Call { preparation, program, argv }) = Call::of(words) else { return Some(ExitCode::from(FAILED)) };
    // The copy is closed by the exec, which is how the caller learns of it.
    let Ok(mut socket) = fcntl_dupfd_cloexec(io::stdin(), BEYOND).map(UnixStream::from) else { return Some(ExitCode::from(FAILED)) };
    let Err((stage, errno)) = become_it(preparation, &program, &argv, &socket);
    let mut told = vec![stage as u8];
    told.extend_from_slice(&(errno as i32).to_ne_bytes());
    // When nobody listens any more there is nobody to be told.
    let _ = socket.write_all(&told);
    Some(ExitCode::from(FAILED))
}

/// What follows the mark on the command line.
struct Call {
    preparation: Preparation,
    program: CString,
    argv: Vec<CString>,
}

impl Call {
    fn of(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let preparation = Preparation::of_word(&words.next()?)?;
        let mut words = words.map(|word| CString::new(word.into_vec()).ok());
        Some(Self { preparation, program: words.next()??, argv: words.collect::<Option<_>>()? })
    }
}

fn become_it(preparation: Preparation, program: &CString, argv: &[CString], socket: &UnixStream) -> Result<Infallible, (Stage, Errno)> {
    let (stdin, listener) = receive(socket).map_err(|errno| (Stage::Stdin, errno))?;
    dup2_stdin(&stdin).map_err(|errno| (Stage::Stdin, Errno::from_raw(errno.raw_os_error())))?;
    // The program shall see 0, 1, 2 and what it listens at only.
    drop(stdin);
    let mut environment = environment(preparation.listens);
    // Open until the exec.
    let _listener = match listener.filter(|_| preparation.listens) {
        Some(listener) => {
            environment.push(variable("LISTEN_PID".into(), getpid().to_string().into()));
            Some(place(listener).map_err(|errno| (Stage::Listener, errno))?)
        }
        None => None,
    };
    if let Some(mask) = preparation.umask {
        umask(Mode::from_bits_truncate(mask));
    }
    match preparation.control {
        Control::Keep => {}
        Control::Own => {
            setsid().map_err(|errno| (Stage::Session, errno))?;
            ioctl_tiocsctty(io::stdout()).map_err(|errno| (Stage::Terminal, Errno::from_raw(errno.raw_os_error())))?;
        }
        Control::Foreground => set_foreground(io::stdin(), getpgrp()).map_err(|errno| (Stage::Foreground, errno))?,
    }
    // Rust programs ignore SIGPIPE, and what is ignored stays so over an exec; what is caught becomes the default.
    let caught = signal_hook::flag::register(signal_hook::consts::SIGPIPE, std::sync::Arc::default());
    caught.map_err(|error| (Stage::Exec, Errno::from_raw(error.raw_os_error().unwrap_or(0))))?;
    execve(program, argv, &environment).map_err(|errno| (Stage::Exec, errno))
}

/// The environment that this program was given; for one that listens without a `LISTEN_PID` of somebody else.
fn environment(listens: bool) -> Vec<CString> {
    std::env::vars_os().filter(|(name, _)| !listens || name != "LISTEN_PID").map(|(name, value)| variable(name, value)).collect()
}

fn variable(name: OsString, value: OsString) -> CString {
    let text = [name.into_vec(), value.into_vec()].join(&b'=');
    // Nothing that comes from the system or is a number has a NUL in it.
    CString::new(text).unwrap_or_default()
}

/// Makes a socket the descriptor that programs expect, for their eyes too. What else has its number was
/// inherited from afar and is nobody's here.
fn place(listener: OwnedFd) -> Result<OwnedFd, Errno> {
    let errno = |error: rustix::io::Errno| Errno::from_raw(error.raw_os_error());
    let aside = fcntl_dupfd_cloexec(&listener, BEYOND).map_err(errno)?;
    drop(listener);
    let _ = close(LISTENER);
    let placed = fcntl_dupfd_cloexec(&aside, LISTENER).map_err(errno)?;
    if placed.as_raw_fd() != LISTENER {
        return Err(Errno::EBUSY);
    }
    fcntl_setfd(&placed, FdFlags::empty()).map_err(errno)?;
    Ok(placed)
}

/// The descriptors that the caller has sent: standard input, and a socket that listens if there is one.
fn receive(socket: &UnixStream) -> Result<(OwnedFd, Option<OwnedFd>), Errno> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty())
        .map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    let mut sent = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    Ok((sent.next().ok_or(Errno::EBADF)?, sent.next()))
}
