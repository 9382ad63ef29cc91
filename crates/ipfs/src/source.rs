//! Where blocks come from.

use std::{ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use cid::Cid;
use universal_p2p_core::Result;

use crate::Block;

/// How soon a block is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// A reader waits for it at this moment.
    Now,
    /// A reader comes to it if it goes on as it does.
    Soon,
}

/// What is asked of a source beside the CID.
#[derive(Clone, Debug)]
pub struct Want {
    /// The root that somebody reads: who has one block of it has others.
    pub root: Cid,
    /// Peers (multiaddresses) that the request names.
    pub peers: Arc<[String]>,
    /// How soon it is needed.
    pub urgency: Urgency,
    /// The longest wait.
    pub within: Duration,
    /// The file that is read when it is wanted, if one is.
    pub part: Option<Part>,
}

/// Where in a file a block belongs: for sources that give several blocks in one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub file: Cid,
    /// The bytes of it that the block covers, itself or by what it links to.
    pub bytes: Range<u64>,
    /// Where the reader ends if it goes on as it does: it wants everything before.
    pub upto: u64,
}

/// Somebody who may have blocks: the own disk, a node, a daemon, a gateway.
///
/// Dropping the future of [`BlockSource::get`] takes the want back.
#[async_trait]
pub trait BlockSource: Send + Sync {
    /// Its name as in the configuration: `embedded`, `kubo`, `gateway`.
    fn name(&self) -> &'static str;

    /// Finds one block, which is checked.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::NoProviders`] where nobody was found who has it,
    /// [`universal_p2p_core::Error::Stalled`] where peers were found and it did not come,
    /// [`universal_p2p_core::Error::Corrupt`] where only wrong bytes came; whatever else kept it away.
    async fn get(&self, cid: &Cid, want: &Want) -> Result<Block>;

    /// Whether it keeps on this machine what it gives: a second copy would only take room.
    fn keeps(&self) -> bool {
        false
    }

    /// How many connected peers are known to have something of a root. A source without peers has none.
    async fn peers(&self, root: &Cid) -> u64 {
        let _ = root;
        0
    }

    /// Hears that somebody waits now for a block that was wanted soon. A source without priorities
    /// has nothing to do.
    fn hurry(&self, cid: &Cid) {
        let _ = cid;
    }

    /// How many peers it is connected with; none of those that ask servers.
    fn connected_peers(&self) -> u64 {
        0
    }
}
