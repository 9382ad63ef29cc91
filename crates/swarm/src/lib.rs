//! A streaming-first BitTorrent engine: peers, pieces and deadlines. It knows nothing of HTTP
//! servers, and what is on disk it is told by a [`Content`].

mod bits;
mod book;
mod choke;
mod content;
mod crypt;
mod net;
mod pieces;
mod policy;
mod schedule;
mod tracker;
mod webseed;
mod wire;

pub use bits::Bits;
pub use content::{Content, Holding};
pub use pieces::{BLOCK, Block, Pieces};
pub use policy::{Policy, Scope};
