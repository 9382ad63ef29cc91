//! A body that is as long as its head says, or an error.

use std::{
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::HttpBody;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http_body::{Frame, SizeHint};
use universal_p2p_core::{ByteStream, Error, File, ReadCx, Result};

use crate::limits::Permit;

/// Opens ranges of a file as one stream: the first now, so that its failure can still become a
/// status, each other one when its turn comes.
///
/// # Errors
/// Whatever kept the first byte away.
pub(crate) async fn open(
    file: Arc<dyn File>,
    ranges: Vec<Range<u64>>,
    cx: ReadCx,
) -> Result<ByteStream> {
    let mut ranges = ranges.into_iter().filter(|range| !range.is_empty());
    let Some(first) = ranges.next() else {
        return Ok(stream::empty().boxed());
    };
    let first = open_one(&file, first, &cx).await?;
    let mut ranges = ranges.peekable();
    if ranges.peek().is_none() {
        return Ok(first);
    }
    let later = stream::iter(ranges).then(move |range| {
        let file = Arc::clone(&file);
        async move { open_one(&file, range, &cx).await }
    });
    Ok(first.chain(later.try_flatten()).boxed())
}

async fn open_one(file: &Arc<dyn File>, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
    let remaining = range.end - range.start;
    let source = file.open(range, cx).await?;
    Ok(Exact { source, remaining }.boxed())
}

/// A stream that gives exactly so many bytes, or an error at the place where they are missing.
struct Exact {
    source: ByteStream,
    remaining: u64,
}

impl Stream for Exact {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        self.source.poll_next_unpin(cx).map(|next| match next {
            Some(Ok(mut bytes)) => {
                if let Ok(limit) = usize::try_from(self.remaining)
                    && bytes.len() > limit
                {
                    tracing::error!(surplus = bytes.len() - limit, "a stream gave too much");
                    bytes.truncate(limit);
                }
                self.remaining -= bytes.len() as u64;
                Some(Ok(bytes))
            }
            None => Some(Err(Error::internal(
                "reading a body",
                format!("the stream ended {} bytes early", self.remaining),
            ))),
            failed => failed,
        })
    }
}

/// The body of an answer. Dropping it drops the stream, and with it all work that is done for it.
pub(crate) struct Content {
    source: ByteStream,
    /// Bytes to come, where that is known.
    remaining: Option<u64>,
    _permit: Permit,
}

impl Content {
    /// A body of exactly `length` bytes, or of all that there are.
    pub(crate) fn new(source: ByteStream, length: impl Into<Option<u64>>, permit: Permit) -> Self {
        Self {
            source,
            remaining: length.into(),
            _permit: permit,
        }
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.source.poll_next_unpin(cx).map(|next| match next? {
            Ok(bytes) => {
                let length = bytes.len() as u64;
                self.remaining = self.remaining.map(|left| left.saturating_sub(length));
                Some(Ok(Frame::data(bytes)))
            }
            Err(error) => {
                tracing::warn!(%error, missing = ?self.remaining, "a body broke off");
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
