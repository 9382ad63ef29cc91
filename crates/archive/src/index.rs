//! What an archive says of itself, in the same form for every format.

use std::{sync::Arc, time::SystemTime};

use crate::{content::Content, names::RawName};

/// The entries of one archive, in the archive's own order.
pub struct Index {
    /// The format's name, such as `zip`.
    pub(crate) format: &'static str,
    pub(crate) entries: Vec<Entry>,
}

/// What stands for all entries of an archive whose names nobody can read without a password.
pub(crate) const SEALED: &str = "encrypted";

impl Index {
    /// Whether even the names are encrypted.
    pub(crate) fn is_sealed(&self) -> bool {
        let sealed = |entry: &Entry| {
            entry.state == State::Encrypted
                && entry.method == SEALED
                && *entry.name.bytes == *SEALED.as_bytes()
        };
        matches!(self.entries.as_slice(), [only] if sealed(only))
    }
}

/// One entry of an archive. Everything in it is hostile.
pub struct Entry {
    /// Its name as the archive has it, not decoded and not checked.
    pub(crate) name: RawName,
    /// Whether it is a directory.
    pub(crate) is_dir: bool,
    /// Length in bytes when it is unpacked.
    pub(crate) length: u64,
    /// Bytes that it takes in the archive, where it takes any of its own.
    pub(crate) packed: Option<u64>,
    /// How it is packed, as people call it: `stored`, `deflate`, `lzma2`.
    pub(crate) method: &'static str,
    /// When it was last changed, as far as the archive knows.
    pub(crate) modified: Option<SystemTime>,
    /// A checksum of its bytes, for its entity tag: the archive's own, of whatever kind.
    pub(crate) checksum: u64,
    /// Whether it can be read, and why not.
    pub(crate) state: State,
    /// What its bytes are made of.
    pub(crate) content: Arc<Content>,
}

/// Whether an entry can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can.
    Ready,
    /// It is a link, a device or has an unsafe name: it is not shown.
    Hidden,
    /// It needs a password: 403.
    Encrypted,
    /// A part of it is in a volume that is not there: 502.
    Incomplete,
    /// It is packed in a way that is not supported: 501.
    Unsupported,
    /// More would come out of it than is unpacked to disk: 501.
    TooLong,
    /// Its decoder would take more memory than one may: 501.
    TooMuchMemory,
    /// It claims to be packed better than anything honest is: 502.
    Bomb,
}
