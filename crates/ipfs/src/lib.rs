//! IPFS behind the gateway: blocks from several sources, every one of them hashed, read as files.
//!
//! ```text
//! Backend ─ path ─→ UnixFS reader ─ window of wanted blocks ─→ BlockSource
//!                                                                ├ blocks on disk
//!                                                                ├ node: libp2p, Kademlia, bitswap
//!                                                                ├ a Kubo daemon
//!                                                                └ trustless gateways
//! ```

mod address;
mod backend;
mod block;
mod config;
mod local;
mod source;
mod sources;
#[cfg(test)]
mod testing;
mod unixfs;

pub use address::canonical;
pub use backend::Ipfs;
pub use block::{Block, Mismatch};
pub use config::Settings;
pub use local::Local;
pub use source::{BlockSource, Urgency, Want};
pub use sources::Sources;
