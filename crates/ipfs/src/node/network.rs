//! The protocols that the node speaks.

use std::{io, sync::Arc, time::Duration};

use libp2p::{
    Swarm, autonat, connection_limits,
    connection_limits::ConnectionLimits,
    dcutr, identify,
    identity::Keypair,
    kad, ping, relay,
    swarm::{self, NetworkBehaviour, behaviour::toggle::Toggle},
};

use super::{
    Held, NodeSettings, Scope, candidates::Candidates, contacts, records::Records, rule::Rule,
    transport,
};
use crate::bitswap::Bitswap;

/// The most connections, and the most of them that others made.
const CONNECTIONS: u32 = 160;
const INBOUND: u32 = 96;

/// The most connections of one peer.
const OF_ONE: u32 = 4;

/// The most connections that are being made, in each direction.
const PENDING: u32 = 48;

/// How long a connection of no use is kept.
const IDLE: Duration = Duration::from_secs(10);

/// How long a search in the DHT may take.
const QUERY: Duration = Duration::from_secs(30);

/// All protocols of the node.
#[derive(NetworkBehaviour)]
pub(super) struct Network {
    limits: connection_limits::Behaviour,
    pub(super) bitswap: Bitswap,
    pub(super) kad: kad::Behaviour<Records>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    relay: Toggle<relay::client::Behaviour>,
    dcutr: Toggle<dcutr::Behaviour>,
    autonat: Toggle<Candidates<autonat::v2::client::Behaviour>>,
}

/// The node's connections, and the protocols on them.
pub(super) fn swarm(
    key: &Keypair,
    settings: &NodeSettings,
    held: Arc<dyn Held>,
) -> io::Result<Swarm<Network>> {
    let rule = Rule::of(settings);
    let (way, relay) = transport::build(key, rule.clone())?;
    let id = key.public().to_peer_id();
    let is_open = settings.scope == Scope::Internet;
    let mut limits = connection_limits::Behaviour::new(
        ConnectionLimits::default()
            .with_max_established(Some(CONNECTIONS))
            .with_max_established_incoming(Some(INBOUND))
            .with_max_established_per_peer(Some(OF_ONE))
            .with_max_pending_incoming(Some(PENDING))
            .with_max_pending_outgoing(Some(PENDING)),
    );
    for peer in settings.peers.iter().filter_map(contacts::peer) {
        limits.bypass_peer_id(&peer);
    }
    let network = Network {
        limits,
        bitswap: Bitswap::new(held, &settings.upload_limit),
        kad: kademlia(key, settings.scope),
        identify: identify::Behaviour::new(
            identify::Config::new("ipfs/0.1.0".into(), key.public())
                .with_agent_version(concat!("universal-p2p/", env!("CARGO_PKG_VERSION")).into()),
        ),
        ping: ping::Behaviour::default(),
        relay: relay.into(),
        dcutr: is_open.then(|| dcutr::Behaviour::new(id)).into(),
        autonat: is_open
            .then(|| Candidates::new(autonat::v2::client::Behaviour::default(), rule))
            .into(),
    };
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    Ok(Swarm::new(way, network, id, config))
}

fn kademlia(key: &Keypair, scope: Scope) -> kad::Behaviour<Records> {
    let id = key.public().to_peer_id();
    let mut config = kad::Config::new(kad::PROTOCOL_NAME);
    config.set_query_timeout(QUERY);
    // Peers are added once it is known that they are servers, and under which addresses.
    config.set_kbucket_inserts(kad::BucketInserts::Manual);
    let mut kad = kad::Behaviour::with_config(id, Records::new(id), config);
    // On the open internet it serves once it is known to be reached directly: a place at a relay does
    // not count, though the library takes that for an address of its own.
    kad.set_mode(Some(match scope {
        Scope::Loopback => kad::Mode::Server,
        Scope::Internet => kad::Mode::Client,
    }));
    kad
}
