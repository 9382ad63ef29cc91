//! A streaming-first BitTorrent engine: peers, pieces and deadlines. It knows nothing of HTTP
//! servers, and what is on disk it is told by a [`Content`].
//!
//! A [`Session`] holds what all torrents share: one port for peers, the DHT, the limits. It finds a
//! torrent's metadata by its infohash ([`Finder::metadata`]) and joins its [`Swarm`]. A [`Reader`] of
//! a swarm says where somebody reads; what lies ahead of it is fetched, nearest first, and arrives in
//! the content.
//!
//! ```text
//! Session ─┬─ Finder    peers and metadata by infohash ── tracker, DHT, metadata
//!          └─ Swarm     one torrent ─┬─ schedule   what is asked of whom: a pure function
//!                                    ├─ choke      who may download from us: a pure function
//!                                    ├─ book       addresses, and when each may be tried
//!                                    └─ wire, crypt, net, webseed   how peers are talked to
//! ```
//!
//! # Limitations
//! Torrents of version 2 only (BEP 52) are not joined; their pieces and hashes are a matter of the
//! [`Content`], so that nothing here speaks against them. Peers behind two NATs are not reached
//! (BEP 55).

#![forbid(unsafe_code)]

mod bits;
mod book;
mod choke;
mod content;
mod crypt;
mod finder;
mod home;
mod http;
mod limiter;
mod metadata;
mod net;
mod pieces;
mod policy;
mod schedule;
mod session;
mod swarm;
mod tracker;
mod webseed;
mod wire;

pub use bits::Bits;
pub use content::{Content, Holding};
pub use finder::Finder;
pub use home::Home;
pub use net::Encryption;
pub use pieces::{BLOCK, Block, Pieces};
pub use policy::{Policy, Scope};
pub use session::{Options, Session, StartError};
pub use swarm::{Forgetting, Need, Reader, Sources, Swarm, Torrent, Totals, Vitals};
pub use webseed::WebFile;
