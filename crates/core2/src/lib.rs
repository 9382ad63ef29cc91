//! What dependencies use of `core2` 0.4: the names of the standard library's errors and I/O.
//!
//! That crate offers them without the standard library and was taken back from the registry, while
//! `multihash` 0.16 below the Kubo client still builds on it. Every program here has the standard
//! library, so its own items do.

pub use std::{error, io};
