//! Finding who sent wrong data.
//!
//! A piece with a wrong hash that came from one peer names the liar at once. One that came from
//! several does not: the hashes of its blocks are kept, everybody who took part is on parole, and the
//! piece is fetched again. When it is right, a block that had another hash before names its author.

use std::{collections::HashMap, net::SocketAddr};

use crate::schedule::PeerKey;

/// Peers that have gone and whose addresses are remembered.
const MOST_GONE: usize = 256;

/// Pieces with a wrong hash whose blocks are remembered.
const MOST_PIECES: usize = 64;

/// The hash of a block.
pub(super) type BlockHash = [u8; 20];

/// Who sent what in pieces that had a wrong hash.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    pieces: HashMap<u32, Vec<Testimony>>,
    gone: HashMap<PeerKey, SocketAddr>,
}

#[derive(Debug)]
struct Testimony {
    block: u32,
    author: PeerKey,
    hash: BlockHash,
}

impl Suspects {
    /// Remembers where a peer was that has gone, so that it can be banned all the same.
    pub(super) fn remember(&mut self, key: PeerKey, address: SocketAddr) {
        if self.gone.len() >= MOST_GONE {
            // Keys only grow: the smallest has gone longest.
            let oldest = self.gone.keys().min().copied();
            oldest.and_then(|oldest| self.gone.remove(&oldest));
        }
        self.gone.insert(key, address);
    }

    /// Where a peer was that has gone.
    pub(super) fn address_of(&self, key: PeerKey) -> Option<SocketAddr> {
        self.gone.get(&key).copied()
    }

    /// Whether the blocks of a piece are to be compared when it is right at last.
    pub(super) fn has(&self, piece: u32) -> bool {
        self.pieces.contains_key(&piece)
    }

    /// Keeps the blocks of a piece with a wrong hash, by their authors.
    pub(super) fn accuse(&mut self, piece: u32, authors: &[(u32, PeerKey)], hashes: &[BlockHash]) {
        if self.pieces.len() >= MOST_PIECES && !self.has(piece) {
            return;
        }
        let testimony = authors.iter().filter_map(|(block, author)| {
            let hash = *hashes.get(*block as usize)?;
            Some(Testimony {
                block: *block,
                author: *author,
                hash,
            })
        });
        self.pieces.entry(piece).or_default().extend(testimony);
    }

    /// Compares the right blocks of a piece with what was sent before, and names who lied.
    pub(super) fn convict(&mut self, piece: u32, right: &[BlockHash]) -> Vec<PeerKey> {
        let testimony = self.pieces.remove(&piece).unwrap_or_default();
        let mut liars: Vec<_> = testimony
            .into_iter()
            .filter(|said| right.get(said.block as usize) != Some(&said.hash))
            .map(|said| said.author)
            .collect();
        liars.sort_unstable();
        liars.dedup();
        liars
    }

    /// Forgets what was said of a piece.
    pub(super) fn clear(&mut self, piece: u32) {
        self.pieces.remove(&piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_sent_another_block_is_convicted() {
        let (honest, liar) = (PeerKey(1), PeerKey(2));
        let mut suspects = Suspects::default();
        let sent = [[1; 20], [66; 20], [3; 20]];
        suspects.accuse(7, &[(0, honest), (1, liar), (2, honest)], &sent);
        assert!(suspects.has(7));
        assert_eq!(suspects.convict(7, &[[1; 20], [2; 20], [3; 20]]), [liar]);
        assert!(!suspects.has(7));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut suspects = Suspects::default();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        for key in 0..1000 {
            suspects.remember(PeerKey(key), address);
            suspects.accuse(key, &[(0, PeerKey(key))], &[[0; 20]]);
        }
        assert_eq!(suspects.gone.len(), MOST_GONE);
        assert_eq!(suspects.pieces.len(), MOST_PIECES);
        assert_eq!(suspects.address_of(PeerKey(999)), Some(address));
        assert_eq!(suspects.address_of(PeerKey(1)), None);
    }
}
