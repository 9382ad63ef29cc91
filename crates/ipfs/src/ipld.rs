//! Structured data in blocks: maps, lists and links that are neither files nor directories.

pub(crate) mod cbor;
