//! Late blocks, asked of a second peer.

use crate::schedule::Trust;
use crate::schedule::assign::rules::PATIENT;
use crate::schedule::assign::{Pass, Table};
use crate::schedule::wanted::Wanted;
use crate::schedule::worker::Worker;
use crate::{BLOCK, Block};

/// How many late blocks are considered in one plan.
const MOST: usize = 256;
/// How many times longer than a second peer the first one must take.
const CLEARLY: f64 = 1.5;
/// Seconds that a second peer must gain at least.
const GAIN: f64 = 0.05;

/// Seconds of play ahead of a piece that is next.
const NEXT: f64 = 2.0;

/// How late a block has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lateness {
    /// So late that it holds up its piece.
    Clear,
    /// Not at all, if it is of the next piece: for peers that have nothing else to do.
    Any,
}

/// A block of an urgent piece that comes later than all the rest of the piece could.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    block: Block,
    /// Seconds until it comes, as far as one knows.
    until: f64,
    /// Its piece.
    wanted: Wanted,
}

impl Table<'_> {
    /// The late blocks, most urgent first.
    pub(super) fn late(&mut self, lateness: Lateness) -> Vec<Late> {
        let patience = match lateness {
            Lateness::Clear => 2.0 * self.swarm.soonest,
            Lateness::Any => CLEARLY * self.swarm.soonest,
        };
        let slow = |worker: &&Worker<'_>| {
            let queue = f64::from(worker.queue) * f64::from(BLOCK) / worker.speed.rate;
            worker.queue > 0
                && (worker.peer.snubbed
                    || worker.peer.choked
                    || queue.max(worker.speed.delay) > patience)
        };
        let holders: Vec<Worker<'_>> = self.workers.iter().filter(slow).copied().collect();
        if holders.is_empty() {
            return Vec::new();
        }
        self.shelf.look_up_urgent();
        let mut late: Vec<Late> = (holders.iter())
            .flat_map(|holder| self.late_of(holder, lateness))
            .collect();
        late.sort_by(|a, b| {
            let order = a.wanted.ahead.total_cmp(&b.wanted.ahead);
            order.then(a.block.index.cmp(&b.block.index))
        });
        late.dedup_by_key(|late| late.block);
        late.truncate(MOST);
        late
    }

    /// The late blocks that are asked of one peer.
    fn late_of(&self, holder: &Worker<'_>, lateness: Lateness) -> Vec<Late> {
        let progress = self.picture.progress;
        let now = self.picture.now;
        let mut late = Vec::new();
        for (place, (block, asked_at)) in progress.asks_of(holder.peer.key).enumerate() {
            let Some(wanted) = self.shelf.urgent.get(&block.piece) else {
                continue;
            };
            let queued = (place + 1) as f64 * f64::from(BLOCK) / holder.speed.rate;
            let waited = now.saturating_sub(asked_at).as_secs_f64();
            let until = if holder.peer.snubbed || !holder.sends(block.piece) {
                f64::INFINITY
            } else {
                queued
                    .max(holder.speed.delay - waited)
                    .max(2.0 * holder.silent)
            };
            let rest = self.swarm.reaches(wanted.ahead + wanted.missing);
            let late_after = match lateness {
                Lateness::Clear => {
                    let soon = 2.0 * self.swarm.soonest;
                    (1.25 * rest).max(soon).max(0.8 * wanted.slack) + GAIN
                }
                Lateness::Any if wanted.first && wanted.slack < NEXT => 0.0,
                Lateness::Any => f64::INFINITY,
            };
            let first = !self.raced.contains(&block);
            if first && until > late_after && !self.is_covered(block) {
                late.push(Late {
                    block,
                    until,
                    wanted: *wanted,
                });
            }
        }
        late
    }

    /// Whether enough peers are asked for a block: two, unless all of them have fallen silent.
    fn is_covered(&self, block: Block) -> bool {
        let askers = self.picture.progress.askers(block).into_iter();
        let workers = askers.filter_map(|key| self.workers.get(*self.by_key.get(&key)?));
        let lively: Vec<_> = workers.filter(|worker| !worker.peer.snubbed).collect();
        lively.len() >= 2 && lively.iter().any(|worker| worker.silent <= PATIENT)
    }

    /// Takes the first late block that a peer would bring clearly sooner.
    ///
    /// Who is on parole should work alone, and who has sent nothing may never do so: both take only what
    /// all others have left. However fast those seem to be, a piece must not wait for them.
    pub(super) fn race(&mut self, at: usize, pass: Pass, late: &mut Vec<Late>) -> Option<Block> {
        let worker = self.workers.get(at)?;
        let is_last = worker.peer.trust == Trust::Parole || !worker.peer.has_sent();
        if late.is_empty() || is_last != (pass == Pass::Left) {
            return None;
        }
        let until = worker.until_block() * CLEARLY + GAIN;
        if worker.until_block() > 4.0 * self.swarm.soonest + GAIN {
            return None;
        }
        let fits = |late: &Late| {
            let piece = late.block.piece;
            until < late.until
                && !self
                    .picture
                    .progress
                    .is_asked_of(late.block, worker.peer.key)
                && !worker.peer.snubbed
                && worker.sends(piece)
                && worker.bound.is_none_or(|bound| bound == piece)
                && !self.is_reserved(&late.wanted, worker.peer.key)
        };
        let place = late.iter().position(fits)?;
        let block = late.remove(place).block;
        self.raced.insert(block);
        Some(block)
    }
}
