//! Peers that lied, which are left alone for a while.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use libp2p::PeerId;

/// For how long.
const WHILE: Duration = Duration::from_secs(600);

/// The most peers that are remembered.
const MOST: usize = 1024;

/// A peer lied, and is not connected with.
#[derive(Debug, thiserror::Error)]
#[error("it lied a while ago")]
pub(crate) struct Banned;

/// Peers with which no connection is made, and none is taken of.
#[derive(Debug, Default)]
pub(super) struct Bans(HashMap<PeerId, Instant>);

impl Bans {
    /// A peer lied. Of more than are remembered the one that lied the longest ago is forgotten.
    pub(super) fn add(&mut self, peer: PeerId, now: Instant) {
        if self.0.len() >= MOST {
            self.0
                .retain(|_, since| now.saturating_duration_since(*since) < WHILE);
        }
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(peer, now);
    }

    /// Refuses a peer that lied a short while ago.
    pub(super) fn check(&self, peer: &PeerId, now: Instant) -> Result<(), Banned> {
        let since = self.0.get(peer);
        let is_over = |since: &Instant| now.saturating_duration_since(*since) >= WHILE;
        since.is_none_or(is_over).then_some(()).ok_or(Banned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_liar_comes_back_later() {
        let (mut bans, peer, now) = (Bans::default(), PeerId::random(), Instant::now());
        assert!(bans.check(&peer, now).is_ok());
        bans.add(peer, now);
        assert!(bans.check(&peer, now + WHILE / 2).is_err());
        assert!(bans.check(&peer, now + WHILE).is_ok());
    }

    #[test]
    fn however_many_lie_few_are_remembered() {
        let (mut bans, now) = (Bans::default(), Instant::now());
        let peers: Vec<_> = (0..=MOST).map(|_| PeerId::random()).collect();
        for (late, peer) in peers.iter().enumerate() {
            bans.add(*peer, now + Duration::from_millis(late as u64));
        }
        assert_eq!(bans.0.len(), MOST);
        let later = now + Duration::from_secs(2);
        assert!(bans.check(&peers[0], later).is_ok(), "it was the first");
        assert!(bans.check(&peers[1], later).is_err());
        // Those whose time is over make room first.
        bans.add(PeerId::random(), now + WHILE * 2);
        assert_eq!(bans.0.len(), 1);
    }
}
