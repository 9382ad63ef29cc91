//! A lease on an item: while one is held somebody is reading it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use universal_p2p_core::{ByteStream, Item, Result, Site};

use crate::ledger::{Ledger, Open, Reading};

/// Somebody reads an item. The bytes are booked while it is held, what remains when it is dropped.
#[must_use = "a lease ends when it is dropped; keep it with the body it stands for"]
pub struct Lease {
    ledger: Arc<Ledger>,
    stream: Arc<Open>,
}

impl Lease {
    pub(crate) fn new(ledger: Arc<Ledger>, item: Item, site: Site) -> Self {
        let stream = ledger.open(item, site);
        Self { ledger, stream }
    }

    /// Says which path below the item is looked for, for whoever looks at streams. It is hostile text.
    pub fn seek(&self, path: &str) {
        self.stream.seek(path);
    }

    /// Says what was found, and what is read of it.
    pub fn find(&self, reading: Reading) {
        self.stream.find(reading);
    }

    /// Counts the bytes of a body and lives as long as it.
    #[must_use]
    pub fn track(self, body: ByteStream) -> ByteStream {
        Tracked { lease: self, body }.boxed()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ledger.end(&self.stream);
    }
}

/// A body together with its lease.
struct Tracked {
    lease: Lease,
    body: ByteStream,
}

impl Stream for Tracked {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.body.poll_next_unpin(cx);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.lease.stream.serve(bytes.len() as u64),
            Poll::Pending => self.lease.stream.starve(),
            Poll::Ready(_) => {}
        }
        next
    }
}
