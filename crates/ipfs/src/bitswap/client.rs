//! Who is asked for which block: a state machine over plain values, without streams or clock.

mod assign;
mod late;
mod peer;
mod session;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::Instant,
};

use cid::Cid;
use libp2p::PeerId;

use super::message::{Ask, Hash};
use crate::Urgency;
use peer::{Memory, Peer};
use session::{Search, Session};

/// Of how many peers that are gone it is remembered what they were asked for.
const GONE: usize = 32;

/// What is to be done by whoever has the streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tells a peer that a block is wanted, or (none) that it no longer is.
    Tell(PeerId, Cid, Option<Ask>),
    /// Looks for peers that have this root, or this block.
    Search(Cid),
    /// Leaves a peer that sends what it was not asked for.
    Leave(PeerId),
    /// Ends the connections to a peer that has fallen silent, and makes a new one.
    Renew(PeerId),
    /// Gives a want up: nobody is left who may have it.
    Fail(Hash),
}

/// What an arriving block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Somebody waits for it.
    Wanted,
    /// It was asked for, and came from another peer or was taken back.
    Late,
    /// Nobody asked for it.
    Unasked,
}

/// Why a want was not met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Peers that were asked for it or said that they had it, and did not say that they have not.
    pub(crate) peers: usize,
    /// Whether a peer that was asked for it sent other bytes.
    pub(crate) wrong: bool,
}

/// A block that somebody waits for.
#[derive(Debug)]
struct Want {
    cid: Cid,
    root: Hash,
    order: (Urgency, u64),
    since: Instant,
    /// Who is asked for it now, and since when: at most [`assign::AT_ONCE`].
    asked: Vec<(PeerId, Instant)>,
    /// Who was asked whether it has it.
    questioned: HashSet<PeerId>,
    /// Who does not have it, or did not send it in time.
    lacks: HashSet<PeerId>,
    /// Who said that it has it, or was asked for it, and did not say that it has not.
    hopes: HashSet<PeerId>,
    wrong: bool,
    /// How far the search for the block itself is, for which no peer of the root was left.
    search: Search,
}

impl Want {
    fn failure(&self) -> Failure {
        Failure {
            peers: self.hopes.len(),
            wrong: self.wrong,
        }
    }
}

/// All wants, all roots and all peers.
#[derive(Debug, Default)]
pub(crate) struct Client {
    wants: HashMap<Hash, Want>,
    /// Wants that nobody is asked for, the soonest first.
    idle: BTreeSet<(Urgency, u64, Hash)>,
    sessions: HashMap<Hash, Session>,
    peers: HashMap<PeerId, Peer>,
    /// What peers that are gone were asked for, the first that went first: they may come back with it.
    gone: VecDeque<(PeerId, Memory)>,
    actions: Vec<Action>,
    count: u64,
    /// Whether peers that may have anything are being dialled.
    pub(crate) is_expecting: bool,
}

impl Client {
    /// Wants a block. A second want of the same block can only make it more urgent.
    pub(crate) fn want(&mut self, cid: Cid, root: Cid, urgency: Urgency, now: Instant) {
        let hash = *cid.hash();
        self.count += 1;
        if let Some(want) = self.wants.get_mut(&hash) {
            let order = (urgency.min(want.order.0), want.order.1);
            if self.idle.remove(&(want.order.0, want.order.1, hash)) {
                self.idle.insert((order.0, order.1, hash));
            }
            want.order = order;
            return;
        }
        session::make_room(&mut self.sessions);
        let session = self.sessions.entry(*root.hash());
        session.or_insert_with(|| Session::new(root, now)).wants += 1;
        self.idle.insert((urgency, self.count, hash));
        let want = Want {
            cid,
            root: *root.hash(),
            order: (urgency, self.count),
            since: now,
            asked: Vec::new(),
            questioned: HashSet::new(),
            lacks: HashSet::new(),
            hopes: HashSet::new(),
            wrong: false,
            search: Search::None,
        };
        self.wants.insert(hash, want);
    }

    /// Takes a want back, or ends it once it is met, and says what became of it.
    pub(crate) fn end(&mut self, hash: &Hash, now: Instant) -> Option<Failure> {
        let want = self.wants.remove(hash)?;
        let failure = want.failure();
        self.idle.remove(&(want.order.0, want.order.1, *hash));
        for (peer, _) in &want.asked {
            if let Some(peer) = self.peers.get_mut(peer) {
                peer.asked.remove(hash);
            }
        }
        // Those who sent it too: Helia sends nothing twice that was not taken back in between.
        let mut told = want.questioned;
        told.extend(want.asked.iter().map(|(peer, _)| *peer));
        let cancels = told.iter().map(|peer| Action::Tell(*peer, want.cid, None));
        self.actions.extend(cancels);
        if let Some(session) = self.sessions.get_mut(&want.root) {
            session.wants -= 1;
            session.used = now;
        }
        Some(failure)
    }

    /// How far ahead of others a block is wanted: more is sooner.
    pub(crate) fn priority(&self, hash: &Hash) -> i32 {
        let Some(want) = self.wants.get(hash) else {
            return 0;
        };
        let level = match want.order.0 {
            Urgency::Now => 1 << 29,
            Urgency::Soon => 1 << 28,
        };
        // Who wanted first comes first.
        level - (want.order.1 % (1 << 28)) as i32
    }

    /// What is known so far of why a want is not met.
    pub(crate) fn failure(&self, hash: &Hash) -> Failure {
        self.wants.get(hash).map(Want::failure).unwrap_or_default()
    }

    /// How many connected peers are known to have something of a root.
    pub(crate) fn members(&self, root: &Hash) -> u64 {
        let members = self.sessions.get(root).map(|session| &session.members);
        let connected = members.into_iter().flatten();
        connected
            .filter(|peer| self.peers.contains_key(peer))
            .count() as u64
    }

    /// A peer is connected and speaks bitswap; `haves` where it understands [`Ask::Have`].
    pub(crate) fn connected(&mut self, peer: PeerId, haves: bool, now: Instant) {
        let gone = self.gone.iter().position(|(gone, _)| *gone == peer);
        let memory = gone.and_then(|at| self.gone.remove(at));
        let memory = memory.map(|(_, memory)| memory).unwrap_or_default();
        let known = self.peers.entry(peer);
        known.or_insert_with(|| Peer::new(memory, now)).haves = haves;
        // It is dialled no longer.
        self.unreachable(&peer);
    }

    /// A peer is gone: what it was asked for is asked of others.
    pub(crate) fn gone(&mut self, peer: PeerId) {
        if let Some(known) = self.peers.remove(&peer) {
            self.gone.push_back((peer, known.into_memory()));
        }
        if self.gone.len() > GONE {
            self.gone.pop_front();
        }
        for (hash, want) in &mut self.wants {
            want.questioned.remove(&peer);
            want.lacks.remove(&peer);
            let before = want.asked.len();
            want.asked.retain(|(asked, _)| *asked != peer);
            if before > 0 && want.asked.is_empty() {
                self.idle.insert((want.order.0, want.order.1, *hash));
            }
        }
        for session in self.sessions.values_mut() {
            session.dialled.remove(&peer);
        }
    }

    /// A request or a provider record names a peer that has this root or block, and it is dialled.
    pub(crate) fn hint(&mut self, hash: &Hash, peer: PeerId) {
        let of_want = self.wants.get(hash).map(|want| want.root);
        for root in [Some(*hash), of_want].into_iter().flatten() {
            if let Some(session) = self.sessions.get_mut(&root) {
                session.add(peer);
                if !self.peers.contains_key(&peer) {
                    session.dialled.insert(peer);
                }
            }
        }
    }

    /// A peer that was connected is dialled again: what it may have is waited for.
    pub(crate) fn redialled(&mut self, peer: PeerId) {
        let sessions = self.sessions.values_mut();
        for session in sessions.filter(|session| session.members.contains(&peer)) {
            session.dialled.insert(peer);
        }
    }

    /// A peer that was dialled cannot be reached.
    pub(crate) fn unreachable(&mut self, peer: &PeerId) {
        for session in self.sessions.values_mut() {
            session.dialled.remove(peer);
        }
    }

    /// The search for peers that have this root or block has ended.
    pub(crate) fn searched(&mut self, hash: &Hash, now: Instant) {
        if let Some(session) = self.sessions.get_mut(hash) {
            session.search = Search::Done(now);
        }
        if let Some(want) = self.wants.get_mut(hash) {
            want.search = Search::Done(now);
        }
    }

    /// A peer says whether it has a block.
    pub(crate) fn presence(&mut self, peer: PeerId, hash: &Hash, has: bool) {
        let Some(want) = self.wants.get_mut(hash) else {
            return;
        };
        if has {
            want.hopes.insert(peer);
            want.lacks.remove(&peer);
            if let Some(session) = self.sessions.get_mut(&want.root) {
                session.add(peer);
            }
        } else {
            want.hopes.remove(&peer);
            self.lacks(peer, hash);
        }
    }

    /// A peer does not have a block, or does not send it.
    fn lacks(&mut self, peer: PeerId, hash: &Hash) {
        let Some(want) = self.wants.get_mut(hash) else {
            return;
        };
        want.lacks.insert(peer);
        let before = want.asked.len();
        want.asked.retain(|(asked, _)| *asked != peer);
        if before != want.asked.len() {
            if let Some(peer) = self.peers.get_mut(&peer) {
                peer.asked.remove(hash);
            }
            if want.asked.is_empty() {
                self.idle.insert((want.order.0, want.order.1, *hash));
            }
        }
    }

    /// A block arrived that hashes to `hash`.
    pub(crate) fn block(&mut self, from: PeerId, hash: &Hash, now: Instant) -> Arrival {
        let Some(peer) = self.peers.get_mut(&from) else {
            return Arrival::Late;
        };
        peer.arrived(hash, now);
        if let Some(want) = self.wants.get(hash) {
            if let Some(session) = self.sessions.get_mut(&want.root) {
                session.add(from);
            }
            self.end(hash, now);
            return Arrival::Wanted;
        }
        if peer.was_asked(hash) {
            return Arrival::Late;
        }
        let is_liar = peer.is_liar();
        let asked: Vec<Hash> = peer.asked.keys().copied().collect();
        for hash in &asked {
            if let Some(want) = self.wants.get_mut(hash) {
                want.wrong = true;
            }
        }
        if is_liar {
            self.actions.push(Action::Leave(from));
        }
        Arrival::Unasked
    }

    /// What is to be done after what was said so far.
    pub(crate) fn actions(&mut self, now: Instant) -> Vec<Action> {
        self.assign(now);
        std::mem::take(&mut self.actions)
    }

    /// Whether anything may become late.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.wants.is_empty()
    }
}

#[cfg(test)]
mod tests;
