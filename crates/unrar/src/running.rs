//! A decoder that runs: its pipes, waits that end, and its own end.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_setfl},
    io::Errno,
    process::Signal,
};

use crate::Failure;

/// How often it is looked whether anybody still wants it.
const LOOK_EVERY: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// How often it is looked for the end of a decoder that has closed its pipe, before it is ended.
const LOOKS: u32 = 20;

/// The child. When this is dropped it is killed, and there is nothing left of it.
#[must_use = "the child is killed when this is dropped"]
pub(crate) struct Running {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    silence: Duration,
}

impl Running {
    pub(crate) fn start(program: &[OsString], silence: Duration) -> Result<Self, Failure> {
        let (path, arguments) = program
            .split_first()
            .ok_or_else(|| Failure::NotStarted(io::ErrorKind::NotFound.into()))?;
        let mut child = Command::new(path)
            .arg0("universal-p2p")
            .args(arguments)
            .env_clear()
            // Each further one would reserve addresses that count as memory.
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::NotStarted)?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let (Some(to), Some(from)) = (to, from) else {
            end(&mut child);
            return Err(Failure::NotStarted(io::ErrorKind::BrokenPipe.into()));
        };
        let running = Self {
            child,
            to,
            from,
            silence,
        };
        for pipe in [running.to.as_fd(), running.from.as_fd()] {
            fcntl_setfl(pipe, OFlags::NONBLOCK)
                .map_err(|error| Failure::NotStarted(error.into()))?;
        }
        Ok(running)
    }

    /// Sends all of it.
    pub(crate) fn send(
        &self,
        mut bytes: &[u8],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let to = self.to.as_fd();
            let sent = self.when(to, PollFlags::OUT, is_cancelled, || {
                rustix::io::write(to, bytes)
            })?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// Receives as many bytes as there is room for.
    pub(crate) fn receive(
        &self,
        into: &mut [u8],
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let from = self.from.as_fd();
            filled += self.when(from, PollFlags::IN, is_cancelled, || {
                rustix::io::read(from, &mut *rest)
            })?;
        }
        Ok(())
    }

    /// Does something as soon as a pipe is ready for it. Nothing done means that the child is gone.
    fn when(
        &self,
        pipe: BorrowedFd<'_>,
        ready: PollFlags,
        is_cancelled: &dyn Fn() -> bool,
        mut act: impl FnMut() -> Result<usize, Errno>,
    ) -> Result<usize, Failure> {
        let since = Instant::now();
        loop {
            if is_cancelled() {
                return Err(Failure::Cancelled);
            }
            match poll(&mut [PollFd::new(&pipe, ready)], Some(&LOOK_EVERY)) {
                Ok(0) if since.elapsed() >= self.silence => return Err(Failure::TooMuchTime),
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(Failure::NotStarted(error.into())),
            }
            match act() {
                Err(Errno::AGAIN | Errno::INTR) => {}
                Ok(0) | Err(_) => return Err(Failure::Nonsense),
                Ok(done) => return Ok(done),
            }
        }
    }

    /// Why it has closed its pipes, where it has.
    pub(crate) fn fate(mut self) -> Failure {
        for _ in 0..LOOKS {
            if let Ok(Some(status)) = self.child.try_wait() {
                return fate(status);
            }
            // Nothing to wait for but time.
            let _ = poll(&mut [], Some(&LOOK_EVERY));
        }
        Failure::Nonsense
    }
}

fn fate(status: ExitStatus) -> Failure {
    match status.signal() {
        None => Failure::Nonsense,
        Some(signal) if signal == Signal::XCPU.as_raw() => Failure::TooMuchTime,
        Some(signal)
            if [Signal::KILL, Signal::TERM, Signal::INT]
                .map(Signal::as_raw)
                .contains(&signal) =>
        {
            Failure::Ended
        }
        Some(signal) => Failure::Crashed(signal),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills it, and takes note of its end so that the system forgets it.
fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
