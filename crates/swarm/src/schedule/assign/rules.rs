//! Which open pieces a peer may take blocks of, and which block.

use crate::schedule::assign::{Pass, Table};
use crate::schedule::progress::Begun;
use crate::schedule::shelf::Title;
use crate::schedule::wanted::Wanted;
use crate::schedule::worker::Worker;
use crate::schedule::{PeerKey, Trust};

/// Seconds from which on a piece that only one peer may work on is taken from it.
const HOPELESS: f64 = 60.0;
/// Seconds that who is waited for may send nothing before others help.
pub(in crate::schedule) const PATIENT: f64 = 2.0;
/// Who is on parole keeps back unless it is so many times as fast as all that are not, together.
const PREFERRED: f64 = 4.0;
/// How many open pieces are looked at for who sends just them.
const CLOSELY: usize = 32;

impl Table<'_> {
    /// The block of an open piece that a peer should take, if any.
    pub(super) fn suits(&mut self, worker: &Worker<'_>, pass: Pass, place: usize) -> Option<u32> {
        let title = self.shelf.get(place)?.title;
        if !self.allows(worker, pass, &title) {
            return None;
        }
        let own = title.owner == Some(worker.peer.key);
        let single = title.retried || worker.peer.trust == Trust::Parole;
        if own && (single || !title.wanted.is_urgent()) {
            return self.shelf.get(place)?.unasked.next(0);
        }
        if title.untouched && single {
            return self.shelf.get(place)?.unasked.next(0);
        }
        if !title.wanted.is_urgent() {
            let due = self.due(&title);
            let missing = title.wanted.missing;
            let alone = worker.until_block() + worker.speed.until_bytes(missing);
            if title.untouched && alone <= due {
                return self.shelf.get(place)?.unasked.next(0);
            }
            let owner = title.owner.and_then(|key| self.active(key, &title));
            let cares = owner.is_some_and(|owner| owner.speed.until_bytes(missing) <= due);
            if cares && pass != Pass::Rest {
                return None;
            }
        }
        self.in_time(worker, place)
    }

    /// Seconds from now by which a piece should be there.
    fn due(&self, title: &Title) -> f64 {
        let end = title.wanted.ahead + title.wanted.missing;
        title.wanted.slack.max(self.swarm.reaches(end))
    }

    /// The first block of an open piece that a peer brings by the time at which all peers together
    /// would get there.
    fn in_time(&mut self, worker: &Worker<'_>, place: usize) -> Option<u32> {
        let swarm = self.swarm;
        let until = worker.until_block();
        let open = self.shelf.get(place)?;
        let early = (2.0 * swarm.soonest).max(open.title.wanted.slack / 2.0);
        let found = open.first_after(
            until,
            early,
            swarm.reaches(open.title.wanted.ahead),
            swarm.rate,
        );
        if found.is_some() || place >= CLOSELY {
            return found;
        }
        // The swift peers may not have this very piece.
        let (soonest, rate) = self.senders(place)?;
        let open = self.shelf.get(place)?;
        open.first_after(
            until,
            2.0 * soonest,
            swarm.reaches(open.title.wanted.ahead),
            rate,
        )
    }

    /// What the peers that send an open piece do together.
    pub(super) fn senders(&mut self, place: usize) -> Option<(f64, f64)> {
        let open = self.shelf.get(place)?;
        let (piece, owner) = (open.title.wanted.piece, open.title.owner);
        if open.senders.is_some() {
            return open.senders;
        }
        let (mut soonest, mut rate) = (f64::INFINITY, 0.0);
        for worker in &self.workers {
            let elsewhere = worker.bound.is_some_and(|bound| bound != piece);
            let idle = worker.peer.snubbed && self.swarm.lively;
            // Who is on parole does not help others.
            let alone = worker.peer.trust == Trust::Parole && owner != Some(worker.peer.key);
            if !elsewhere && !idle && !alone && worker.sends(piece) {
                soonest = soonest.min(worker.until_block());
                rate += worker.speed.rate;
            }
        }
        let senders = (soonest, rate.max(1.0));
        self.shelf.get(place)?.senders = Some(senders);
        Some(senders)
    }

    /// Whether trust lets a peer take blocks of an open piece that it sends.
    pub(super) fn allows(&self, worker: &Worker<'_>, pass: Pass, title: &Title) -> bool {
        let key = worker.peer.key;
        let own = title.owner == Some(key);
        if worker
            .bound
            .is_some_and(|bound| bound != title.wanted.piece)
        {
            return false;
        }
        if !own && self.is_private(title) {
            return false;
        }
        if title.retried && title.untouched && !self.may_retry(worker, pass, title.wanted.piece) {
            return false;
        }
        match worker.peer.trust {
            Trust::Proven | Trust::Unproven => true,
            Trust::Parole if own => true,
            Trust::Parole => self.on_parole(worker, pass, title),
        }
    }

    /// Whether a peer on parole may begin a piece.
    fn on_parole(&self, worker: &Worker<'_>, pass: Pass, title: &Title) -> bool {
        let trusted = self.others_suffice(worker, title.wanted.piece);
        if !title.untouched {
            return pass == Pass::Rest && !trusted;
        }
        let alone = worker.until_block() + worker.speed.until_bytes(title.wanted.missing);
        !trusted || (pass != Pass::First && alone <= self.due(title))
    }

    /// Whether a piece can be left to peers that are not on parole.
    ///
    /// A promise is no reason to wait: one honest peer may be on parole among many that promise.
    fn others_suffice(&self, worker: &Worker<'_>, piece: u32) -> bool {
        let others = self.workers.iter().filter(|other| {
            other.peer.trust != Trust::Parole
                && other.silent <= PATIENT
                && self.is_able(other, piece)
        });
        let rate: f64 = others.map(|other| other.speed.rate).sum();
        rate * PREFERRED >= worker.speed.rate
    }

    /// Whether a peer has shown that it sends, and nothing keeps it from a piece.
    fn is_able(&self, worker: &Worker<'_>, piece: u32) -> bool {
        worker.peer.has_sent()
            && !worker.peer.snubbed
            && worker.sends(piece)
            && worker.bound.is_none_or(|bound| bound == piece)
            && !(self.picture.progress).spoiled_alone(piece, worker.peer.key)
    }

    /// Whether a peer may begin a piece whose hash was wrong: one that did not spoil it alone, and
    /// not a slow one, since nobody may help it.
    fn may_retry(&self, worker: &Worker<'_>, pass: Pass, piece: u32) -> bool {
        let progress = self.picture.progress;
        let spoiled = progress.spoiled_alone(piece, worker.peer.key);
        let slow = worker.speed.rate * 2.0 < self.swarm.best_rate;
        let able = |other: &Worker<'_>| self.is_able(other, piece);
        if !worker.peer.has_sent() && self.workers.iter().any(able) {
            return false;
        }
        if pass != Pass::Rest {
            return !spoiled && !slow;
        }
        !spoiled
            || !self
                .workers
                .iter()
                .any(|other| other.sends(piece) && !progress.spoiled_alone(piece, other.peer.key))
    }

    /// Whether only the peer that began a piece may take blocks of it.
    pub(super) fn is_private(&self, title: &Title) -> bool {
        let Some(owner) = title.owner.and_then(|key| self.active(key, title)) else {
            return false;
        };
        let left = owner.speed.until_bytes(title.wanted.missing);
        let hopeless = left > HOPELESS && left > 4.0 * title.wanted.missing / self.swarm.rate;
        let alone = title.retried || owner.peer.trust == Trust::Parole;
        alone && !(title.wanted.is_urgent() && (hopeless || owner.silent > PATIENT))
    }

    /// Whether a piece, open or not, is one that a peer must keep out of.
    pub(in crate::schedule) fn is_reserved(&self, wanted: &Wanted, peer: PeerKey) -> bool {
        let progress = self.picture.progress;
        let Some(owner) = progress.begun(wanted.piece).and_then(Begun::owner) else {
            return false;
        };
        owner != peer
            && self.is_private(&Title {
                wanted: *wanted,
                blocks: 0,
                owner: Some(owner),
                untouched: false,
                retried: progress.is_retried(wanted.piece),
            })
    }

    /// A peer, if it still sends a piece.
    fn active(&self, key: PeerKey, title: &Title) -> Option<&Worker<'_>> {
        let worker = self.workers.get(*self.by_key.get(&key)?)?;
        (worker.sends(title.wanted.piece) && !worker.peer.snubbed).then_some(worker)
    }
}
