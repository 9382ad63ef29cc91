//! What is done every so often: choking, exchanging peers.

use std::time::Duration;

use super::state::State;
use crate::{
    choke::{self, Candidate},
    schedule::PeerKey,
    wire::Message,
};

/// Peers that may download from us at the same time, the optimistic one included.
const SLOTS: usize = 8;

/// How often it is decided anew who may download (BEP 3).
const CHOKE_EVERY: Duration = Duration::from_secs(10);

/// How often it is looked whether peers are to be told of each other. One that has just come hears
/// soon, and each of them seldom.
const EXCHANGE_EVERY: Duration = Duration::from_secs(5);

/// How often peers that are of no use give way to others.
const MAKE_PLACES_EVERY: Duration = Duration::from_secs(2);

/// A peer is new for this long, and is tried more often.
const NEW: Duration = Duration::from_secs(60);

/// When what is due.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    round: u64,
    choke_at: Duration,
    last_choke: Duration,
    exchange_at: Duration,
    places_at: Duration,
    hasty: bool,
}

impl Rounds {
    /// Has it decided at once who may download: somebody has become interested, or has made room.
    pub(super) fn hasten(&mut self) {
        self.hasty = true;
    }
}

impl State {
    /// Does what is due.
    pub(super) fn make_rounds(&mut self, now: Duration) {
        if now >= self.rounds.choke_at {
            self.rounds.choke_at = now + CHOKE_EVERY;
            self.rounds.round += 1;
            self.choke(now);
            self.rounds.last_choke = now;
            for peer in self.peers.values_mut() {
                peer.at_last_round = (peer.downloaded, peer.uploaded);
            }
        } else if self.rounds.hasty {
            self.choke(now);
        }
        self.rounds.hasty = false;
        if now >= self.rounds.places_at {
            self.rounds.places_at = now + MAKE_PLACES_EVERY;
            self.make_places(now);
        }
        if now >= self.rounds.exchange_at {
            self.rounds.exchange_at = now + EXCHANGE_EVERY;
            self.exchange_peers(now);
        }
    }

    fn choke(&mut self, now: Duration) {
        let seconds = now
            .saturating_sub(self.rounds.last_choke)
            .as_secs_f64()
            .max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let candidates: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.web)
            .map(|(key, peer)| Candidate {
                key: key.0,
                interested: peer.interested,
                rate_to_us: rate(peer.downloaded, peer.at_last_round.0),
                rate_from_us: rate(peer.uploaded, peer.at_last_round.1),
                unchoked: !peer.choked,
                since_unchoked: now.saturating_sub(peer.turned),
                waiting: now.saturating_sub(peer.turned),
                is_new: now.saturating_sub(peer.since) < NEW,
                upload_only: peer.upload_only,
            })
            .collect();
        let seeding = self.readers.is_empty();
        let chosen = choke::unchoke(&candidates, SLOTS, seeding, self.rounds.round);
        for (PeerKey(key), peer) in &mut self.peers {
            let choked = !chosen.contains(key);
            if peer.web || peer.choked == choked {
                continue;
            }
            (peer.choked, peer.turned) = (choked, now);
            if choked {
                peer.send(&Message::Choke);
                Self::refuse_all(peer);
            } else {
                peer.send(&Message::Unchoke);
            }
        }
    }
}
