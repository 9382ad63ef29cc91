//! Blocks that come in, and pieces that turn out to be right or wrong.

use std::{io, time::Duration};

use super::{blame::BlockHash, messages::Misbehaviour, state::State};
use crate::{
    Block,
    schedule::{PeerKey, Trust},
    wire::Message,
};

/// A peer may send as many bytes nobody asked for: answers to requests taken back long ago.
const MOST_UNASKED: u64 = 8 << 20;

/// What to do about a block that has come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Welcome {
    /// It is wanted: write it.
    Take(Block),
    /// Nobody asked for it, or it is there already.
    Leave,
}

/// What hashing a piece showed.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The hash is right. The blocks' own hashes, where somebody is suspected.
    Right(Vec<BlockHash>),
    /// It is wrong; the blocks' own hashes.
    Wrong(Vec<BlockHash>),
    /// The disk failed.
    Unknown(io::Error),
}

impl State {
    /// Says whether a block that has come in is to be written; if so, that begins.
    pub(super) fn welcome(
        &mut self,
        key: PeerKey,
        piece: u32,
        begin: u32,
        length: usize,
    ) -> Result<Welcome, Misbehaviour> {
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(Welcome::Leave);
        };
        peer.check_open()?;
        let block = u32::try_from(length)
            .ok()
            .and_then(|length| self.pieces.block(piece, begin, length));
        let asked = block.filter(|block| self.progress.is_asked_of(*block, key));
        let stray = block.filter(|block| asked.is_none() && peer.take_stray(*block));
        match asked.or(stray) {
            // A piece that was wrong is fetched from one peer alone, so that it shows who lies; and
            // for one that was given up there may be no room.
            Some(block)
                if stray.is_some()
                    && (self.suspects.has(block.piece)
                        || !self.room.reserved().has(block.piece)) =>
            {
                self.totals.wasted += length as u64;
                Ok(Welcome::Leave)
            }
            Some(block) if !self.progress.has(block) => {
                self.room.begin_write(block.piece);
                Ok(Welcome::Take(block))
            }
            Some(block) => {
                // Somebody else was quicker.
                self.progress.withdraw(block, key);
                self.totals.wasted += length as u64;
                Ok(Welcome::Leave)
            }
            None => {
                self.totals.wasted += length as u64;
                peer.unasked += length as u64;
                if peer.unasked > MOST_UNASKED {
                    return Err(Misbehaviour("it sends what nobody asked for"));
                }
                Ok(Welcome::Leave)
            }
        }
    }

    /// Takes note of a block that is written. Says whether its piece is to be hashed now.
    pub(super) fn arrived(&mut self, key: PeerKey, block: Block, now: Duration) -> Option<u32> {
        let bytes = self.pieces.bytes_of_block(block);
        let length = bytes.end - bytes.start;
        self.room.end_write(block.piece);
        let arrival = self.progress.arrive(block, key, now);
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.downloaded += length;
            if let (Some(asked_at), Ok(length)) = (arrival.asked_at, u32::try_from(length)) {
                peer.pace.arrived(now, length, asked_at);
            }
        }
        if arrival.duplicate {
            self.totals.wasted += length;
        } else {
            self.totals.downloaded += length;
        }
        for other in arrival.others {
            if let Some(other) = self.peers.get_mut(&other) {
                other.cancel(block, self.pieces);
            }
        }
        arrival.completes_piece.then_some(block.piece)
    }

    /// Whether it is time to ask this peer for more.
    pub(super) fn runs_low(&self, key: PeerKey) -> bool {
        let low_water = self.peers.get(&key).map_or(0, |peer| peer.low_water);
        self.progress.asked_of(key) <= low_water
    }

    /// Takes note of what hashing a piece showed. Returns what readers are to be told.
    pub(super) fn checked(&mut self, piece: u32, verdict: Verdict) -> Option<io::Error> {
        let was_doubtful = self.checking.remove(&piece);
        match verdict {
            Verdict::Right(hashes) => {
                self.trust_contributors(piece);
                for liar in self.suspects.convict(piece, &hashes) {
                    self.ban(liar, "a block of it was another one than the right one");
                }
                self.progress.set_held(piece, true);
                self.announce(piece);
            }
            // What an unclean stop left behind is nobody's lie.
            Verdict::Wrong(_) if was_doubtful => self.progress.set_held(piece, false),
            Verdict::Wrong(hashes) => {
                let authors = self.progress.authors(piece);
                self.progress.reset(piece);
                let bytes = self.pieces.bytes_of(piece);
                self.totals.bad_pieces += 1;
                self.totals.wasted += bytes.end - bytes.start;
                self.blame(piece, &authors, &hashes);
            }
            Verdict::Unknown(error) => {
                tracing::warn!(%error, piece, "a piece could not be hashed");
                self.progress.set_held(piece, false);
                if !was_doubtful {
                    // Else it would be fetched again and again for nothing.
                    self.stopped = true;
                    return Some(error);
                }
            }
        }
        None
    }

    /// Takes off parole too who had a part in a piece that was wrong before: who lied then is convicted
    /// by what it sent, and an honest one would keep back from pieces that nobody else sends.
    fn trust_contributors(&mut self, piece: u32) {
        for author in self.progress.contributors(piece) {
            if let Some(peer) = self.peers.get_mut(&author) {
                peer.trust = Trust::Proven;
            }
        }
    }

    fn blame(&mut self, piece: u32, authors: &[(u32, PeerKey)], hashes: &[BlockHash]) {
        let first = authors.first().map(|(_, author)| *author);
        let alone = authors.iter().all(|(_, author)| Some(*author) == first);
        match first {
            Some(liar) if alone => self.ban(liar, "all of a piece with a wrong hash came from it"),
            _ => {
                for (_, author) in authors {
                    if let Some(peer) = self.peers.get_mut(author) {
                        peer.trust = Trust::Parole;
                    }
                }
                self.suspects.accuse(piece, authors, hashes);
            }
        }
    }

    fn ban(&mut self, liar: PeerKey, why: &'static str) {
        let address = match self.peers.get_mut(&liar) {
            Some(peer) => {
                peer.close(why);
                if let Some(address) = peer.listens_at {
                    self.book.ban(address);
                }
                (!peer.web).then_some(peer.address)
            }
            None => self.suspects.address_of(liar),
        };
        if let Some(address) = address {
            tracing::info!(%address, why, "a peer is banned");
            self.book.ban(address);
        }
    }

    /// Tells peers of a piece we have got. Those too that have it: they may give theirs up, and were
    /// perhaps told that we had given up ours.
    pub(super) fn announce(&mut self, piece: u32) {
        let held = self.progress.held();
        for peer in self.peers.values_mut() {
            peer.send(&Message::Have(piece));
        }
        if held.is_full() {
            self.update_all_interest();
        }
    }
}
