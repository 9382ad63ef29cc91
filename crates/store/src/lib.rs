//! Everything on disk: sparse objects, which chunks of them are present, small metadata, who asked.
//!
//! An [`Object`] is one sparse file in the layout of its resource plus the knowledge which chunks
//! of it are held; a chunk is what its network can check by itself (a torrent piece, a block).
//!
//! # What "held" means
//! A chunk is [`Held::Checked`] when its hash was right and it was written, in this run or before
//! the last clean stop. The index on disk follows when nothing has arrived for a second, and every
//! 15 s while it does: the data is synced first, then the index says present; on the way out the
//! index says gone first, then the hole is punched.
//! After an unclean stop the index is only a hint: whatever has data on disk becomes
//! [`Held::Unchecked`] and is hashed again before it is served, so that neither a damaged index nor
//! a torn write can reach a reader.
//!
//! # What may be on disk
//! Everything takes room through one gauge: whoever is about to write a chunk takes room for all of
//! it first ([`Object::reserve`]), and gets none beyond `disk.limit` or below `disk.keep_free`. What
//! is charged is set right by what the file system has really allocated, and the running total is
//! derived from the files at every start. A collector makes room before it is needed: it chooses by
//! a pure function of plain values (`policy`), never what is pinned or lies in the window of a
//! reader ([`Window`]), and gives up chunks in an order that is safe at every moment:
//! taken back from peers ([`Announcer`]) → gone in the index, synced → hole punched → may be fetched
//! again. So whatever is announced to peers is present; and a byte that is read while its chunk is
//! given up is thrown away by whoever reads it ([`Object::read_checked`]).
//!
//! # Limitations
//! Where the file system cannot punch holes (not Linux) the space of an item is freed only when all
//! of it goes.

#![forbid(unsafe_code)]

mod announce;
mod bits;
mod blocks;
mod buffers;
mod catalog;
mod clock;
mod collect;
mod derived;
mod dirty;
mod error;
mod gauge;
mod history;
mod index;
mod layout;
mod lease;
mod ledger;
mod object;
mod pins;
mod platform;
mod policy;
mod presence;
mod recency;
mod report;
mod size;
mod store;
mod window;

pub use announce::{Announcer, Withdrawn};
pub use blocks::{BlockCheck, Blocks, LONGEST_BLOCK, Place};
pub use derived::{DERIVED, kinship};
pub use error::OpenError;
pub use layout::Layout;
pub use lease::Lease;
pub use ledger::Reading;
pub use object::{Check, Object};
pub use policy::Policy;
pub use presence::Held;
pub use report::{
    Collection, DiskUse, ItemReport, Kept, Reason, Removed, SiteReport, SiteUse, StreamReport,
    Traffic, Waiting,
};
pub use store::{RemoveError, Settings, Store};
pub use window::Window;
