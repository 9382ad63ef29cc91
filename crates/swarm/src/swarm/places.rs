//! Who has to go when there are more peers than places.

use std::time::Duration;

use super::{peer::Peer, state::State};

/// A peer has this long to be of use before another gets its place.
const CHANCE: Duration = Duration::from_secs(10);

/// One place in so many is given to others at a time.
const SHARE: usize = 8;

impl State {
    /// Closes the connections of peers that are of no use, where others wait for their places.
    ///
    /// A swarm may be full of peers that choke us for ever or promise and do not send, and the one
    /// that would send be left outside.
    pub(super) fn make_places(&mut self, now: Duration) {
        let is_full = self.wire_peers().count() >= self.most_peers;
        if self.readers.is_empty() || !is_full || self.book.next(now).is_none() {
            return;
        }
        let mut useless: Vec<_> = self
            .peers
            .values_mut()
            .filter(|peer| peer.is_useless(now))
            .collect();
        useless.sort_by_key(|peer| peer.downloaded);
        for peer in useless.into_iter().take((self.most_peers / SHARE).max(1)) {
            peer.close("others wait for its place");
        }
    }
}

impl Peer {
    /// Whether it has had its chance and has sent nothing lately.
    fn is_useless(&self, now: Duration) -> bool {
        let has_had_time = now.saturating_sub(self.since) >= CHANCE;
        let owes = self.pace.is_snubbed(now);
        let never_sent = self.downloaded == 0 && (self.chokes_us || !self.wanted);
        // Who downloads from us is of use to the swarm.
        let takes = self.interested && !self.choked;
        !self.web && self.closing.is_none() && has_had_time && (owes || (never_sent && !takes))
    }
}
