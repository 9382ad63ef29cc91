//! Files that are in memory, and files under another entity tag.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{ByteStream, File, Meta, ReadCx, Result};

use crate::disposition::Disposition;

/// A file that is to be sent, and what is known of it beside its own word.
pub(crate) struct Sought {
    pub(crate) file: Arc<dyn File>,
    /// Its media type, where that does not depend on its name.
    pub(crate) media_type: Option<&'static str>,
    /// Whether it is shown, where its address does not say it.
    pub(crate) disposition: Disposition,
}

impl Sought {
    /// A file of which nothing else is known.
    pub(crate) fn new(file: Arc<dyn File>) -> Self {
        Self {
            file,
            media_type: None,
            disposition: Disposition::Inline,
        }
    }

    /// The same under another entity tag.
    pub(crate) fn tagged(self, etag: String) -> Self {
        let meta = Meta {
            etag,
            ..self.file.meta().clone()
        };
        Self {
            file: Arc::new(Tagged {
                meta,
                file: self.file,
            }),
            ..self
        }
    }
}

/// Bytes as a file.
pub(crate) struct Held {
    pub(crate) meta: Meta,
    pub(crate) bytes: Bytes,
}

#[async_trait]
impl File for Held {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        let place = |at: u64| {
            usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(self.bytes.len())
        };
        let part = self.bytes.slice(place(range.start)..place(range.end));
        let parts = Some(part).filter(|part| !part.is_empty()).map(Ok);
        Ok(stream::iter(parts).boxed())
    }
}

struct Tagged {
    meta: Meta,
    file: Arc<dyn File>,
}

#[async_trait]
impl File for Tagged {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        self.file.open(range, cx).await
    }
}
