//! An agent as a peer of others on this machine.

use std::sync::Arc;

use universal_p2p_bittorrent::BitTorrent;
use universal_p2p_sharing::Shares;

use super::Agent;
use crate::ipfs;

impl Agent {
    /// What is shared from here.
    pub(crate) fn shares(&self) -> Arc<Shares> {
        Arc::clone(&self.shares)
    }

    /// Its part of BitTorrent, where that is switched on.
    pub(crate) fn bittorrent(&self) -> Option<Arc<BitTorrent>> {
        self.bittorrent.clone()
    }

    /// Where its own node of IPFS is reached, as multiaddresses that end with its id.
    pub(crate) fn nodes(&self) -> Vec<String> {
        self.ipfs
            .as_ref()
            .map(ipfs::Started::addresses)
            .unwrap_or_default()
    }
}
