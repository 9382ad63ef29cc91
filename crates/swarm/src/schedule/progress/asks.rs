//! Which blocks are asked of whom.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::Block;
use crate::schedule::PeerKey;

/// The requests that are not answered yet, by block, by peer and by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Asks {
    by_block: HashMap<Block, Askers>,
    by_peer: HashMap<PeerKey, VecDeque<(Block, Duration)>>,
    by_piece: BTreeMap<u32, BTreeSet<u32>>,
    heard: HashMap<PeerKey, Duration>,
    nothing: VecDeque<(Block, Duration)>,
}

/// Who is asked for one block. There is seldom more than one.
#[derive(Clone, Debug)]
struct Askers {
    first: PeerKey,
    others: Vec<PeerKey>,
}

impl Asks {
    /// Adds a request, and says whether it is a new one.
    pub(super) fn add(&mut self, block: Block, peer: PeerKey, now: Duration) -> bool {
        if self.peers_of(block).contains(&peer) {
            return false;
        }
        self.by_block
            .entry(block)
            .and_modify(|askers| askers.others.push(peer))
            .or_insert(Askers {
                first: peer,
                others: Vec::new(),
            });
        let queue = self.by_peer.entry(peer).or_default();
        queue.push_back((block, now));
        let piece = self.by_piece.entry(block.piece).or_default();
        piece.insert(block.index);
        true
    }

    /// Takes a request out and returns when it was made.
    pub(super) fn remove(&mut self, block: Block, peer: PeerKey) -> Option<Duration> {
        let queue = self.by_peer.get_mut(&peer)?;
        let at = queue.iter().position(|(asked, _)| *asked == block)?;
        let (_, asked_at) = queue.remove(at)?;
        if queue.is_empty() {
            self.by_peer.remove(&peer);
            self.heard.remove(&peer);
        }
        self.remove_asker(block, peer);
        Some(asked_at)
    }

    fn remove_asker(&mut self, block: Block, peer: PeerKey) {
        let Some(askers) = self.by_block.get_mut(&block) else {
            return;
        };
        if askers.first != peer {
            askers.others.retain(|other| *other != peer);
        } else if !askers.others.is_empty() {
            askers.first = askers.others.remove(0);
        } else {
            self.by_block.remove(&block);
            if let Some(blocks) = self.by_piece.get_mut(&block.piece) {
                blocks.remove(&block.index);
                if blocks.is_empty() {
                    self.by_piece.remove(&block.piece);
                }
            }
        }
    }

    /// Whether anybody is asked for a block.
    pub(super) fn is_asked(&self, block: Block) -> bool {
        self.by_block.contains_key(&block)
    }

    /// Who is asked for a block, in the order of asking.
    pub(super) fn peers_of(&self, block: Block) -> Vec<PeerKey> {
        let Some(askers) = self.by_block.get(&block) else {
            return Vec::new();
        };
        let mut peers = vec![askers.first];
        peers.extend(&askers.others);
        peers
    }

    /// What a peer is asked for, oldest first.
    pub(super) fn queue(&self, peer: PeerKey) -> &VecDeque<(Block, Duration)> {
        self.by_peer.get(&peer).unwrap_or(&self.nothing)
    }

    /// The pieces of which blocks are asked.
    pub(super) fn pieces(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_piece.keys().copied()
    }

    /// Notes that a peer sent something, which matters while it owes more.
    pub(super) fn hear(&mut self, peer: PeerKey, now: Duration) {
        if self.by_peer.contains_key(&peer) {
            self.heard.insert(peer, now);
        }
    }

    /// Since when a peer that owes blocks has sent nothing.
    pub(super) fn silent_since(&self, peer: PeerKey) -> Option<Duration> {
        let (_, asked_at) = self.queue(peer).front()?;
        let heard = self.heard.get(&peer).copied().unwrap_or_default();
        Some(heard.max(*asked_at))
    }

    /// All requests for blocks of a piece.
    pub(super) fn in_piece(&self, piece: u32) -> Vec<(PeerKey, Block)> {
        let blocks = self.by_piece.get(&piece).into_iter().flatten();
        let blocks = blocks.map(|index| Block {
            piece,
            index: *index,
        });
        let asks = blocks.map(|block| (self.peers_of(block), block));
        asks.flat_map(|(peers, block)| peers.into_iter().map(move |peer| (peer, block)))
            .collect()
    }
}
