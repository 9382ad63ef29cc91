//! A lease on an item: while one is held somebody is reading it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use universal_p2p_core::{ByteStream, Item, Result, Site};

use crate::{Store, ledger::Use};

/// Somebody reads an item. Dropping it books the access, the bytes and the site.
#[must_use = "a lease ends when it is dropped; keep it with the body it stands for"]
pub struct Lease {
    store: Arc<Store>,
    item: Item,
    site: Site,
    bytes: u64,
}

impl Lease {
    pub(crate) fn new(store: Arc<Store>, item: Item, site: Site) -> Self {
        Self {
            store,
            item,
            site,
            bytes: 0,
        }
    }

    /// Counts the bytes of a body and lives as long as it.
    #[must_use]
    pub fn track(self, body: ByteStream) -> ByteStream {
        Tracked { lease: self, body }.boxed()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.store
            .book(self.item.clone(), self.site.clone(), Use::now(self.bytes));
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
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.lease.bytes += bytes.len() as u64;
        }
        next
    }
}
