//! Deciding what happens next: who is asked for what, who is dialled, what is hashed.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use super::state::State;
use crate::schedule::{self, Picture};

/// Pieces of doubt that are hashed at the same time.
const CHECKS_AT_ONCE: usize = 4;

/// The longest rest between two decisions.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// What is to be done outside of the state.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Peers to dial.
    pub(super) dial: Vec<SocketAddr>,
    /// Pieces to hash.
    pub(super) check: Vec<u32>,
    /// When to decide again at the latest, from now.
    pub(super) rest: Duration,
}

impl State {
    /// Decides what happens next. `room` is how many more peers may be dialled.
    pub(super) fn conduct(&mut self, now: Duration, room: usize) -> Orders {
        self.make_rounds(now);
        let check = self.doubts();
        let look_again = if self.stopped { None } else { self.ask(now) };
        let dial = self.choose_peers(now, room);
        let due = self.book.next_due(now);
        let soonest = [look_again, due].map(|then| then.map(|then| then.saturating_sub(now)));
        Orders {
            dial,
            check,
            rest: soonest
                .into_iter()
                .flatten()
                .min()
                .map_or(LONGEST_REST, |rest| {
                    rest.clamp(Duration::from_millis(5), LONGEST_REST)
                }),
        }
    }

    /// Asks peers for what readers want next. Says when to look again at the latest.
    ///
    /// Nothing is asked of a piece before there is room for it. A plan that is held back for want of
    /// room is made again after 10 ms, and less and less often, up to every 200 ms, while none comes.
    fn ask(&mut self, now: Duration) -> Option<Duration> {
        let readers: Vec<_> = self
            .readers
            .values()
            .map(|reading| reading.wish(self.pieces))
            .collect();
        for (key, _) in self.peers.iter().filter(|(_, peer)| peer.closing.is_some()) {
            self.progress.leave(*key);
        }
        let peers: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.closing.is_none())
            .map(|(key, peer)| peer.view(*key, now))
            .collect();
        let plan = schedule::plan(&Picture {
            now,
            pieces: self.pieces,
            readers: &readers,
            peers: &peers,
            progress: &self.progress,
            reserved: self.room.reserved(),
            may_begin: self.content.room(),
        });
        for (key, block) in plan.cancels {
            self.progress.withdraw(block, key);
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.cancel(block, self.pieces);
            }
        }
        let mut no_room = BTreeSet::new();
        for (key, block) in plan.requests {
            if no_room.contains(&block.piece) || !self.take_room(block.piece) {
                no_room.insert(block.piece);
                continue;
            }
            if let Some(peer) = self.peers.get_mut(&key) {
                self.progress.ask(block, key, now);
                peer.request(block, self.pieces);
            }
        }
        for (key, peer) in &mut self.peers {
            let outstanding = self.progress.asked_of(*key);
            peer.pace.sent(now, outstanding);
            peer.low_water = outstanding * 3 / 4;
        }
        no_room.extend(plan.held_back);
        // Room is asked for even where there is none: that has some made.
        if plan.held_back.is_some_and(|piece| self.take_room(piece)) {
            self.room.found_some();
        }
        let look_for_room = self.room.look_again(!no_room.is_empty(), now);
        plan.look_again.into_iter().chain(look_for_room).min()
    }

    fn choose_peers(&mut self, now: Duration, room: usize) -> Vec<SocketAddr> {
        let places = self.most_peers.saturating_sub(self.wire_peers().count());
        let mut chosen = Vec::new();
        // A torrent that nobody reads keeps the peers it has, and looks for no more.
        if self.readers.is_empty() || self.progress.held().is_full() {
            return chosen;
        }
        while chosen.len() < room.min(places)
            && let Some(address) = self.book.next(now)
        {
            self.book.dialling(address);
            chosen.push(address);
        }
        chosen
    }

    /// Pieces in the readers' windows that have to be hashed before they count. Until that is done
    /// nobody is asked for them.
    fn doubts(&mut self) -> Vec<u32> {
        if self.doubtful.ones() > 0 {
            self.set_doubts_aside();
        }
        let free = CHECKS_AT_ONCE.saturating_sub(self.checking.len());
        let next: Vec<_> = self.doubts.drain(..free.min(self.doubts.len())).collect();
        self.checking.extend(&next);
        next
    }

    fn set_doubts_aside(&mut self) {
        for reading in self.readers.values() {
            let wish = reading.wish(self.pieces);
            let window = wish.at..wish.end.min(wish.at.saturating_add(wish.window));
            for piece in self.pieces.pieces_of(&window) {
                if self.doubtful.set(piece, false) {
                    self.progress.set_aside(piece);
                    self.doubts.push_back(piece);
                }
            }
        }
    }
}
