//! IPFS behind the gateway: blocks from several sources, every one of them hashed, read as files.
//!
//! ```text
//! Backend ─ path ─→ UnixFS reader ─ window of wanted blocks ─→ BlockSource
//!                                                                ├ blocks on disk
//!                                                                ├ node: libp2p, Kademlia, bitswap
//!                                                                ├ a Kubo daemon
//!                                                                └ trustless gateways
//! ```

mod activity;
mod address;
mod backend;
mod bitswap;
mod block;
mod config;
mod export;
mod gateway;
mod ipld;
mod ipns;
mod kubo;
mod link;
mod local;
mod node;
mod queue;
mod server;
mod source;
mod sources;
#[cfg(test)]
mod testing;
mod unixfs;

pub use address::canonical;
pub use backend::Ipfs;
pub use block::{Block, Mismatch};
pub use config::Settings;
pub use export::{Archive, Extent};
pub use gateway::{Gateway, GatewaySettings};
pub use ipns::{BadRecord, Dns, Ipns, Kept, Name, Names, Record, Records, Resolver, Texts};
pub use kubo::{Kubo, KuboSettings};
pub use libp2p::{Multiaddr, PeerId, identity::Keypair};
pub use local::{Disk, Lent, Local, Stored};
pub use node::{Held, Identity, Node, NodeSettings, Scope, StartError};
pub use server::BadSource;
pub use source::{BlockSource, Part, Urgency, Want};
pub use sources::Sources;
