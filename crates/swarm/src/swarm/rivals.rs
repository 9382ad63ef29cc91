//! Two connections with one peer.
//!
//! Peers that hear of each other at the same time dial each other at the same time. Were each to
//! keep the connection it had first, both would be closed, and so again at the next try.

use std::time::Duration;

use super::{
    peer::{Newcomer, Peer},
    state::{NotWelcome, State},
};

/// Handshakes that began at the same time end within this.
const SAME_TIME: Duration = Duration::from_secs(20);

impl State {
    /// Refuses a second connection with a peer, unless both dialled at the same time and this is the
    /// one that both are to keep: that of the peer with the larger id. Then the other is closed.
    pub(super) fn settle_rivals(
        &mut self,
        newcomer: &Newcomer,
        now: Duration,
    ) -> Result<(), NotWelcome> {
        let is_ours = newcomer.outgoing;
        let is_kept = is_ours == (self.me > newcomer.id);
        let rivals = |peer: &&mut Peer| !peer.web && peer.id == newcomer.id;
        for rival in self.peers.values_mut().filter(rivals) {
            let crossed = rival.outgoing != is_ours
                && rival.address.ip() == newcomer.address.ip()
                && now.saturating_sub(rival.since) < SAME_TIME;
            if rival.closing.is_none() && !(crossed && is_kept) {
                return Err(NotWelcome::Twice);
            }
            rival.close("it is connected by another way");
        }
        Ok(())
    }
}
