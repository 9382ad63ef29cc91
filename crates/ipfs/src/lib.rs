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
mod block;
mod source;

pub use address::canonical;
pub use block::{Block, Mismatch};
pub use source::{BlockSource, Urgency, Want};
