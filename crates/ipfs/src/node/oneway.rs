//! Streams on which the peer only speaks.
//!
//! Go's libp2p opens a stream for every answer, names the protocol, sends the answer and closes the
//! stream, for reading too. Over QUIC the confirmation of the protocol then fails to be written, and
//! the negotiation with it, although the answer is here: nothing would ever be had of such a peer. Over
//! TCP what nobody reads vanishes. It does here too.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{AsyncRead, AsyncWrite};
use libp2p::core::{StreamMuxer, muxing::StreamMuxerEvent};

/// A connection whose inbound streams take what the peer does not want to read.
pub(super) struct OneWay<M>(M);

impl<M> OneWay<M> {
    pub(super) fn new(muxer: M) -> Self {
        Self(muxer)
    }
}

/// A stream of it.
pub(super) struct OneWayStream<S> {
    stream: S,
    is_inbound: bool,
    is_unread: bool,
}

impl<S> OneWayStream<S> {
    fn new(stream: S, is_inbound: bool) -> Self {
        Self {
            stream,
            is_inbound,
            is_unread: false,
        }
    }

    /// What a write of so many bytes comes to.
    fn pass<T>(&mut self, result: io::Result<T>, done: T) -> io::Result<T> {
        match result {
            Err(error) if self.is_inbound && error.kind() == io::ErrorKind::ConnectionReset => {
                self.is_unread = true;
                Ok(done)
            }
            other => other,
        }
    }
}

impl<M> StreamMuxer for OneWay<M>
where
    M: StreamMuxer + Unpin,
    M::Substream: Unpin,
{
    type Substream = OneWayStream<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        let inbound = Pin::new(&mut self.0).poll_inbound(cx);
        inbound.map_ok(|stream| OneWayStream::new(stream, true))
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        let outbound = Pin::new(&mut self.0).poll_outbound(cx);
        outbound.map_ok(|stream| OneWayStream::new(stream, false))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        Pin::new(&mut self.0).poll_close(cx)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, M::Error>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OneWayStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OneWayStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_unread {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        written.map(|result| self.pass(result, bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_unread {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        flushed.map(|result| self.pass(result, ()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_unread {
            return Poll::Ready(Ok(()));
        }
        let closed = Pin::new(&mut self.stream).poll_close(cx);
        closed.map(|result| self.pass(result, ()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::AsyncWriteExt;

    use super::*;

    /// A stream of which the peer reads nothing.
    struct Unread;

    impl AsyncWrite for Unread {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }

    #[tokio::test]
    async fn only_where_the_peer_speaks_it_does_not_matter_that_it_does_not_read() {
        let mut inbound = OneWayStream::new(Unread, true);
        assert!(inbound.write_all(b"confirmed").await.is_ok());
        assert!(inbound.flush().await.is_ok());
        assert!(inbound.close().await.is_ok());
        let mut outbound = OneWayStream::new(Unread, false);
        assert!(outbound.write_all(b"wanted").await.is_err());
    }
}
