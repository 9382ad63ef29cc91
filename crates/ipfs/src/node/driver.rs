//! The task that drives the node: between what readers want and what the network says.

mod reach;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use libp2p::{Multiaddr, Swarm, identify, kad, ping, swarm::SwarmEvent};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{
    call::Call,
    contacts::Contacts,
    desk::{Change, Desk},
    network::{Network, NetworkEvent},
    relays::Relays,
    rule::Rule,
    searches::Searches,
    settings::Scope,
    standing::Standing,
};
use crate::bitswap::Outcome;

/// How often it is looked for waits that are over.
const TICK: Duration = Duration::from_millis(50);

/// How many of these make a turn of what is seldom done.
const TURN: u32 = 20;

/// How often the DHT is joined again while nobody is connected.
const REJOIN: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 20 });

/// The swarm, and all that is decided about it.
pub(super) struct Driver {
    pub(super) swarm: Swarm<Network>,
    pub(super) desk: Arc<Desk>,
    pub(super) standing: Arc<Standing>,
    pub(super) rule: Rule,
    pub(super) contacts: Contacts,
    pub(super) relays: Relays,
    pub(super) searches: Searches,
    /// Peers through which the DHT is joined.
    pub(super) bootstrap: Vec<Multiaddr>,
    /// When that was last tried.
    pub(super) joined: Option<Instant>,
    pub(super) stop: CancellationToken,
}

impl Driver {
    /// Runs until it is stopped.
    pub(super) async fn run(mut self) {
        let mut ticks: Interval = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turns = interval(TICK * TURN);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.turn();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = self.desk.changed() => self.take(),
                event = self.swarm.select_next_some() => self.hear(event),
                _ = ticks.tick(), if self.desk.is_waiting() => self.expire(),
                _ = turns.tick() => self.turn(),
            }
        }
        self.desk.close();
    }

    /// Takes what readers want.
    fn take(&mut self) {
        self.expect();
        let (changes, calls) = self.desk.take();
        let bitswap = &mut self.swarm.behaviour_mut().bitswap;
        for change in changes {
            match change {
                Change::Want(cid, root, urgency) => bitswap.want(cid, root, urgency),
                Change::End(hash) => {
                    bitswap.end(&hash);
                }
            }
        }
        for call in calls {
            match call {
                Call::Hint(root, addresses) => self.hint(&root, addresses),
                Call::Peers(root, reply) => {
                    let bitswap = &self.swarm.behaviour().bitswap;
                    // Nobody waits for it any more where it cannot be told.
                    let _ = reply.send(bitswap.members(&root));
                }
                Call::Provide(cid) => self.searches.announce(&cid),
                Call::Values(key, reply) => {
                    self.searches.value(&key, reply);
                    self.searches.begin(&mut self.swarm.behaviour_mut().kad);
                }
                Call::Withdraw(cid) => {
                    let kad = &mut self.swarm.behaviour_mut().kad;
                    self.searches.withdraw(kad, &cid);
                }
            }
        }
    }

    fn expire(&mut self) {
        self.expect();
        let bitswap = &self.swarm.behaviour().bitswap;
        self.desk.expire(|hash| bitswap.failure(hash));
    }

    /// What is done about once a second.
    fn turn(&mut self) {
        let connected = self.swarm.connected_peers().count();
        self.standing.set_connected(connected);
        let is_due = |at: Instant| at.elapsed() >= REJOIN;
        if connected == 0 && self.joined.is_none_or(is_due) {
            self.join();
        }
        self.dial_fixed();
        self.hold_places();
        self.expect();
        let kad = &mut self.swarm.behaviour_mut().kad;
        self.searches.begin(kad);
    }

    /// Hears what the network says.
    fn hear(&mut self, event: SwarmEvent<NetworkEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.hear_protocol(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.made(peer_id, connection_id, &endpoint),
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                num_established: 0,
                ..
            } => self.lost(peer_id, connection_id),
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                peer_id,
                error,
            } => self.not_made(peer_id, connection_id, &error),
            SwarmEvent::NewListenAddr { address, .. } => {
                if self.rule.scope() == Scope::Loopback {
                    // Where nobody tells who is reachable, everybody is.
                    self.swarm.add_external_address(address.clone());
                }
                self.standing.listen(address);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => self.standing.unlisten(&address),
            SwarmEvent::ExternalAddrConfirmed { address } => self.reached(&address),
            SwarmEvent::ExternalAddrExpired { address } => {
                let is_reached = self.relays.unreached(&address);
                self.serve_dht(is_reached);
            }
            SwarmEvent::ListenerClosed {
                listener_id,
                addresses,
                reason,
            } => {
                for address in &addresses {
                    self.standing.unlisten(address);
                }
                if self.relays.closed(listener_id) {
                    tracing::debug!(?reason, "no place is held at a relay any more");
                    return;
                }
                tracing::warn!(?reason, "peers are listened to no longer at one address");
            }
            _ => {}
        }
    }

    fn hear_protocol(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::Bitswap(Outcome::Block(hash, bytes)) => self.desk.deliver(&hash, &bytes),
            NetworkEvent::Bitswap(Outcome::Failed(hash, failure)) => self.desk.fail(&hash, failure),
            NetworkEvent::Bitswap(Outcome::Renew(peer)) => self.renew(peer),
            NetworkEvent::Bitswap(Outcome::Peers(peers)) => self.standing.set_peers(peers),
            NetworkEvent::Bitswap(Outcome::Search(root)) => self.search(root),
            NetworkEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            }) => {
                let kad = &mut self.swarm.behaviour_mut().kad;
                let found = self.searches.progress(kad, id, result, step.last);
                self.found(found);
            }
            NetworkEvent::Kad(kad::Event::ModeChanged { new_mode }) => {
                tracing::info!(mode = %new_mode, "how the node takes part in the DHT changed");
            }
            NetworkEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.meet(peer_id, info);
            }
            NetworkEvent::Ping(ping::Event {
                connection,
                result: Err(ping::Failure::Timeout | ping::Failure::Other { .. }),
                ..
            }) => {
                self.swarm.close_connection(connection);
            }
            _ => {}
        }
    }
}
