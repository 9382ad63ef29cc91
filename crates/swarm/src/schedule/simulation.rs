//! A swarm in virtual time, to see what plans come to. Nothing in it waits or touches a network.

mod cache;
mod client;
mod far_peer;
mod scenarios;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::schedule::simulation::client::Client;
use crate::schedule::simulation::far_peer::{FarPeer, Habits};
use crate::schedule::{PeerKey, Reader};
use crate::{Bits, Block, Pieces};

/// How long a piece is hashed.
const HASHING: Duration = Duration::from_millis(2);
/// How often readers consume.
const TICK: Duration = Duration::from_millis(10);
/// How long plans are put off, so that what happens together is planned once.
const GATHER: Duration = Duration::from_millis(1);

/// Something that happens at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request gets to a peer.
    Request(PeerKey, Block),
    /// A cancel gets to a peer.
    Cancel(PeerKey, Block),
    /// A peer has put a block on the way.
    Sent(PeerKey),
    /// A block gets to us; whether its bytes are right.
    Block(PeerKey, Block, bool),
    /// A piece is hashed.
    Hashed(u32),
    /// Readers consume.
    Tick,
    /// A plan is made.
    Plan,
    /// Something changes at a peer.
    Change(PeerKey, Change),
}

/// What may happen to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Choke(bool),
    Stall(bool),
    Vanish,
    Rate(u32),
    Lie,
}

/// What a reader has seen.
#[derive(Clone, Debug)]
struct Viewer {
    reader: Reader,
    /// Bytes a second it plays at; infinite: all there is.
    plays: f64,
    paused: bool,
    /// When it began or sought, until the first byte is there.
    waits_since: Option<Duration>,
    first_bytes: Vec<Duration>,
    stalled: Duration,
}

/// Everything: our side, the peers, and what is under way between them.
struct World {
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    serial: u64,
    client: Client,
    peers: BTreeMap<PeerKey, FarPeer>,
    viewers: Vec<Viewer>,
    /// When the next plan is made.
    plan_at: Option<Duration>,
}

impl World {
    fn new(length: u64, piece_length: u32) -> Self {
        let pieces = Pieces::new(length, piece_length).expect("few pieces");
        let mut world = Self {
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            serial: 0,
            client: Client::new(pieces),
            peers: BTreeMap::new(),
            viewers: Vec::new(),
            plan_at: None,
        };
        world.put(TICK, Event::Tick);
        world
    }

    fn put(&mut self, after: Duration, event: Event) {
        self.serial += 1;
        self.events
            .push(Reverse((self.now + after, self.serial, event)));
    }

    /// Connects a peer that unchokes at once.
    fn join(&mut self, habits: Habits) -> PeerKey {
        let key = PeerKey(self.peers.len() as u32);
        let have = habits
            .have
            .clone()
            .unwrap_or_else(|| Bits::all(self.client.pieces.count()));
        self.client.connect(key, have, habits.most_requests);
        self.peers.insert(key, FarPeer::new(habits, self.now));
        self.want_plan();
        key
    }

    /// Lets somebody read from an offset to the end; a rate of 0: as fast as it can.
    fn read(&mut self, at: u64, window: u64, rate: f64) -> usize {
        self.viewers.push(Viewer {
            reader: Reader {
                at,
                end: self.client.pieces.length(),
                window,
                rate,
                begins: 0.0,
            },
            plays: if rate > 0.0 { rate } else { f64::INFINITY },
            paused: false,
            waits_since: Some(self.now),
            first_bytes: Vec::new(),
            stalled: Duration::ZERO,
        });
        self.want_plan();
        self.viewers.len() - 1
    }

    fn seek(&mut self, viewer: usize, at: u64) {
        let viewer = &mut self.viewers[viewer];
        viewer.reader.at = at;
        viewer.waits_since = Some(self.now);
        self.look();
        self.want_plan();
    }

    fn change(&mut self, after: Duration, peer: PeerKey, change: Change) {
        self.put(after, Event::Change(peer, change));
    }

    /// Runs for a time.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(end, |_| false);
    }

    /// Runs until a reader has its first byte and returns how long it took, or the time it was given.
    fn until_first_byte(&mut self, viewer: usize, most: Duration) -> Duration {
        let (since, end) = (self.now, self.now + most);
        self.run_until(end, |world| world.viewers[viewer].waits_since.is_none());
        self.now - since
    }

    fn run_until(&mut self, end: Duration, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            match self.events.peek() {
                Some(Reverse((at, _, _))) if *at <= end => {}
                _ => {
                    self.now = end;
                    return;
                }
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else {
                return;
            };
            self.now = at;
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Request(peer, block) => {
                self.far(peer, |far| far.request(block));
                self.go_on(peer);
            }
            Event::Cancel(peer, block) => {
                self.far(peer, |far| far.cancel(block));
            }
            Event::Sent(peer) => self.sent(peer),
            Event::Block(peer, block, good) => {
                if self.client.take(self.now, peer, block, good, &self.peers) {
                    self.put(HASHING, Event::Hashed(block.piece));
                }
                self.send_cancels();
                self.want_plan();
            }
            Event::Hashed(piece) => {
                self.client.hashed(piece);
                self.look();
                self.want_plan();
            }
            Event::Tick => {
                self.consume();
                self.put(TICK, Event::Tick);
            }
            Event::Plan => self.plan(),
            Event::Change(peer, change) => self.happen_to(peer, change),
        }
    }

    fn far<T>(&mut self, peer: PeerKey, act: impl FnOnce(&mut FarPeer) -> T) -> Option<T> {
        self.peers.get_mut(&peer).map(act)
    }

    fn go_on(&mut self, peer: PeerKey) {
        let now = self.now;
        if let Some(Some(takes)) = self.far(peer, |far| far.begin(now)) {
            self.put(takes, Event::Sent(peer));
        }
    }

    fn sent(&mut self, peer: PeerKey) {
        let now = self.now;
        if let Some(Some((block, arrives, good))) = self.far(peer, |far| far.finish(now)) {
            self.put(arrives - now, Event::Block(peer, block, good));
        }
        self.go_on(peer);
    }

    fn happen_to(&mut self, peer: PeerKey, change: Change) {
        self.far(peer, |far| far.change(change));
        match change {
            Change::Choke(choked) => self.client.choke(self.now, peer, choked),
            Change::Vanish => {
                self.peers.remove(&peer);
                self.client.disconnect(peer);
            }
            Change::Stall(_) | Change::Rate(_) | Change::Lie => {}
        }
        self.go_on(peer);
        self.want_plan();
    }

    fn want_plan(&mut self) {
        self.plan_by(self.now + GATHER);
    }

    fn plan_by(&mut self, at: Duration) {
        if self.plan_at.is_none_or(|planned| planned > at) {
            self.plan_at = Some(at);
            self.put(at - self.now, Event::Plan);
        }
    }

    fn plan(&mut self) {
        if self.plan_at != Some(self.now) {
            return;
        }
        self.plan_at = None;
        let readers: Vec<Reader> = (self.viewers.iter())
            .filter(|viewer| !viewer.paused)
            .map(|viewer| viewer.reader)
            .collect();
        let plan = self.client.plan(self.now, &readers);
        self.send_cancels();
        for (peer, block) in plan.requests {
            if let Some(way) = self.peers.get(&peer).map(|far| far.habits.delay / 2) {
                self.put(way, Event::Request(peer, block));
            }
        }
        if let Some(again) = plan.look_again {
            self.plan_by(again);
        }
    }

    fn send_cancels(&mut self) {
        for (peer, block) in std::mem::take(&mut self.client.cancels) {
            if let Some(way) = self.peers.get(&peer).map(|far| far.habits.delay / 2) {
                self.put(way, Event::Cancel(peer, block));
            }
        }
    }

    /// Sees which readers have their first byte now.
    fn look(&mut self) {
        for viewer in &mut self.viewers {
            let piece = self.client.pieces.piece_at(viewer.reader.at);
            if let Some(since) = viewer.waits_since
                && self.client.progress.held().has(piece)
            {
                viewer.first_bytes.push(self.now - since);
                viewer.waits_since = None;
            }
        }
    }

    /// Lets readers consume for a tick.
    fn consume(&mut self) {
        let (pieces, held) = (self.client.pieces, self.client.progress.held());
        for viewer in &mut self.viewers {
            if viewer.paused || viewer.waits_since.is_some() {
                continue;
            }
            let wants = (viewer.plays * TICK.as_secs_f64()).min(pieces.length() as f64) as u64;
            let wants = (viewer.reader.at + wants).min(viewer.reader.end);
            let mut at = viewer.reader.at;
            while at < wants && held.has(pieces.piece_at(at)) {
                at = pieces.bytes_of(pieces.piece_at(at)).end.min(wants);
            }
            if at < wants && viewer.plays.is_finite() {
                viewer.stalled += TICK;
            }
            viewer.reader.at = at;
        }
        self.want_plan();
    }
}
