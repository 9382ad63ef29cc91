//! Nodes that nobody reaches directly.

use futures_util::StreamExt;
use libp2p::{
    SwarmBuilder, identify, noise, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::task::JoinSet;

use super::*;

#[derive(NetworkBehaviour)]
struct Relay {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
}

/// Runs a relay, and says where it is.
async fn serve() -> (Multiaddr, JoinSet<()>) {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|key| {
            let identify = identify::Config::new("test".into(), key.public());
            Relay {
                relay: relay::Behaviour::new(key.public().to_peer_id(), relay::Config::default()),
                identify: identify::Behaviour::new(identify),
            }
        })
        .unwrap()
        .build();
    swarm
        .listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap())
        .unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    swarm.add_external_address(address.clone());
    let address = address.with_p2p(*swarm.local_peer_id()).unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    (address, task)
}

/// Where a node is reached through a relay.
fn place(node: &Node) -> Option<Multiaddr> {
    let mut known = node.addresses().into_iter();
    known.find(|address| address.to_string().contains("/p2p-circuit"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_reached_is_found_through_a_relay() {
    let (relay, _task) = serve().await;
    let open = |peers: &[Multiaddr]| NodeSettings {
        scope: Scope::Internet,
        allow_private: true,
        ..settings(peers)
    };
    let shelf = Arc::new(Shelf::default());
    let cid = shelf.put(b"behind a router");
    let held: Arc<dyn Held> = Arc::clone(&shelf) as _;
    let giver = Node::start(open(std::slice::from_ref(&relay)), held)
        .await
        .unwrap();
    let kept = node(&shelf, std::slice::from_ref(&relay)).await;
    let held = async {
        while place(&giver).is_none() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let held = timeout(Duration::from_secs(20), held).await;
    held.expect("no place is held at the relay");
    let mut way = place(&giver).unwrap().to_string();
    if !way.ends_with(&giver.id().to_string()) {
        way = format!("{way}/p2p/{}", giver.id());
    }
    let taker = Node::start(open(&[]), Arc::new(Shelf::default()) as _)
        .await
        .unwrap();
    let mut want = within(cid, Duration::from_secs(20));
    want.peers = Arc::new([way]);
    let got = taker.get(&cid, &want).await.unwrap();
    assert_eq!(got.bytes(), &Bytes::from_static(b"behind a router"));
    // One that keeps to this machine asks nobody for a place.
    assert_eq!((kept.connected(), place(&kept)), (1, None));
}
