//! Late blocks, asked of a second peer.

use std::collections::HashMap;

use crate::schedule::assign::Table;
use crate::schedule::wanted::Wanted;
use crate::schedule::worker::Worker;
use crate::schedule::{PeerKey, Trust};
use crate::{BLOCK, Block};

/// How many late blocks are considered in one plan.
const MOST: usize = 256;
/// How many times longer than a second peer the first one must take.
const CLEARLY: f64 = 1.5;
/// Seconds that a second peer must gain at least.
const GAIN: f64 = 0.05;

/// A block of an urgent piece that comes later than all the rest of the piece could.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    block: Block,
    holder: PeerKey,
    /// Seconds until it comes, as far as one knows.
    until: f64,
    /// Its piece.
    wanted: Wanted,
}

impl Table<'_> {
    /// The late blocks, most urgent first.
    pub(super) fn late(&mut self) -> Vec<Late> {
        let patience = 2.0 * self.swarm.soonest;
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
        let urgent = self.shelf.urgent().clone();
        let mut late: Vec<Late> = (holders.iter())
            .flat_map(|holder| self.late_of(holder, &urgent))
            .collect();
        late.sort_by(|a, b| {
            let order = a.wanted.ahead.total_cmp(&b.wanted.ahead);
            order.then(a.block.index.cmp(&b.block.index))
        });
        late.truncate(MOST);
        late
    }

    /// The late blocks that are asked of one peer.
    fn late_of(&self, holder: &Worker<'_>, urgent: &HashMap<u32, Wanted>) -> Vec<Late> {
        let progress = self.picture.progress;
        let now = self.picture.now;
        let mut late = Vec::new();
        for (place, (block, asked_at)) in progress.asks_of(holder.peer.key).enumerate() {
            let Some(wanted) = urgent.get(&block.piece) else {
                continue;
            };
            let queued = (place + 1) as f64 * f64::from(BLOCK) / holder.speed.rate;
            let waited = now.saturating_sub(asked_at).as_secs_f64();
            let until = if holder.peer.snubbed || !holder.sends(block.piece) {
                f64::INFINITY
            } else {
                queued.max(holder.speed.delay - waited)
            };
            let rest = self.swarm.reaches(wanted.ahead + wanted.missing);
            let in_time = until <= 2.0 * rest.max(2.0 * self.swarm.soonest) + GAIN;
            if !in_time && progress.askers(block).len() == 1 {
                late.push(Late {
                    block,
                    holder: holder.peer.key,
                    until,
                    wanted: *wanted,
                });
            }
        }
        late
    }

    /// Takes the first late block that a peer would bring clearly sooner.
    pub(super) fn race(&self, at: usize, late: &mut Vec<Late>) -> Option<Block> {
        if late.is_empty() {
            return None;
        }
        let worker = self.workers.get(at)?;
        let until = worker.until_block() * CLEARLY + GAIN;
        let fits = |late: &Late| {
            let piece = late.block.piece;
            until < late.until
                && late.holder != worker.peer.key
                && worker.peer.trust != Trust::Parole
                && !worker.peer.snubbed
                && worker.sends(piece)
                && worker.bound.is_none_or(|bound| bound == piece)
                && !self.is_reserved(&late.wanted, worker.peer.key)
        };
        let place = late.iter().position(fits)?;
        Some(late.remove(place).block)
    }
}
