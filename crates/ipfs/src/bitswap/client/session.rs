//! What is known of one root: who has one of its blocks has others.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use cid::Cid;
use libp2p::PeerId;

use crate::bitswap::message::Hash;

/// The most peers that are known for one root.
const MEMBERS: usize = 64;

/// The most roots that are remembered while nothing of them is wanted.
const SESSIONS: usize = 256;

/// How far the search for peers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Nobody had to be looked for.
    None,
    /// They are looked for.
    Running,
    /// It has ended.
    Done(Instant),
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) root: Cid,
    /// Peers that gave a block, said that they have one, or are named as having the root.
    pub(super) members: HashSet<PeerId>,
    /// Members that are being dialled.
    pub(super) dialled: HashSet<PeerId>,
    pub(super) search: Search,
    pub(super) wants: usize,
    pub(super) used: Instant,
}

impl Session {
    pub(super) fn new(root: Cid, now: Instant) -> Self {
        Self {
            root,
            members: HashSet::new(),
            dialled: HashSet::new(),
            search: Search::None,
            wants: 0,
            used: now,
        }
    }

    pub(super) fn add(&mut self, peer: PeerId) {
        if self.members.len() < MEMBERS {
            self.members.insert(peer);
        }
    }
}

/// Forgets the roots that were used the longest ago, where there are too many.
pub(super) fn make_room(sessions: &mut HashMap<Hash, Session>) {
    if sessions.len() < SESSIONS {
        return;
    }
    let idle = sessions.iter().filter(|(_, session)| session.wants == 0);
    let oldest = idle.min_by_key(|(_, session)| session.used);
    if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
        sessions.remove(&oldest);
    }
}
