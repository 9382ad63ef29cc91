//! The addresses of peers that are known, and when each may be tried.
//!
//! Plain values: no socket and no clock. Times are durations since the torrent began.

mod bans;
mod entry;
mod priority;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

pub(crate) use entry::Source;

use self::{bans::Bans, entry::Entry, entry::State};
use crate::policy::{Policy, Scope};

/// How large a book may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Addresses that are kept.
    pub(crate) most: usize,
    /// Connections with one public IP (for IPv6, with one /64). Loopback and private addresses are
    /// not limited: a LAN behind one gateway and every test have many peers on one of them.
    pub(crate) per_ip: usize,
}

/// The addresses known for one torrent.
///
/// Peers that the user named are tried first. After them the sources take turns, so that none of
/// them can crowd out the others; within a source those that failed least come first, then those
/// of high canonical priority (BEP 40).
#[derive(Debug)]
pub(crate) struct Book {
    me: Vec<SocketAddr>,
    limits: Limits,
    entries: HashMap<SocketAddr, Entry>,
    /// Peers that came to us from a port that nobody can dial.
    guests: HashSet<SocketAddr>,
    busy: HashMap<IpAddr, usize>,
    bans: Bans,
    turn: usize,
}

impl Book {
    /// An empty book. `me` are the addresses that others reach us at, as far as they are known.
    pub(crate) fn new(me: Vec<SocketAddr>, limits: Limits) -> Self {
        Self {
            me: me.into_iter().map(canonical).collect(),
            limits,
            entries: HashMap::new(),
            guests: HashSet::new(),
            busy: HashMap::new(),
            bans: Bans::new(limits.most),
            turn: 0,
        }
    }

    /// Takes down an address, and says whether that gives somebody new to dial.
    ///
    /// Refused are addresses that cannot be dialled, our own, banned ones, and, in a full book, one
    /// that is worse than all the others. The user's naming a peer again brings its next try near.
    /// Whether the source may name this address is for the caller to check.
    pub(crate) fn add(&mut self, address: SocketAddr, source: Source, now: Duration) -> bool {
        let address = canonical(address);
        if !can_be_dialled(address) || self.me.contains(&address) || self.bans.has(address) {
            return false;
        }
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.heard_from(source, now);
            return false;
        }
        let mut entry = Entry::new(source, priority::with_any(&self.me, address), now);
        if self.entries.len() >= self.limits.most && !self.make_room(&entry) {
            return false;
        }
        let is_here = self.guests.remove(&address);
        if is_here {
            entry.state = State::Connected;
        }
        self.entries.insert(address, entry);
        !is_here
    }

    /// Who is to be dialled now, if anybody. Asking changes nothing; say so with [`Self::dialling`].
    pub(crate) fn next(&self, now: Duration) -> Option<SocketAddr> {
        let mut best = [None; Source::COUNT];
        for (address, entry) in &self.entries {
            if entry.due > now || !self.may_dial(*address, entry) {
                continue;
            }
            let rank = (Reverse(entry.failures), entry.priority, *address);
            let best = &mut best[entry.source.index()];
            *best = (*best).max(Some(rank));
        }
        let hint = Source::Hint.index();
        std::iter::once(hint)
            .chain((0..Source::COUNT).map(|step| (self.turn + step) % Source::COUNT))
            .find_map(|source| best[source])
            .map(|(_, _, address)| address)
    }

    /// When [`Self::next`] will have an answer, not before `now`; `None` where only a new address,
    /// or the end of a connection, can give one.
    pub(crate) fn next_due(&self, now: Duration) -> Option<Duration> {
        let waiting = self.entries.iter();
        let dues = waiting.filter(|(address, entry)| self.may_dial(**address, entry));
        dues.map(|(_, entry)| entry.due.max(now)).min()
    }

    /// Takes note that an address is being dialled.
    pub(crate) fn dialling(&mut self, address: SocketAddr) {
        let address = canonical(address);
        if let Some(entry) = self.entries.get_mut(&address) {
            let source = entry.source;
            let was_idle = entry.state == State::Idle;
            entry.state = State::Dialling;
            if was_idle {
                *self.busy.entry(site(address.ip())).or_default() += 1;
            }
            if source != Source::Hint {
                self.turn = (source.index() + 1) % Source::COUNT;
            }
        }
    }

    /// Whether a peer that comes to us from this address may stay.
    pub(crate) fn may_come(&self, address: SocketAddr) -> bool {
        let address = canonical(address);
        !self.bans.has(address) && self.has_place(address.ip())
    }

    /// Takes note of a connection. The address of a peer that came to us need not be in the book,
    /// and is not put into it: its port is seldom one to be dialled.
    pub(crate) fn connected(&mut self, address: SocketAddr) {
        let address = canonical(address);
        let is_new = match self.entries.get_mut(&address) {
            Some(entry) => {
                let was_idle = entry.state == State::Idle;
                entry.state = State::Connected;
                was_idle
            }
            None => self.guests.insert(address),
        };
        if is_new {
            *self.busy.entry(site(address.ip())).or_default() += 1;
        }
    }

    /// Takes note that a dial came to nothing. After many failures an address is forgotten.
    pub(crate) fn failed(&mut self, address: SocketAddr, now: Duration) {
        self.ended(address, |entry| entry.fail(now));
    }

    /// Takes note of the end of a connection that lasted for `after`.
    pub(crate) fn lost(&mut self, address: SocketAddr, after: Duration, now: Duration) {
        self.ended(address, |entry| entry.lose(after, now));
    }

    /// Takes note that a dial reached a peer that is connected already, by another address. Only after
    /// ten minutes it is tried again.
    pub(crate) fn reached_twice(&mut self, address: SocketAddr, now: Duration) {
        self.ended(address, |entry| entry.rest(now));
    }

    /// Never dials this address again, because it lied. After the second liar on one public IP that
    /// IP is shunned as a whole.
    pub(crate) fn ban(&mut self, address: SocketAddr) {
        let address = canonical(address);
        self.bans.add(address);
        self.ended(address, |_| false);
    }

    /// Learns an address of our own, as others see it.
    pub(crate) fn learn_me(&mut self, address: SocketAddr) {
        let address = canonical(address);
        if !self.me.contains(&address) {
            self.me.retain(|me| me.is_ipv4() != address.is_ipv4());
            self.me.push(address);
            self.ended(address, |_| false);
            for (peer, entry) in &mut self.entries {
                entry.priority = priority::with_any(&self.me, *peer);
            }
        }
    }

    /// Number of addresses.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Ends a dial or a connection; `keep` says whether the address stays in the book.
    fn ended(&mut self, address: SocketAddr, keep: impl FnOnce(&mut Entry) -> bool) {
        let address = canonical(address);
        let was_busy = match self.entries.get_mut(&address) {
            Some(entry) => {
                let was_busy = entry.state != State::Idle;
                entry.state = State::Idle;
                if !keep(entry) {
                    self.entries.remove(&address);
                }
                was_busy
            }
            None => self.guests.remove(&address),
        };
        let site = site(address.ip());
        if was_busy && let Some(count) = self.busy.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&site);
            }
        }
    }

    fn may_dial(&self, address: SocketAddr, entry: &Entry) -> bool {
        entry.state == State::Idle && self.has_place(address.ip()) && !self.bans.has(address)
    }

    fn has_place(&self, ip: IpAddr) -> bool {
        let busy = self.busy.get(&site(ip)).copied().unwrap_or_default();
        busy < self.limits.per_ip || !is_public(ip)
    }

    /// Drops the worst address, unless that is the new one: those that failed most go first, then
    /// those of the source that has given the most, then those of low priority.
    fn make_room(&mut self, new: &Entry) -> bool {
        let mut given = [0_usize; Source::COUNT];
        for entry in self.entries.values() {
            given[entry.source.index()] += 1;
        }
        let badness = |entry: &Entry| {
            let is_hint = entry.source == Source::Hint;
            let given = given[entry.source.index()];
            (!is_hint, entry.failures, given, Reverse(entry.priority))
        };
        let idle = self.entries.iter();
        let idle = idle.filter(|(_, entry)| entry.state == State::Idle);
        let worst = idle.max_by_key(|(address, entry)| (badness(entry), **address));
        match worst.map(|(address, entry)| (*address, badness(entry))) {
            Some((address, worst)) if worst > badness(new) => {
                self.entries.remove(&address);
                true
            }
            _ => false,
        }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn can_be_dialled(address: SocketAddr) -> bool {
    address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast()
}

fn is_public(ip: IpAddr) -> bool {
    Policy::new(Scope::Internet, false).allows(ip)
}

/// What counts as one machine: an IPv4 address, or the /64 that a household of IPv6 gets.
fn site(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) & (u128::MAX << 64)).into(),
    }
}
