//! The vocabulary that every other crate speaks: what a backend is, what it finds, how that is read.
//!
//! ```text
//!                        agent            main, command line, configuration
//!            ┌─────────────┼─────────────┐
//!         gateway      management     bittorrent …   (backends never see the gateway or each other)
//!            └─────────────┼─────────────┘
//!                        store            everything on disk
//!                          │
//!                        core             this crate: names only, no I/O, no runtime
//! ```
//!
//! A request goes through them once, downwards:
//! [`Backend::canonical`] gives every spelling of an id one [`Id`], [`Backend::resolve`] finds the
//! [`Node`] without reading its body, [`walk`] follows a path below it, and [`File::open`] does the
//! reading. Finding and reading are separate steps, so that a `HEAD` costs no more than metadata.

#![forbid(unsafe_code)]

mod backend;
mod dial;
mod error;
mod expand;
mod id;
mod known;
pub mod natural;
mod node;
mod proof;
mod reach;
mod site;
mod tree;

pub use backend::{Backend, Document, Hints, State, Status};
pub use dial::Dial;
pub use error::{Error, Result};
pub use expand::{Expand, NoArchives};
pub use id::{Id, Item};
pub use known::{Recognized, Vitals};
pub use node::{
    ByteStream, Details, Dir, Entry, EntryKind, File, Freshness, Meta, Node, Priority, ReadCx,
};
pub use proof::{Data, DataForm, EntityBytes, Proof, ProofBody, ProofForm, Scope, Trace};
pub use reach::Reach;
pub use site::{Evidence, Site};
pub use tree::{FoundFile, enter, files, largest, walk};
