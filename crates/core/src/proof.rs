//! Content in forms that its reader checks by itself.

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
    },
    /// The signed record of a name.
    Record,
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
    /// Its length in bytes, where that is known before it is sent.
    pub length: Option<u64>,
    /// For how long its address names it.
    pub freshness: Freshness,
    /// What each segment of its path stands for, the root first.
    pub roots: Vec<String>,
    /// All of it. It breaks off with an error where something is missing.
    pub stream: ByteStream,
}
