//! BitTorrent as a backend of the gateway.
//!
//! A request comes in as an infohash or a magnet link ([`BitTorrent::canonical`]); the metadata is
//! taken from disk or from peers (BEP 9), and every file of the torrent becomes a
//! [`universal_p2p_core::File`]. A read serves what is on disk straight from the store; for a piece
//! that is not there it asks the engine, which knows peers and nothing of readers.
//!
//! ```text
//! backend ── torrent ── reader ──┬─ store::Object    what is present
//!                                └─ engine::Engine   find metadata, join the swarm, fetch from here,
//!                                     │              leave; take pieces back that the store gives up
//!                                     ├─ streaming   the crate swarm
//!                                     └─ rqbit       stock librqbit
//! ```
//!
//! # Limitations
//! Torrents of version 2 only (BEP 52) are not served. With the stock engine one piece comes from one
//! peer, webseeds (BEP 19) are not used, a torrent with `..`, separators or repeated names in it is
//! refused as a whole, and a peer given in a URL while the torrent is live is only tried once nothing
//! else comes; and what it has it cannot give up, so that a torrent that is larger than what may be
//! on disk leaves its peers and meets them again whenever room is made.
//! What the user shares is read from the user's own files with both engines, but only the streaming
//! engine gives it to peers.
//!
//! [`BitTorrent::canonical`]: universal_p2p_core::Backend::canonical

#![forbid(unsafe_code)]

mod address;
mod backend;
mod config;
mod dottorrent;
mod engine;
mod file;
mod infohash;
mod magnet;
mod metainfo;
mod reader;
mod sources;
mod torrent;
mod tree;

pub use backend::BitTorrent;
pub use config::{Kind, Settings};
pub use engine::StartError;
pub use universal_p2p_swarm::{Encryption, Scope};
