//! What the shim does when it is called.
//!
//! Single-threaded and short-lived; everything that it opens closes at the exec. Nothing of a program's
//! words and environment is read or changed.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::io::{self, IoSliceMut, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{execv, getpgrp, setsid};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::ioctl_tiocsctty;
use rustix::stdio::dup2_stdin;

use super::{Control, MARK, Preparation, Stage};
use crate::io::terminal::set_foreground;

/// The status of a shim that could not do what it was told; who called it learns the reason otherwise.
const FAILED: u8 = 127;

/// Does a shim's work when this program was called as one, and does not return then unless that fails.
/// None when it was called by anybody else.
pub fn serve() -> Option<ExitCode> {
    let mut words = std::env::args_os();
    if words.next().is_none_or(|first| first != MARK) {
        return None;
    }
    let Some(Call { preparation, program, argv }) = Call::of(words) else { return Some(ExitCode::from(FAILED)) };
    // The copy is closed by the exec, which is how the caller learns of it.
    let Ok(mut socket) = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else { return Some(ExitCode::from(FAILED)) };
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
    let stdin = receive(socket).map_err(|errno| (Stage::Stdin, errno))?;
    dup2_stdin(&stdin).map_err(|errno| (Stage::Stdin, Errno::from_raw(errno.raw_os_error())))?;
    // The program shall see 0, 1 and 2 only.
    drop(stdin);
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
    execv(program, argv).map_err(|errno| (Stage::Exec, errno))
}

/// The descriptor that the caller has sent.
fn receive(socket: &UnixStream) -> Result<OwnedFd, Errno> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty())
        .map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    let sent = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    sent.ok_or(Errno::EBADF)
}
