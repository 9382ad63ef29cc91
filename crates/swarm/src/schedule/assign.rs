//! Which peer is asked for which block.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::schedule::race::{Late, Lateness};
use crate::schedule::shelf::Shelf;
use crate::schedule::speed::usual_rate;
use crate::schedule::wanted::Windows;
use crate::schedule::worker::Worker;
use crate::schedule::{PeerKey, Picture};
use crate::{BLOCK, Block};

pub(super) mod rules;

/// What peers with room are looked through for, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Blocks of the pieces that a reader misses first.
    First,
    /// Late blocks of urgent pieces, asked of somebody else already.
    Race,
    /// Blocks of any piece that the peer may take.
    Any,
    /// The same, but also of pieces that are left to another peer as long as there are others.
    Rest,
    /// Blocks of the next piece that are asked of a slower peer.
    Tail,
    /// Late blocks that all others have left, for peers on parole and such as have sent nothing yet.
    Left,
}

const PASSES: [Pass; 6] = [
    Pass::First,
    Pass::Race,
    Pass::Any,
    Pass::Rest,
    Pass::Tail,
    Pass::Left,
];

/// Chooses the requests of a plan, and says which piece is held back for want of room.
pub(super) fn assign(
    picture: &Picture<'_>,
    cancels: &[(PeerKey, Block)],
) -> (Vec<(PeerKey, Block)>, Option<u32>) {
    let Some(mut table) = Table::new(picture, cancels) else {
        return (Vec::new(), None);
    };
    for pass in PASSES {
        table.run(pass);
    }
    (table.requests, table.shelf.held_back)
}

/// A plan being made.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) picture: &'a Picture<'a>,
    pub(super) workers: Vec<Worker<'a>>,
    pub(super) by_key: HashMap<PeerKey, usize>,
    pub(super) shelf: Shelf<'a>,
    pub(super) swarm: Swarm,
    /// The late blocks that this plan asks of a second peer.
    pub(super) raced: HashSet<Block>,
    requests: Vec<(PeerKey, Block)>,
}

/// What all peers that send anything do together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swarm {
    /// Bytes a second.
    pub(super) rate: f64,
    /// Bytes a second of the fastest peer.
    best_rate: f64,
    /// Seconds until the quickest peer brings one more block.
    pub(super) soonest: f64,
    /// Seconds from a request to the first bytes, in the mean.
    lag: f64,
    /// Whether there are peers that are not snubbed.
    lively: bool,
}

impl Swarm {
    /// `None`: no peer sends anything.
    fn new(workers: &[Worker<'_>]) -> Option<Self> {
        let lively = workers
            .iter()
            .any(|worker| worker.is_usable() && !worker.peer.snubbed);
        let usable = workers.iter().filter(|worker| worker.is_usable());
        let counted = usable.filter(|worker| !lively || !worker.peer.snubbed);
        let (mut rate, mut best_rate, mut soonest, mut lag) = (0.0, 0.0_f64, f64::INFINITY, 0.0);
        for worker in counted {
            rate += worker.speed.rate;
            best_rate = best_rate.max(worker.speed.rate);
            soonest = soonest.min(worker.until_block());
            lag += worker.speed.rate * worker.speed.delay + 2.0 * f64::from(BLOCK);
        }
        (rate > 0.0).then(|| Self {
            rate,
            best_rate,
            soonest,
            lag: lag / rate,
            lively,
        })
    }

    /// Seconds until the swarm gets to the byte that has `ahead` missing ones before it.
    pub(super) fn reaches(&self, ahead: f64) -> f64 {
        self.lag + ahead / self.rate
    }
}

impl<'a> Table<'a> {
    /// `None`: there is nobody to ask, or all are busy.
    fn new(picture: &'a Picture<'a>, cancels: &[(PeerKey, Block)]) -> Option<Self> {
        let mut cancelled: HashMap<PeerKey, u32> = HashMap::new();
        for (peer, _) in cancels {
            *cancelled.entry(*peer).or_default() += 1;
        }
        let windows = Windows::new(picture);
        let usual = usual_rate(picture.peers);
        let workers: Vec<_> = (picture.peers.iter())
            .map(|peer| {
                let cancelled = cancelled.get(&peer.key).copied().unwrap_or(0);
                Worker::new(picture, &windows, peer, usual, cancelled)
            })
            .collect();
        let swarm = Swarm::new(&workers)?;
        let busy = |worker: &Worker<'_>| worker.room == 0 || !worker.is_usable();
        if workers.iter().all(busy) {
            return None;
        }
        let keys = workers.iter().enumerate();
        Some(Self {
            picture,
            by_key: keys.map(|(at, worker)| (worker.peer.key, at)).collect(),
            workers,
            shelf: Shelf::new(picture, swarm.rate),
            swarm,
            raced: HashSet::new(),
            requests: Vec::new(),
        })
    }

    /// Gives blocks to the peers that have room, always to the one that would bring its next block
    /// first, until nobody finds anything.
    fn run(&mut self, pass: Pass) {
        if self
            .workers
            .iter()
            .all(|worker| worker.room == 0 || !worker.is_usable())
        {
            return;
        }
        let mut late = match pass {
            Pass::Race | Pass::Left => self.late(Lateness::Clear),
            Pass::Tail => self.late(Lateness::Any),
            Pass::First | Pass::Any | Pass::Rest => Vec::new(),
        };
        let mut cursors = vec![0; self.workers.len()];
        let mut turns: BinaryHeap<_> = (self.workers.iter().enumerate())
            .filter(|(_, worker)| worker.room > 0 && worker.is_usable())
            .map(|(at, worker)| Reverse((micros(worker.until_block()), at)))
            .collect();
        while let Some(Reverse((_, at))) = turns.pop() {
            let Some(block) = self.pick(at, pass, &mut cursors, &mut late) else {
                continue;
            };
            let Some(worker) = self.workers.get_mut(at) else {
                continue;
            };
            worker.take(block.piece);
            self.requests.push((worker.peer.key, block));
            if worker.room > 0 {
                turns.push(Reverse((micros(worker.until_block()), at)));
            }
        }
    }

    /// The next block for a peer, marked as asked.
    fn pick(
        &mut self,
        at: usize,
        pass: Pass,
        cursors: &mut [usize],
        late: &mut Vec<Late>,
    ) -> Option<Block> {
        if matches!(pass, Pass::Race | Pass::Tail | Pass::Left) {
            return self.race(at, pass, late);
        }
        let worker = *self.workers.get(at)?;
        let cursor = cursors.get_mut(at)?;
        let probes = self.swarm.lively && worker.peer.snubbed;
        let found = if probes {
            None
        } else {
            self.look(&worker, pass, cursor)
        };
        let (place, index) = match (found, pass) {
            (Some(found), _) => found,
            (None, Pass::Rest) if worker.queue == 0 => self.probe(&worker)?,
            (None, _) => return None,
        };
        let open = self.shelf.get(place)?;
        open.unasked.set(index, false);
        open.title.untouched = false;
        open.title.owner.get_or_insert(worker.peer.key);
        Some(Block {
            piece: open.title.wanted.piece,
            index,
        })
    }

    /// The first block from the cursor on that suits a peer.
    fn look(
        &mut self,
        worker: &Worker<'_>,
        pass: Pass,
        cursor: &mut usize,
    ) -> Option<(usize, u32)> {
        loop {
            let open = self.shelf.get(*cursor)?;
            if pass == Pass::First && !open.title.wanted.first {
                return None;
            }
            if open.unasked.count() > 0
                && worker.sends(open.title.wanted.piece)
                && let Some(index) = self.suits(worker, pass, *cursor)
            {
                return Some((*cursor, index));
            }
            *cursor += 1;
        }
    }

    /// A block far ahead, or one that nobody else sends, for a peer that is too slow for all others:
    /// to see whether it still is.
    fn probe(&mut self, worker: &Worker<'_>) -> Option<(usize, u32)> {
        // All open pieces have been looked up by the time nothing suits.
        for place in (0..self.shelf.len()).rev() {
            let open = self.shelf.get(place)?;
            let urgent = open.title.wanted.is_urgent();
            if open.unasked.count() == 0 || !worker.sends(open.title.wanted.piece) {
                continue;
            }
            let elsewhere = self.senders(place)?.0.is_finite();
            if urgent && self.swarm.lively && elsewhere {
                continue;
            }
            let open = self.shelf.get(place)?;
            let (title, index) = (open.title, open.unasked.next(0));
            if self.allows(worker, Pass::Rest, &title) {
                return index.map(|index| (place, index));
            }
        }
        None
    }
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}
