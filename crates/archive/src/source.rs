//! The bytes that an archive is made of: a file of any backend, read at offsets.

use std::{ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use universal_p2p_core::{ByteStream, Error, File, ReadCx, Result};

/// A file that is read at offsets.
#[derive(Clone)]
pub struct Source {
    file: Arc<dyn File>,
}

impl Source {
    /// The bytes of a file.
    #[must_use]
    pub fn new(file: Arc<dyn File>) -> Self {
        Self { file }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.file.meta().length
    }

    /// Opens a range of it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a range past the end, which only an archive can ask for that lies about
    /// itself; whatever kept the first byte away.
    pub async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        if range.start > range.end || range.end > self.length() {
            return Err(Error::Corrupt {
                what: "the archive points past its own end".into(),
            });
        }
        self.file.open(range, cx).await
    }

    /// Reads a small range whole.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub async fn read(&self, range: Range<u64>, cx: &ReadCx) -> Result<Bytes> {
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let length = length.map_err(|error| Error::internal("reading an archive", error))?;
        let mut stream = self.open(range, cx).await?;
        let mut all = BytesMut::with_capacity(length);
        while let Some(bytes) = stream.next().await {
            all.extend_from_slice(&bytes?);
        }
        Ok(all.freeze())
    }
}
