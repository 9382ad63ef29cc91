//! Bitswap as a part of the node: client and server over the connections that there are.

mod act;
mod links;

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cid::Cid;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        NotifyHandler, ToSwarm,
    },
};
use tokio::time::{Interval, MissedTickBehavior, interval};
use universal_p2p_core::Dial;

use super::{
    bans::Bans,
    client::{Arrival, Client, Failure},
    handler::{Handler, Order, Report, Said},
    message::{Hash, Message},
    server::Server,
};
use crate::{Urgency, node::Held};
use links::{Change, Links};

/// How often it is looked for what is late, while anything is wanted.
const TICK: Duration = Duration::from_millis(100);

/// How often wants of peers are looked at again.
const LOOK: Duration = Duration::from_secs(1);

/// What the node hears.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A wanted block arrived. It was hashed.
    Block(Hash, Bytes),
    /// Peers that have this root are to be looked for.
    Search(Cid),
    /// Nobody has it.
    Failed(Hash, Failure),
    /// The connections to this peer are dead, and it is to be dialled again.
    Renew(PeerId),
    /// So many peers exchange blocks.
    Peers(usize),
}

/// Wants of ours, and wants of peers.
pub(crate) struct Bitswap {
    client: Client,
    server: Server,
    links: Links,
    bans: Bans,
    /// What was decided. No longer than what one call decides: it is emptied before anything else is done.
    events: VecDeque<ToSwarm<Outcome, Order>>,
    is_changed: bool,
    ticks: Interval,
    looks: Interval,
    waker: Option<Waker>,
}

impl Bitswap {
    /// Fetches for us, and serves what is held at so many bytes a second.
    pub(crate) fn new(held: Arc<dyn Held>, limit: &Dial<Option<NonZeroU32>>) -> Self {
        Self {
            client: Client::default(),
            server: Server::new(held, limit),
            links: Links::default(),
            bans: Bans::default(),
            events: VecDeque::new(),
            is_changed: false,
            ticks: every(TICK),
            looks: every(LOOK),
            waker: None,
        }
    }

    /// Wants a block, or wants it sooner.
    pub(crate) fn want(&mut self, cid: Cid, root: Cid, urgency: Urgency) {
        self.client.want(cid, root, urgency, Instant::now());
        self.changed();
    }

    /// Takes a want back.
    pub(crate) fn end(&mut self, hash: &Hash) -> Option<Failure> {
        let failure = self.client.end(hash, Instant::now());
        self.changed();
        failure
    }

    /// What is known so far of why a block does not come.
    pub(crate) fn failure(&self, hash: &Hash) -> Failure {
        self.client.failure(hash)
    }

    /// How many connected peers are known to have something of a root.
    pub(crate) fn members(&self, root: &Hash) -> u64 {
        self.client.members(root)
    }

    /// Somebody says that a peer has a root.
    pub(crate) fn hint(&mut self, root: &Hash, peer: PeerId) {
        if !self.links.is_mute(&peer) {
            self.client.hint(root, peer);
            self.changed();
        }
    }

    /// A peer that was connected is dialled again.
    pub(crate) fn redialled(&mut self, peer: PeerId) {
        self.client.redialled(peer);
        self.changed();
    }

    /// A peer that was named cannot be reached.
    pub(crate) fn unreachable(&mut self, peer: &PeerId) {
        self.client.unreachable(peer);
        self.changed();
    }

    /// The search for a root has ended.
    pub(crate) fn searched(&mut self, root: &Hash) {
        self.client.searched(root, Instant::now());
        self.changed();
    }

    /// Whether peers are being dialled that may have anything.
    pub(crate) fn expect(&mut self, is_expecting: bool) {
        if self.client.is_expecting != is_expecting {
            self.client.is_expecting = is_expecting;
            self.changed();
        }
    }

    /// Keeps the connections to a peer although nothing is said, or no longer.
    pub(crate) fn keep(&mut self, peer: PeerId, connection: ConnectionId) {
        self.order(peer, connection, Order::Keep(true));
        self.changed();
    }

    /// Whether blocks are exchanged with a peer.
    pub(crate) fn speaks(&self, peer: &PeerId) -> bool {
        self.links.spoken(peer).is_some()
    }

    fn changed(&mut self) {
        self.is_changed = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn order(&mut self, peer_id: PeerId, connection: ConnectionId, event: Order) {
        self.events.push_back(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(connection),
            event,
        });
    }

    fn refuse(&self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        let checked = self.bans.check(peer, Instant::now());
        checked.map_err(ConnectionDenied::new)
    }

    fn leave(&mut self, peer_id: PeerId) {
        self.events.push_back(ToSwarm::CloseConnection {
            peer_id,
            connection: CloseConnection::All,
        });
    }

    /// Follows what became of the connection on which is spoken with a peer.
    fn follow(&mut self, peer: PeerId, change: Change) {
        let now = Instant::now();
        match change {
            Change::None => return,
            Change::Begun(version) => self.client.connected(peer, version.has_haves(), now),
            Change::Moved(version) => {
                // What was said on the connection before is forgotten there.
                self.client.gone(peer);
                self.server.lost(&peer);
                self.client.connected(peer, version.has_haves(), now);
            }
            Change::Silent => {
                self.client.gone(peer);
                self.server.lost(&peer);
            }
            Change::Ended => {
                self.client.gone(peer);
                self.server.gone(&peer);
            }
        }
        let peers = Outcome::Peers(self.links.speaking());
        self.events.push_back(ToSwarm::GenerateEvent(peers));
        self.is_changed = true;
    }

    fn hear(&mut self, peer: PeerId, said: Said) {
        let now = Instant::now();
        for (hash, bytes) in said.blocks {
            if self.client.block(peer, &hash, now) == Arrival::Wanted {
                let block = Outcome::Block(hash, bytes);
                self.events.push_back(ToSwarm::GenerateEvent(block));
            }
        }
        for (cid, has) in said.presences {
            self.client.presence(peer, cid.hash(), has);
        }
        if said.full || !said.entries.is_empty() {
            self.server.wants(peer, said.full, &said.entries);
        }
        self.is_changed = true;
    }

    fn answer(&mut self, peer: PeerId, message: Message) {
        match self.links.any(&peer) {
            Some(connection) => self.order(peer, connection, Order::Answer(message)),
            None => self.server.lost(&peer),
        }
    }
}

impl NetworkBehaviour for Bitswap {
    type ConnectionHandler = Handler;
    type ToSwarm = Outcome;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        self.refuse(&peer).map(|()| Handler::new())
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let refused = peer.map_or(Ok(()), |peer| self.refuse(&peer));
        refused.map(|()| Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.refuse(&peer).map(|()| Handler::new())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                self.links.made(made.peer_id, made.connection_id);
            }
            FromSwarm::ConnectionClosed(closed) => {
                let change = self.links.closed(&closed.peer_id, closed.connection_id);
                self.follow(closed.peer_id, change);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        report: Report,
    ) {
        match report {
            Report::Speaks(version) => {
                let change = self.links.speaks(peer, connection, version);
                self.follow(peer, change);
            }
            Report::Said(said) => self.hear(peer, said),
            Report::Answered => self.server.answered(peer),
            Report::Mute => {
                // Nothing can be asked of it, and nothing can be sent to it.
                self.links.mute(&peer);
                self.client.unreachable(&peer);
                self.server.gone(&peer);
                self.is_changed = true;
            }
            Report::Broken => self.leave(peer),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Outcome, Order>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            if self.is_changed {
                self.is_changed = false;
                self.act();
                continue;
            }
            if let Poll::Ready((peer, message)) = self.server.poll(cx) {
                self.answer(peer, message);
                continue;
            }
            if self.client.is_waiting() && self.ticks.poll_tick(cx).is_ready() {
                self.client.tick(Instant::now());
                self.is_changed = true;
                continue;
            }
            if self.looks.poll_tick(cx).is_ready() {
                for peer in self.server.look(Instant::now()) {
                    self.leave(peer);
                }
                continue;
            }
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
