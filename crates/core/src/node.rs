//! What a backend finds: files and directories, and how a file is read.

use std::{ops::Range, sync::Arc, time::Duration, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::{Item, Result};

/// The bytes of a range, in order.
///
/// It ends after exactly the range's length, or with an error: a reader that sees it end earlier
/// without an error has found a bug. Dropping it frees everything that was done for it.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// A file or a directory.
#[derive(Clone)]
pub enum Node {
    /// Something with bytes.
    File(Arc<dyn File>),
    /// Something with entries.
    Dir(Arc<dyn Dir>),
}

/// For how long an answer stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// For ever: the address is made from the content.
    Immutable,
    /// For this long: the address is a name that may point elsewhere later.
    For(Duration),
}

/// What is known of a file before it is read.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The file's own name (hostile text), empty where it has none.
    pub name: String,
    /// Length in bytes.
    pub length: u64,
    /// A strong entity tag without its quotes: printable ASCII, no `"`. Equal tags mean equal bytes.
    pub etag: String,
    /// What its bytes are kept and booked with, which need not be what its address names; none where
    /// nothing of it is kept.
    pub item: Option<Item>,
    /// When it was last changed, where the network knows.
    pub modified: Option<SystemTime>,
    /// For how long the address names these bytes.
    pub freshness: Freshness,
}

/// How urgent a read is beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Nobody waits for it yet.
    Background,
    /// Somebody is looking at it.
    Interactive,
}

/// The conditions of one read. It is cancelled by dropping its future or stream.
#[derive(Clone, Copy, Debug)]
pub struct ReadCx {
    /// The longest wait for the first byte.
    pub first_byte: Duration,
    /// The longest wait between two bytes after that.
    pub stall: Duration,
    /// How urgent it is.
    pub priority: Priority,
}

/// Something with bytes.
#[async_trait]
pub trait File: Send + Sync {
    /// What is known without reading.
    fn meta(&self) -> &Meta;

    /// Opens a range, which lies within `0..meta().length`.
    ///
    /// Returns when the first byte is at hand, or at once for an empty range, so that a failure
    /// before that can still be answered with a status.
    ///
    /// # Errors
    /// Whatever kept the first byte away; see [`crate::Error`].
    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream>;

    /// The ranges of it that are on disk and were checked, in order and apart from each other; none
    /// where that cannot be told. Fetches nothing.
    async fn held(&self) -> Option<Vec<Range<u64>>> {
        None
    }

    /// Whether it is unpacked from its start to be read, for which a reader may have to wait.
    fn is_unpacked(&self) -> bool {
        false
    }
}

/// Whether an entry is a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file of this length in bytes.
    File {
        /// Length in bytes.
        length: u64,
    },
    /// A directory.
    Dir,
}

/// One line of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's name: hostile text without `/` and NUL, never empty, `.` or `..`.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// What else is known of it.
    pub details: Details,
}

impl Entry {
    /// An entry of which no more is known than what it is.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: EntryKind) -> Self {
        Self {
            name: name.into(),
            kind,
            details: Details::default(),
        }
    }
}

/// What only some directories know of an entry, such as those in archives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Bytes that it takes packed.
    pub packed: Option<u64>,
    /// How it is packed, as people call it, such as `stored` or `deflate`.
    pub method: Option<&'static str>,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
    /// Whether a range of it is read without all that comes before.
    pub seekable: Option<bool>,
    /// Its own content address, where the network has such: ASCII letters and digits.
    pub address: Option<String>,
}

/// Something with entries.
#[async_trait]
pub trait Dir: Send + Sync {
    /// The directory's own name (hostile text), empty where it has none.
    fn name(&self) -> &str;

    /// The entry of this name, if there is one.
    ///
    /// # Errors
    /// Whatever kept the directory from being read.
    async fn get(&self, name: &str) -> Result<Option<Node>>;

    /// All entries, sorted by name in byte order. Unsafe names, links and padding are left out.
    ///
    /// # Errors
    /// Whatever kept the directory from being read.
    async fn list(&self) -> Result<Vec<Entry>>;
}
