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
//! # Limitations
//! The disk limit and the choice of what to give up are not here yet; a chunk can already be
//! forgotten ([`Object::forget`]).

mod bits;
mod buffers;
mod dirty;
mod error;
mod index;
mod layout;
mod lease;
mod ledger;
mod object;
mod platform;
mod policy;
mod presence;
mod recency;
mod store;

pub use error::OpenError;
pub use layout::Layout;
pub use lease::Lease;
pub use object::{Check, Object};
pub use policy::Policy;
pub use presence::Held;
pub use store::Store;
