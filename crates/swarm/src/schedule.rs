//! What is asked of whom next: a pure function over plain values.
//!
//! The pieces that readers need soon are cut into blocks and spread over all peers, each block given
//! to a peer that brings it by the time at which the swarm as a whole would get there; so a slow
//! peer works further ahead instead of holding up the next byte. Pieces that are needed later are
//! left to one peer each. What is late is asked of a second peer, and what nobody wants any more
//! is cancelled. Where there is room on disk for some pieces only, the first ones in the order of
//! need are begun.
//!
//! # Limitations
//! Pieces are taken in the order of need only; rare pieces are not preferred. A block is asked of at
//! most two peers at a time, until both have fallen silent.

mod assign;
mod pace;
mod progress;
mod race;
mod shelf;
mod speed;
mod wanted;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{Bits, Block, Pieces};

pub(crate) use pace::Pace;
pub(crate) use progress::Progress;

/// A peer's number in one torrent. Never given to another peer while the torrent is loaded; the
/// two largest numbers are no peer's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct PeerKey(pub(crate) u32);

/// Somebody who reads on from a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// Offset in the torrent of the byte it needs next.
    pub(crate) at: u64,
    /// Offset in the torrent at which it ends.
    pub(crate) end: u64,
    /// How many bytes ahead of it are wanted.
    pub(crate) window: u64,
    /// Bytes a second that it consumes; 0: unknown, taken to be as fast as the swarm.
    pub(crate) rate: f64,
    /// Seconds until it begins to read; 0: it reads.
    pub(crate) begins: f64,
}

/// What is known of a peer's honesty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nothing it sent was part of a checked piece yet: it works on one piece at a time.
    Unproven,
    /// It had a part in pieces whose hash was right.
    Proven,
    /// It had a part in a piece whose hash was wrong: it works on one piece at a time, and alone.
    Parole,
}

/// A connected peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<'a> {
    /// Which one.
    pub(crate) key: PeerKey,
    /// The pieces it has.
    pub(crate) have: &'a Bits,
    /// Whether it chokes us.
    pub(crate) choked: bool,
    /// Pieces that it sends while it chokes us (BEP 6).
    pub(crate) allowed_fast: &'a [u32],
    /// Bytes a second, smoothed; 0: not measured yet. Of one that was asked and has sent nothing, the
    /// most it can be.
    pub(crate) rate: f64,
    /// The least time from request to block lately; zero: it has sent nothing yet.
    pub(crate) delay: Duration,
    /// Whether its rate still rises.
    pub(crate) growing: bool,
    /// How many requests it takes at most.
    pub(crate) most_requests: u32,
    /// What is known of its honesty.
    pub(crate) trust: Trust,
    /// Whether it has sent nothing for long though blocks are asked of it.
    pub(crate) snubbed: bool,
}

impl Peer<'_> {
    /// Whether it has sent anything yet. Its rate does not tell.
    fn has_sent(&self) -> bool {
        !self.delay.is_zero()
    }
}

/// All that a plan depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    /// Time since the swarm began.
    pub(crate) now: Duration,
    /// How the torrent is cut.
    pub(crate) pieces: Pieces,
    /// Who reads.
    pub(crate) readers: &'a [Reader],
    /// Who is connected, each once.
    pub(crate) peers: &'a [Peer<'a>],
    /// What is there and asked for.
    pub(crate) progress: &'a Progress,
    /// The pieces that room on disk was taken for.
    pub(crate) reserved: &'a Bits,
    /// How many more pieces may be begun.
    pub(crate) may_begin: u32,
}

/// What to send. The caller notes it in its [`Progress`]: first the cancels, then the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Blocks to ask for, for each peer in the order of need.
    pub(crate) requests: Vec<(PeerKey, Block)>,
    /// Requests that are to be withdrawn, because nobody wants the block any more.
    pub(crate) cancels: Vec<(PeerKey, Block)>,
    /// The first piece in the order of need that peers would have been asked for if there were room.
    pub(crate) held_back: Option<u32>,
    /// When to plan again even if nothing happens, as time since the swarm began.
    pub(crate) look_again: Option<Duration>,
}

/// How long outstanding requests are left alone before it is asked whether they are late.
const PATIENCE: Duration = Duration::from_millis(200);

/// Decides what to ask for and what to cancel.
///
/// The cost is about linear in the peers, the pieces in the windows that are not there and the new
/// requests; while no peer takes more requests, it does not depend on the windows.
pub(crate) fn plan(picture: &Picture<'_>) -> Plan {
    let cancels = wanted::unwanted(picture);
    let (requests, held_back) = assign::assign(picture, &cancels);
    let outstanding = !requests.is_empty()
        || (picture.peers.iter()).any(|peer| picture.progress.asked_of(peer.key) > 0);
    Plan {
        requests,
        cancels,
        held_back,
        look_again: outstanding.then(|| picture.now + PATIENCE),
    }
}
