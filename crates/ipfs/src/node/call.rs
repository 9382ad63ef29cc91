//! What the node is asked for beside blocks.

use cid::Cid;
use libp2p::Multiaddr;

use tokio::sync::oneshot;

use super::searches::Reply;
use crate::bitswap::Hash;

/// One thing to do.
#[derive(Debug)]
pub(super) enum Call {
    /// These peers may have this root.
    Hint(Cid, Vec<Multiaddr>),
    /// It is held here, and that is to be announced.
    Provide(Cid),
    /// It is no longer held.
    Withdraw(Cid),
    /// It is asked how many peers have something of this root.
    Peers(Hash, oneshot::Sender<u64>),
    /// Values of a key of the DHT are wanted.
    Values(Vec<u8>, Reply),
}
