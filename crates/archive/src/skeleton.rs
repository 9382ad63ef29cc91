//! The bytes of an archive that its index was read from, kept so that it can be read from them again.
//!
//! An index is not written to disk in a form of its own. What is kept is what the formats read: the
//! same code reads it again, without a network and without the archive, and what it misses it reads
//! where it did the first time. A skeleton that is damaged, old or given up is only a miss.

mod code;
mod disk;
mod spans;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::magic::Format;
use spans::Spans;

pub(crate) use disk::{keep, load, touch};

/// What an archive is, which was found out by reading it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) format: Format,
    /// Whether its files are one that was cut.
    pub(crate) is_cut: bool,
}

/// What was read of each file of an archive, while its index is read.
pub(crate) struct Skeleton {
    /// None once it is sealed: then it knows nothing and takes note of nothing.
    parts: Mutex<Option<Parts>>,
}

/// What a skeleton is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    kind: Kind,
    /// By the number of the file.
    files: Vec<Spans>,
    /// Of what comes out where all of it is packed, and how long that is.
    unpacked: Spans,
    unpacked_length: Option<u64>,
    /// Bytes that may still come in.
    left: u64,
    /// Whether anything came in that was not there.
    has_grown: bool,
}

impl Skeleton {
    /// Of an archive of which nothing was read yet. It takes note of so many bytes at most.
    pub(crate) fn new(kind: Kind, most: u64) -> Arc<Self> {
        Self::of(Parts {
            kind,
            files: Vec::new(),
            unpacked: Spans::default(),
            unpacked_length: None,
            left: most,
            has_grown: false,
        })
    }

    fn of(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts: Mutex::new(Some(parts)),
        })
    }

    fn parts(&self) -> MutexGuard<'_, Option<Parts>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies what is known of a file from a place on, and says how much that was.
    pub(crate) fn copy(&self, file: usize, at: u64, into: &mut [u8]) -> usize {
        let parts = self.parts();
        let spans = parts.as_ref().and_then(|parts| parts.files.get(file));
        spans.map_or(0, |spans| spans.copy(at, into))
    }

    /// Takes note of bytes of a file.
    pub(crate) fn note(&self, file: usize, at: u64, bytes: &[u8]) {
        let mut parts = self.parts();
        let Some(parts) = parts.as_mut() else { return };
        if parts.files.len() <= file {
            parts.files.resize_with(file + 1, Spans::default);
        }
        if let Some(spans) = parts.files.get_mut(file) {
            parts.has_grown |= spans.note(at, bytes, &mut parts.left);
        }
    }

    /// How long what comes out is, where the archive is packed as a whole and that is known.
    #[cfg(feature = "tar")]
    pub(crate) fn unpacked_length(&self) -> Option<u64> {
        self.parts().as_ref()?.unpacked_length
    }

    /// Copies what is known of what comes out, as [`Skeleton::copy`].
    #[cfg(feature = "tar")]
    pub(crate) fn copy_unpacked(&self, at: u64, into: &mut [u8]) -> usize {
        let parts = self.parts();
        let parts = parts.as_ref();
        parts.map_or(0, |parts| parts.unpacked.copy(at, into))
    }

    /// Takes note of bytes that came out.
    #[cfg(feature = "tar")]
    pub(crate) fn note_unpacked(&self, at: u64, bytes: &[u8]) {
        if let Some(parts) = self.parts().as_mut() {
            parts.has_grown |= parts.unpacked.note(at, bytes, &mut parts.left);
        }
    }

    /// Takes note of how much came out.
    #[cfg(feature = "tar")]
    pub(crate) fn note_unpacked_length(&self, length: u64) {
        if let Some(parts) = self.parts().as_mut() {
            parts.has_grown |= parts.unpacked_length.replace(length) != Some(length);
        }
    }

    /// Ends the notes. What was read is given out where it is to be kept: where something came in,
    /// and not more than there was room for.
    pub(crate) fn seal(&self) -> Option<Parts> {
        let parts = self.parts().take()?;
        (parts.has_grown && parts.left > 0).then_some(parts)
    }
}
