//! Who may download from us: a pure function.
//!
//! While we download it is tit-for-tat (BEP 3): those who send us the most may have the most. When
//! we only give, it is libtorrent's round robin in small: everybody gets a turn of a minute, those
//! who use theirs keep it for all of it, and whoever has waited longest is next. Speed counts only
//! between those whose turns are over, so that fast leeches do not own a seed.

#[cfg(test)]
mod tests;

use std::{cmp::Reverse, time::Duration};

/// Rounds that the optimistic slot stays with one peer (BEP 3: 30 s, with rounds of 10 s).
const OPTIMISTIC_ROUNDS: u64 = 3;
/// How much faster the waiting of a new peer counts (BEP 3: three times as likely).
const NEWCOMERS: u32 = 3;
/// With a single slot, every such turn of it is optimistic.
const ONLY_SLOT: u64 = 4;
/// A turn, when we only give.
const TURN: Duration = Duration::from_secs(60);
/// How soon a turn ends that the peer makes no use of.
const UNUSED_TURN: Duration = Duration::from_secs(20);

/// A connected peer, as far as choking is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// What the caller calls it.
    pub(crate) key: u32,
    /// It wants something of us.
    pub(crate) interested: bool,
    /// What it sends us, in bytes per second.
    pub(crate) rate_to_us: f64,
    /// What we send it, in bytes per second.
    pub(crate) rate_from_us: f64,
    /// It is unchoked now.
    pub(crate) unchoked: bool,
    /// For how long it has been; zero when it is choked.
    pub(crate) since_unchoked: Duration,
    /// How long it has been interested and choked; zero when it is not.
    pub(crate) waiting: Duration,
    /// It connected a short while ago, and has nothing to give in return yet.
    pub(crate) is_new: bool,
    /// It said that it only uploads (BEP 21).
    pub(crate) upload_only: bool,
}

/// The keys of the peers that are to be unchoked now, at most `slots` of them; all others are to be
/// choked. To be called about every 10 s with the next `round`, and the answer depends on nothing
/// but the arguments.
///
/// `seeding` says that we want nothing: the torrent is complete, or nobody reads it. Otherwise one
/// of the slots is the optimistic one: every third round it goes to the peer that has waited
/// longest, with the waiting of new peers counted three times. A peer that waits gets a slot within
/// 12 rounds for every one that has waited longer.
#[must_use]
pub(crate) fn unchoke(
    candidates: &[Candidate],
    slots: usize,
    seeding: bool,
    round: u64,
) -> Vec<u32> {
    let mut wanting: Vec<&Candidate> = candidates
        .iter()
        .filter(|peer| peer.interested && !peer.upload_only)
        .collect();
    if wanting.len() <= slots {
        return wanting.iter().map(|peer| peer.key).collect();
    }
    if seeding {
        wanting.sort_by(|a, b| turn(a).cmp(&turn(b)).then_with(|| in_turn(a, b)));
        return wanting.iter().take(slots).map(|peer| peer.key).collect();
    }
    wanting.sort_by(|a, b| {
        let rates = b.rate_to_us.total_cmp(&a.rate_to_us);
        rates.then_with(|| patience(b).cmp(&patience(a)))
    });
    let optimistic = optimistic_slots(slots, round);
    let (regular, others) = wanting.split_at(slots - optimistic);
    let lucky = lucky(others, round).filter(|_| optimistic == 1);
    regular
        .iter()
        .copied()
        .chain(lucky)
        .map(|peer| peer.key)
        .collect()
}

fn optimistic_slots(slots: usize, round: u64) -> usize {
    match slots {
        0 => 0,
        1 => usize::from((round / OPTIMISTIC_ROUNDS) % ONLY_SLOT == ONLY_SLOT - 1),
        _ => 1,
    }
}

/// Who gets the optimistic slot: whoever has it, until the third round is over, and then whoever
/// has waited longest.
fn lucky<'a>(others: &[&'a Candidate], round: u64) -> Option<&'a Candidate> {
    let others = || others.iter().copied();
    let holder = || {
        let unchoked = others().filter(|peer| peer.unchoked);
        unchoked.min_by_key(|peer| (peer.since_unchoked, peer.key))
    };
    let longest = || {
        let choked = others().filter(|peer| !peer.unchoked);
        choked.max_by_key(|peer| patience(peer))
    };
    if round.is_multiple_of(OPTIMISTIC_ROUNDS) {
        longest().or_else(holder)
    } else {
        holder().or_else(longest)
    }
}

/// How long a peer has waited, as it counts; the key decides between equals.
fn patience(peer: &Candidate) -> (Duration, Reverse<u32>) {
    let factor = if peer.is_new { NEWCOMERS } else { 1 };
    (peer.waiting.saturating_mul(factor), Reverse(peer.key))
}

/// Where a peer stands in the round robin, first come those who are to have a slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Running,
    Waiting,
    Over,
}

fn turn(peer: &Candidate) -> Turn {
    let uses_it = peer.rate_from_us > 0.0;
    match peer.since_unchoked {
        _ if !peer.unchoked => Turn::Waiting,
        since if since < UNUSED_TURN || since < TURN && uses_it => Turn::Running,
        _ => Turn::Over,
    }
}

fn in_turn(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    match turn(a) {
        Turn::Waiting => patience(b).cmp(&patience(a)),
        Turn::Running | Turn::Over => {
            let rates = b.rate_from_us.total_cmp(&a.rate_from_us);
            rates.then_with(|| a.key.cmp(&b.key))
        }
    }
}
