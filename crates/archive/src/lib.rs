//! A file opened as a directory: what lies in an archive has an address of its own.
//!
//! ```text
//! Archives::open(file) ─ magic ─ a format's index ─→ Index { entries } ─→ ArchiveDir ─→ EntryFile
//!                                                       Content::Map      ranges of outer files
//! ```
//! An index is read on a blocking thread through a [`SyncReader`](sync_reader::SyncReader), bounded in number, and kept while
//! it is in use; what an entry's bytes are made of is decided there, and reading them is async. What
//! it was read from is kept in the store (`skeleton`), so that it is read again after a restart
//! without the archive and without a network.
//!
//! What is stored is read as ranges of the outer files, also over the volumes of a RAR set; deflate is
//! inflated from the nearest checkpoint; everything else is decoded once, forwards, into the store,
//! where readers follow.
//!
//! Each parser is fuzzed by the modules called `fuzz` in every run of the tests, and for longer by
//! `PROPTEST_CASES=50000 cargo test -p universal-p2p-archive fuzz` (256 stands for the usual number).
//!
//! Each format is a feature: `rar`, `seven`, `tar` and `zip`; what is left out is not supported. With
//! `unrar` a second decoder of RAR is built in, under terms of its own, which is asked where the first
//! one fails; it runs on Linux alone.
//!
//! # Limitations
//! RAR 1.4 and older is refused, so are parts of a ZIP that was split as ZIPs are, entries that ZIP
//! packed in ways from before DEFLATE or in ways for pictures and sound, and those that 7z packed with
//! Brotli or LZ4. Links of every kind are not shown, hard ones within a RAR or tar included. A packed
//! tar is decoded twice, once to list it, where there is little room on the disk. Passwords are not
//! taken.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "rar", feature = "seven", feature = "tar", feature = "zip")),
    expect(
        dead_code,
        unused_variables,
        reason = "without any format archives are only told from other files"
    )
)]

mod archives;
mod content;
mod failures;
mod index;
#[cfg(feature = "zip")]
mod inflate;
mod joined;
mod limits;
mod magic;
mod map;
mod memory;
mod names;
#[cfg(feature = "rar")]
mod rar;
#[cfg(feature = "seven")]
mod seven;
mod skeleton;
mod slots;
mod source;
mod spool;
mod sync_reader;
#[cfg(feature = "tar")]
mod tar;
#[cfg(test)]
mod testing;
mod tree;
#[cfg(feature = "zip")]
mod zip;

pub use archives::{Archives, Settings};
pub use index::{Entry, Index, State};
pub use limits::Limits;
pub use source::Source;
pub use spool::Spools;
