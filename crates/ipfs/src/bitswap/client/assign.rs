//! Which peer is asked for a block.

use std::time::{Duration, Instant};

use libp2p::PeerId;

use super::{Action, Client, session::Search};
use crate::bitswap::message::{Ask, Hash};

/// The most peers that are asked for one block at the same time.
pub(super) const AT_ONCE: usize = 2;

/// The most peers that are asked whether they have a block.
const QUESTIONED: usize = 32;

/// The most wants without a known peer that everybody is asked for.
const BROADCAST: usize = 16;

/// How long an answer to the question is waited for before a search begins, and before a want fails.
const ANSWER: Duration = Duration::from_secs(1);

/// After how long a search is repeated.
const AGAIN: Duration = Duration::from_secs(30);

impl Client {
    /// Gives every idle want to a peer, as far as peers may be asked.
    pub(super) fn assign(&mut self, now: Instant) {
        let idle: Vec<Hash> = self.idle.iter().map(|(.., hash)| *hash).collect();
        let mut broadcasts = 0;
        for hash in idle {
            match self.candidate(&hash, now) {
                Candidate::Free(peer) => self.ask(&hash, peer, now),
                Candidate::Busy => {}
                Candidate::Nobody if broadcasts < BROADCAST => {
                    broadcasts += 1;
                    self.question(&hash);
                    self.search_or_fail(&hash, now);
                }
                Candidate::Nobody => {}
            }
        }
    }

    /// The member that may be the soonest to send a block.
    pub(super) fn candidate(&self, hash: &Hash, now: Instant) -> Candidate {
        let Some((want, session)) = self.wants.get(hash).and_then(|want| {
            let session = self.sessions.get(&want.root)?;
            Some((want, session))
        }) else {
            return Candidate::Nobody;
        };
        let able = session.members.iter().filter_map(|id| {
            let peer = self.peers.get(id)?;
            let is_out = want.lacks.contains(id) || want.asked.iter().any(|(asked, _)| asked == id);
            (!is_out).then_some((id, peer))
        });
        let best = able.min_by_key(|(id, peer)| {
            let has = want.hopes.contains(*id);
            (
                peer.muted > now,
                !has && peer.delay.is_none(),
                peer.outlook(),
                peer.asked.len(),
                **id,
            )
        });
        match best {
            None => Candidate::Nobody,
            Some((_, peer)) if peer.is_full() => Candidate::Busy,
            Some((id, _)) => Candidate::Free(*id),
        }
    }

    /// Asks a peer for a block.
    pub(super) fn ask(&mut self, hash: &Hash, id: PeerId, now: Instant) {
        let (Some(want), Some(peer)) = (self.wants.get_mut(hash), self.peers.get_mut(&id)) else {
            return;
        };
        self.idle.remove(&(want.order.0, want.order.1, *hash));
        want.asked.push((id, now));
        want.hopes.insert(id);
        want.questioned.remove(&id);
        peer.ask(*hash, now);
        self.actions
            .push(Action::Tell(id, want.cid, Some(Ask::Block)));
    }

    /// Asks peers of which nothing is known whether they have a block.
    fn question(&mut self, hash: &Hash) {
        let Some(want) = self.wants.get_mut(hash) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&want.root) else {
            return;
        };
        for (id, peer) in &mut self.peers {
            if want.questioned.len() >= QUESTIONED {
                break;
            }
            if want.lacks.contains(id) || want.questioned.contains(id) {
                continue;
            }
            if peer.haves {
                want.questioned.insert(*id);
                peer.remember(*hash);
                self.actions
                    .push(Action::Tell(*id, want.cid, Some(Ask::Have)));
            } else {
                // It cannot be asked what it has: it is asked for the block itself.
                session.add(*id);
            }
        }
    }

    /// Looks for peers elsewhere where those at hand do not have a block, and gives up where that is done.
    fn search_or_fail(&mut self, hash: &Hash, now: Instant) {
        let Some(want) = self.wants.get_mut(hash) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&want.root) else {
            return;
        };
        let age = now.saturating_duration_since(want.since);
        let is_answered = want.questioned.iter().all(|peer| want.lacks.contains(peer));
        if !(is_answered || age >= ANSWER) {
            return;
        }
        match session.search {
            Search::None => {
                session.search = Search::Running;
                self.actions.push(Action::Search(session.root));
            }
            Search::Running => {}
            Search::Done(at) if now.saturating_duration_since(at) >= AGAIN => {
                session.search = Search::Running;
                self.actions.push(Action::Search(session.root));
            }
            Search::Done(_) => {
                let is_open = self.is_expecting || !session.dialled.is_empty();
                let is_quiet = is_answered || age >= ANSWER * 5;
                if !is_quiet || is_open {
                    return;
                }
                // Some have only a part of the root, and announce that.
                match want.search {
                    Search::None if want.cid.hash() != session.root.hash() => {
                        want.search = Search::Running;
                        self.actions.push(Action::Search(want.cid));
                    }
                    Search::Running => {}
                    Search::None | Search::Done(_) => self.actions.push(Action::Fail(*hash)),
                }
            }
        }
    }
}

/// Who can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// This peer, at once.
    Free(PeerId),
    /// The best one is asked for enough: it is waited for.
    Busy,
    /// Nobody is known who may have it.
    Nobody,
}
