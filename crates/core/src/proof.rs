//! Content in forms that its reader checks by itself.

use bytes::Bytes;

use crate::{ByteStream, Freshness};

/// A form of content that carries what is needed to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofForm {
    /// One block, whose hash is its name.
    Block,
    /// An archive of blocks: those on the way of the path, and of what it leads to.
    Archive {
        /// How much of that.
        scope: Scope,
        /// Which bytes, where that is a file and [`Scope::Entity`] of it is wanted.
        bytes: Option<EntityBytes>,
        /// Whether a block comes every time it is met, and not only the first time.
        repeats: bool,
    },
    /// The signed record of a name.
    Record,
    /// A file or a directory with all that is in it, as a tape archive.
    Tape,
}

/// How much of what a path leads to an archive has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The blocks on the way, and the one that the path leads to.
    Block,
    /// All of a file, or what a directory is listed from.
    Entity,
    /// Everything that it links to.
    All,
}

/// A range of a file. Numbers below zero count from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityBytes {
    /// The first byte.
    pub from: i64,
    /// The last byte, which belongs to it; none is the last of the file.
    pub to: Option<i64>,
}

/// Content in such a form.
pub struct Proof {
    /// Its media type.
    pub media_type: &'static str,
    /// An entity tag without its quotes, as in [`crate::Meta`].
    pub etag: String,
    /// Whether equal tags mean equal content in other bytes.
    pub is_weak: bool,
    /// A name to save it under.
    pub filename: String,
    /// For how long its address names it.
    pub freshness: Freshness,
    /// What each segment of its path stands for, the root first.
    pub roots: Vec<String>,
    /// All of it.
    pub body: ProofBody,
}

/// The bytes of a [`Proof`].
pub enum ProofBody {
    /// All of them, of which a part may be given.
    Whole(Bytes),
    /// As they are found, of unknown length. It breaks off with an error where something is missing.
    Stream(ByteStream),
}

/// What a path stands for.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The content address of each segment, the root first; none where there are no such addresses.
    pub roots: Vec<String>,
    /// For how long the path leads there.
    pub freshness: Freshness,
    /// What it leads to, where that is neither file nor directory.
    pub data: Option<Data>,
}

impl Trace {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            roots: Vec::new(),
            freshness: Freshness::Immutable,
            data: None,
        }
    }
}

/// A block of structured data.
#[derive(Clone, Debug)]
pub struct Data {
    /// How it is written.
    pub form: DataForm,
    /// All of it.
    pub bytes: Bytes,
}

/// How structured data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataForm {
    /// JSON (RFC 8259).
    Json,
    /// CBOR (RFC 8949).
    Cbor,
    /// JSON with links and bytes (IPLD).
    DagJson,
    /// CBOR with links (IPLD).
    DagCbor,
}
