//! What is done about blocks that do not come.

use std::{collections::HashSet, time::Instant};

use libp2p::PeerId;

use super::{
    Action, Client,
    assign::{AT_ONCE, Candidate},
    peer::Peer,
    session::Search,
};
use crate::{Urgency, bitswap::message::Hash};

/// The most blocks that two peers are asked for at the same time.
const HEDGED: usize = 8;

impl Client {
    /// Looks for what is late. Called a few times a second while anything is wanted.
    pub(crate) fn tick(&mut self, now: Instant) {
        let late = self.late(now);
        let silent: HashSet<PeerId> = late
            .iter()
            .filter(|(.., is_silent)| *is_silent)
            .map(|(id, ..)| *id)
            .collect();
        for (id, hash, is_silent) in late {
            self.take_back(id, &hash, is_silent, now);
        }
        for id in silent {
            if self.peers.get_mut(&id).is_some_and(Peer::is_dead) {
                self.actions.push(Action::Renew(id));
            }
        }
        self.hedge(now);
    }

    /// What was asked of whom and did not come in time, and whether nothing else came from it either.
    fn late(&self, now: Instant) -> Vec<(PeerId, Hash, bool)> {
        let mut late = Vec::new();
        for (id, peer) in &self.peers {
            let quiet = now.saturating_duration_since(peer.progress);
            let is_silent = quiet > peer.patience();
            for (hash, since) in &peer.asked {
                let waited = now.saturating_duration_since(*since);
                if (is_silent && waited > peer.patience()) || waited > peer.overdue() {
                    late.push((*id, *hash, is_silent));
                }
            }
        }
        late
    }

    /// Gives a late want to another peer; where there is none, the same is asked anew.
    fn take_back(&mut self, id: PeerId, hash: &Hash, is_silent: bool, now: Instant) {
        let Some(want) = self.wants.get(hash) else {
            return;
        };
        let (cid, root) = (want.cid, want.root);
        self.actions.push(Action::Tell(id, cid, None));
        self.lacks(id, hash);
        if let Some(peer) = self.peers.get_mut(&id)
            && is_silent
        {
            peer.muted = now + peer.patience() * 2;
        }
        if self.candidate(hash, now) != Candidate::Nobody {
            return;
        }
        if let Some(want) = self.wants.get_mut(hash) {
            want.lacks.remove(&id);
        }
        if let Some(session) = self.sessions.get_mut(&root)
            && session.search == Search::None
        {
            session.search = Search::Running;
            self.actions.push(Action::Search(session.root));
        }
    }

    /// Asks a second peer for blocks that a reader waits for.
    fn hedge(&mut self, now: Instant) {
        let mut hedged = self
            .wants
            .values()
            .filter(|want| want.asked.len() > 1)
            .count();
        let slow: Vec<Hash> = self
            .wants
            .iter()
            .filter(|(_, want)| want.order.0 == Urgency::Now && want.asked.len() < AT_ONCE)
            .filter(|(_, want)| {
                want.asked.first().is_some_and(|(id, since)| {
                    let hedge = self.peers.get(id).map(Peer::hedge);
                    hedge.is_some_and(|hedge| now.saturating_duration_since(*since) > hedge)
                })
            })
            .map(|(hash, _)| *hash)
            .collect();
        for hash in slow {
            if hedged >= HEDGED {
                return;
            }
            if let Candidate::Free(peer) = self.candidate(&hash, now) {
                self.ask(&hash, peer, now);
                hedged += 1;
            }
        }
    }
}
