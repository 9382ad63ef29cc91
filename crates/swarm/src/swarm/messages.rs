//! What a peer says, message by message. Blocks are dealt with in `arrivals`.

use std::net::SocketAddr;

use super::{
    peer::{MOST_UPLOADS, Peer},
    state::State,
};
use crate::{
    Bits,
    schedule::PeerKey,
    wire::{Message, Request},
};

/// The longest block that is served, in bytes. Everybody asks for 16 KiB.
const LONGEST_UPLOAD: u32 = 128 << 10;

/// Pieces a peer may allow us while it chokes us.
const MOST_ALLOWED_FAST: usize = 64;

/// Why a peer is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misbehaviour(pub(super) &'static str);

/// What follows from a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Whether somebody may be asked for something now.
    pub(super) replan: bool,
    /// Peers it named.
    pub(super) peers: Vec<SocketAddr>,
}

pub(super) const QUIET: Heard = Heard {
    replan: false,
    peers: Vec::new(),
};

pub(super) const REPLAN: Heard = Heard {
    replan: true,
    peers: Vec::new(),
};

impl State {
    /// Takes a message of a peer to heart.
    pub(super) fn message(
        &mut self,
        key: PeerKey,
        message: &Message<'_>,
    ) -> Result<Heard, Misbehaviour> {
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(QUIET);
        };
        peer.check_open()?;
        match message {
            Message::Choke => self.choked_by(key),
            Message::Unchoke => peer.chokes_us = false,
            Message::Interested => {
                peer.interested = true;
                self.rounds.hasten();
            }
            Message::NotInterested => {
                peer.interested = false;
                self.rounds.hasten();
            }
            Message::Have(piece) => self.has_now(key, *piece)?,
            Message::Bitfield(_) | Message::HaveAll | Message::HaveNone => {
                self.introduced_with(key, message)?;
            }
            Message::Request(request) => {
                self.asked_for(key, *request)?;
                return Ok(QUIET);
            }
            Message::Cancel(request) => {
                let before = peer.uploads.len();
                peer.uploads.retain(|waiting| waiting != request);
                if peer.uploads.len() < before {
                    peer.refuse(*request);
                }
                return Ok(QUIET);
            }
            Message::Reject(request) => self.refused_by(key, *request),
            Message::AllowedFast(piece) => {
                let room = peer.allowed_fast.len() < MOST_ALLOWED_FAST;
                if room && *piece < peer.have.count() && !peer.allowed_fast.contains(piece) {
                    peer.allowed_fast.push(*piece);
                }
            }
            Message::Extended { id, payload } => return self.extended(key, *id, payload),
            Message::KeepAlive
            | Message::Port(_)
            | Message::Suggest(_)
            | Message::Piece { .. }
            | Message::Unknown(_) => return Ok(QUIET),
        }
        Ok(REPLAN)
    }

    /// Without the fast extension a choke takes every request back (BEP 3, BEP 6).
    fn choked_by(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        peer.chokes_us = true;
        if !peer.fast {
            let outstanding: Vec<_> = self.progress.blocks_of(key).collect();
            for block in outstanding {
                self.progress.withdraw(block, key);
                peer.expect_stray(block);
            }
        }
    }

    fn introduced_with(&mut self, key: PeerKey, message: &Message<'_>) -> Result<(), Misbehaviour> {
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(());
        };
        let count = peer.have.count();
        let is_first = !std::mem::replace(&mut peer.introduced, true);
        peer.have = match message {
            Message::Bitfield(bytes) => {
                let bits = Bits::from_bytes(count, bytes)
                    .ok_or(Misbehaviour("its bitfield does not fit the torrent"))?;
                // Only the first message may be one, but aria2 sends another instead of many haves.
                bits.union(&peer.have)
            }
            _ if !is_first => return Err(Misbehaviour("it says twice what it has")),
            Message::HaveAll if peer.fast => Bits::all(count),
            Message::HaveNone if peer.fast => Bits::none(count),
            _ => {
                return Err(Misbehaviour(
                    "it uses the fast extension without offering it",
                ));
            }
        };
        self.update_interest(key);
        Ok(())
    }

    fn has_now(&mut self, key: PeerKey, piece: u32) -> Result<(), Misbehaviour> {
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(());
        };
        if piece >= peer.have.count() {
            return Err(Misbehaviour("it has a piece that does not exist"));
        }
        peer.introduced = true;
        peer.have.set(piece, true);
        if !peer.wanted && !self.progress.held().has(piece) {
            peer.wanted = true;
            peer.send(&Message::Interested);
        }
        Ok(())
    }

    fn asked_for(&mut self, key: PeerKey, request: Request) -> Result<(), Misbehaviour> {
        let bytes = self.pieces.bytes_of(request.piece);
        let end = bytes.start + u64::from(request.begin) + u64::from(request.length);
        if request.length == 0 || request.length > LONGEST_UPLOAD || end > bytes.end {
            return Err(Misbehaviour("it asks for what no piece has"));
        }
        let held = self.progress.held().has(request.piece);
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(());
        };
        if peer.choked || !held || peer.uploads.len() >= MOST_UPLOADS {
            peer.refuse(request);
        } else if !peer.uploads.contains(&request) {
            peer.uploads.push_back(request);
            peer.wake();
        }
        Ok(())
    }

    /// A peer that refuses a piece while it does not choke us has not got it, whatever it said.
    fn refused_by(&mut self, key: PeerKey, request: Request) {
        let block = self
            .pieces
            .block(request.piece, request.begin, request.length);
        let (Some(block), Some(peer)) = (block, self.peers.get_mut(&key)) else {
            return;
        };
        // It may answer a request that was taken back before the block was asked for again.
        if !peer.take_stray(block) && self.progress.is_asked_of(block, key) {
            self.progress.withdraw(block, key);
            if peer.chokes_us {
                peer.allowed_fast.retain(|piece| *piece != block.piece);
            } else {
                peer.have.set(block.piece, false);
            }
        }
    }

    /// Says whether we are interested, where that has changed.
    pub(super) fn update_interest(&mut self, key: PeerKey) {
        let held = self.progress.held();
        if let Some(peer) = self.peers.get_mut(&key) {
            show_interest(peer, held);
        }
    }

    /// The same for every peer.
    pub(super) fn update_all_interest(&mut self) {
        let held = self.progress.held();
        for peer in self.peers.values_mut() {
            show_interest(peer, held);
        }
    }

    /// Refuses everything that a peer waits for.
    pub(super) fn refuse_all(peer: &mut Peer) {
        for request in std::mem::take(&mut peer.uploads) {
            peer.refuse(request);
        }
    }
}

impl Peer {
    /// Nothing counts that a peer says after it was decided to close the connection.
    pub(super) fn check_open(&self) -> Result<(), Misbehaviour> {
        self.closing.map_or(Ok(()), |why| Err(Misbehaviour(why)))
    }
}

fn show_interest(peer: &mut Peer, held: &Bits) {
    let wanted = held.lacks_any_of(&peer.have);
    if wanted != peer.wanted {
        peer.wanted = wanted;
        peer.send(if wanted {
            &Message::Interested
        } else {
            &Message::NotInterested
        });
    }
}
