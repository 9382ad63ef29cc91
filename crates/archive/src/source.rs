//! The bytes that an archive is made of: a file of any backend, read at offsets.

use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use universal_p2p_core::{ByteStream, Error, File, ReadCx, Result};

use crate::skeleton::Skeleton;

/// A file that is read at offsets.
///
/// An index outlives the request that it was read for, and what a backend gives out does not have to:
/// so the file can be renewed, for every clone of the source at once.
#[derive(Clone)]
pub struct Source {
    file: Arc<RwLock<Arc<dyn File>>>,
    length: u64,
    notes: Option<Notes>,
}

/// Where it is noted what an index is read from, for one file of an archive.
#[derive(Clone)]
pub(crate) struct Notes {
    pub(crate) skeleton: Arc<Skeleton>,
    /// The number of the file.
    pub(crate) file: usize,
}

impl Source {
    /// The bytes of a file.
    #[must_use]
    pub fn new(file: Arc<dyn File>) -> Self {
        let length = file.meta().length;
        Self {
            file: Arc::new(RwLock::new(file)),
            length,
            notes: None,
        }
    }

    /// The same file, whose small ranges are read from a skeleton where that knows them, and noted
    /// there where not.
    #[must_use]
    pub(crate) fn noted(&self, notes: Notes) -> Self {
        Self {
            notes: Some(notes),
            ..self.clone()
        }
    }

    /// The same file without notes, and those.
    pub(crate) fn without_notes(mut self) -> (Self, Option<Notes>) {
        let notes = self.notes.take();
        (self, notes)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> Arc<dyn File> {
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&file)
    }

    /// Reads from another file from now on, which has the same bytes.
    pub(crate) fn renew(&self, file: Arc<dyn File>) {
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = file;
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
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
        self.file().open(range, cx).await
    }

    /// Reads a small range whole.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub async fn read(&self, range: Range<u64>, cx: &ReadCx) -> Result<Bytes> {
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let length = length.map_err(|error| Error::internal("reading an archive", error))?;
        if let Some(known) = self.known(&range, length) {
            return Ok(known);
        }
        let at = range.start;
        let mut stream = self.open(range, cx).await?;
        let mut all = BytesMut::with_capacity(length);
        while let Some(bytes) = stream.next().await {
            all.extend_from_slice(&bytes?);
        }
        if let Some(notes) = &self.notes {
            notes.skeleton.note(notes.file, at, &all);
        }
        Ok(all.freeze())
    }

    /// What is known of a range, where that is all of it.
    fn known(&self, range: &Range<u64>, length: usize) -> Option<Bytes> {
        let notes = self.notes.as_ref()?;
        if range.end > self.length {
            return None;
        }
        let mut all = vec![0; length];
        let mut at = 0;
        while at < length {
            let place = range.start + at as u64;
            match notes.skeleton.copy(notes.file, place, all.get_mut(at..)?) {
                0 => return None,
                copied => at += copied,
            }
        }
        Some(all.into())
    }
}
