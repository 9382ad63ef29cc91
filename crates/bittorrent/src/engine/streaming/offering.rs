//! What a swarm offers to peers, and how it is taken back before the store gives it up.

use universal_p2p_store::{Announcer, Withdrawn};
use universal_p2p_swarm::{Forgetting, Swarm};

/// A swarm as one who told peers of pieces.
pub(super) struct Offering {
    pub(super) swarm: Swarm,
}

impl Announcer for Offering {
    /// Never waits: pieces that are being hashed or written to are left out.
    fn withdraw(&self, chunks: &[u32]) -> Box<dyn Withdrawn> {
        Box::new(Withdrawal(self.swarm.forget(chunks)))
    }
}

struct Withdrawal(Forgetting);

impl Withdrawn for Withdrawal {
    fn chunks(&self) -> &[u32] {
        self.0.pieces()
    }
}
