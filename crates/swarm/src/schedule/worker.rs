//! A peer while a plan is made.

use std::time::Duration;

use crate::schedule::speed::{Speed, depth};
use crate::schedule::wanted::Windows;
use crate::schedule::{Peer, Picture, Trust};

/// Requests to a peer that has sent nothing yet, while others send.
const UNTRIED: u32 = 4;

/// A peer, what it is reckoned to do, and what it was given so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worker<'a> {
    /// The peer.
    pub(super) peer: &'a Peer<'a>,
    /// What it is reckoned to do.
    pub(super) speed: Speed,
    /// Seconds that it has sent nothing, where that is longer than usual.
    pub(super) silent: f64,
    /// How many blocks are asked of it, those of this plan included.
    pub(super) queue: u32,
    /// How many more it takes.
    pub(super) room: u32,
    /// The only piece that it may work on, where its trust allows but one.
    pub(super) bound: Option<u32>,
}

impl<'a> Worker<'a> {
    /// `cancelled`: how many of its requests are being withdrawn.
    pub(super) fn new(
        picture: &Picture<'_>,
        windows: &Windows,
        peer: &'a Peer<'a>,
        usual: Option<f64>,
        cancelled: u32,
    ) -> Self {
        let asked = picture.progress.asked_of(peer.key);
        let queue = asked.saturating_sub(cancelled);
        let silence = (picture.progress.silent_since(peer.key))
            .map_or(Duration::ZERO, |since| picture.now.saturating_sub(since));
        let (speed, silent) = Speed::of(peer, usual).after(silence);
        Self {
            peer,
            speed,
            silent,
            queue,
            room: most(peer, usual).saturating_sub(queue),
            bound: bound(picture, windows, peer),
        }
    }

    /// Whether it sends anything at all.
    pub(super) fn is_usable(&self) -> bool {
        !self.peer.choked || !self.peer.allowed_fast.is_empty()
    }

    /// Whether it has a piece and sends it.
    pub(super) fn sends(&self, piece: u32) -> bool {
        let open = !self.peer.choked || self.peer.allowed_fast.contains(&piece);
        open && self.peer.have.has(piece)
    }

    /// Seconds until it brings one more block.
    pub(super) fn until_block(&self) -> f64 {
        self.speed.until_block(self.queue)
    }

    /// Takes one more request.
    pub(super) fn take(&mut self, piece: u32) {
        self.queue += 1;
        self.room = self.room.saturating_sub(1);
        if self.peer.trust != Trust::Proven {
            self.bound = Some(piece);
        }
    }
}

/// How many requests a peer takes. One that has sent nothing yet gets few while others send: it may
/// be one that never does.
fn most(peer: &Peer<'_>, usual: Option<f64>) -> u32 {
    let untried = !peer.has_sent() && usual.is_some();
    depth(peer).min(if untried { UNTRIED } else { u32::MAX })
}

/// The piece that a peer which is not trusted has begun and that is neither checked nor given up.
///
/// One that no reader wants any more does not count: the peer could never finish it.
fn bound(picture: &Picture<'_>, windows: &Windows, peer: &Peer<'_>) -> Option<u32> {
    let progress = picture.progress;
    let counts = |piece: &u32| progress.is_being_checked(*piece) || windows.contains(*piece);
    let own = |piece: &u32| {
        let begun = progress.begun(*piece);
        begun.is_some_and(|begun| begun.owner() == Some(peer.key))
    };
    let mut pieces = progress.pieces_of(peer.key).filter(counts);
    match peer.trust {
        Trust::Proven => None,
        Trust::Unproven => pieces.next(),
        Trust::Parole => pieces.find(own),
    }
}
