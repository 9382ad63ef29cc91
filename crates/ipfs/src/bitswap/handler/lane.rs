//! One outbound stream: opened when there is something to say, kept, and opened anew when it breaks.

use std::{
    io, mem,
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::BoxFuture};
use libp2p::Stream;

use crate::bitswap::{frame, message::Message, version::Version};

/// How many times in a row a stream may break.
const ATTEMPTS: u32 = 3;

/// An outbound stream and the message on it.
pub(super) struct Lane {
    state: State,
    /// What was not written in whole.
    current: Option<Message>,
    failures: u32,
    /// Whether it is to be open even with nothing to say.
    is_eager: bool,
}

enum State {
    Closed,
    Opening,
    Open(Stream, Version),
    Writing(BoxFuture<'static, io::Result<(Stream, Version)>>),
    Broken,
}

/// What is to be done for a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Opens it.
    Open,
    /// A message was written.
    Written,
    /// It broke too many times.
    Broken,
}

impl Lane {
    pub(super) fn new(is_eager: bool) -> Self {
        Self {
            state: State::Closed,
            current: None,
            failures: 0,
            is_eager,
        }
    }

    /// Whether a message waits for it or is on it.
    pub(super) fn is_busy(&self) -> bool {
        self.current.is_some() && !matches!(self.state, State::Broken)
    }

    /// The stream is open.
    pub(super) fn opened(&mut self, mut stream: Stream, version: Version) {
        // An open stream is no reason to keep a connection: what is said on it is.
        stream.ignore_for_keep_alive();
        self.is_eager = false;
        self.state = State::Open(stream, version);
    }

    /// The stream could not be opened, and cannot be where the peer knows no version.
    pub(super) fn refused(&mut self, is_final: bool) {
        self.failures = if is_final {
            ATTEMPTS
        } else {
            self.failures + 1
        };
        self.state = State::Closed;
    }

    /// Takes the next message as soon as the one before it is written.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        next: impl FnOnce() -> Option<Message>,
    ) -> Poll<Step> {
        if self.current.is_none() && !matches!(self.state, State::Broken) {
            self.current = next();
        }
        loop {
            match mem::replace(&mut self.state, State::Broken) {
                State::Closed if self.failures >= ATTEMPTS => return Poll::Ready(Step::Broken),
                State::Closed if self.is_eager || self.current.is_some() => {
                    self.state = State::Opening;
                    return Poll::Ready(Step::Open);
                }
                State::Open(stream, version) => match &self.current {
                    Some(message) => {
                        let bytes = message.encode(version);
                        self.state = State::Writing(write(stream, version, bytes).boxed());
                    }
                    None => {
                        self.state = State::Open(stream, version);
                        return Poll::Pending;
                    }
                },
                State::Writing(mut writing) => match writing.poll_unpin(cx) {
                    Poll::Pending => {
                        self.state = State::Writing(writing);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok((stream, version))) => {
                        self.state = State::Open(stream, version);
                        self.current = None;
                        self.failures = 0;
                        return Poll::Ready(Step::Written);
                    }
                    Poll::Ready(Err(_)) => {
                        self.failures += 1;
                        self.state = State::Closed;
                    }
                },
                still => {
                    self.state = still;
                    return Poll::Pending;
                }
            }
        }
    }
}

async fn write(
    mut stream: Stream,
    version: Version,
    bytes: Vec<u8>,
) -> io::Result<(Stream, Version)> {
    frame::write(&mut stream, &bytes).await?;
    Ok((stream, version))
}
