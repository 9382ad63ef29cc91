//! A streaming-first BitTorrent engine: peers, pieces and deadlines. It knows nothing of HTTP
//! servers, and what is on disk it is told by a [`Content`].

mod bits;
mod content;
mod pieces;

pub use bits::Bits;
pub use content::{Content, Holding};
pub use pieces::{BLOCK, Block, Pieces};
