//! What is found in the DHT.

use futures_util::StreamExt;
use libp2p::{
    SwarmBuilder, identify,
    kad::{self, Mode, Record, store::MemoryStore, store::RecordStore},
    noise,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::task::JoinSet;

use super::*;

/// A server of the DHT that keeps values.
#[derive(NetworkBehaviour)]
struct Server {
    kad: kad::Behaviour<MemoryStore>,
    identify: identify::Behaviour,
}

/// Runs one, and says where it is.
async fn serve(record: Record) -> (Multiaddr, JoinSet<()>) {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|key| {
            let id = key.public().to_peer_id();
            let mut kad = kad::Behaviour::new(id, MemoryStore::new(id));
            kad.set_mode(Some(Mode::Server));
            kad.store_mut().put(record).unwrap();
            let identify = identify::Config::new("test".into(), key.public());
            let identify = identify::Behaviour::new(identify);
            Server { kad, identify }
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
    let address = address.with_p2p(*swarm.local_peer_id()).unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    (address, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_found_and_nothing_is_made_of_them() {
    let key = b"/ipns/somebody".to_vec();
    let (address, _task) = serve(Record::new(key.clone(), b"a record".to_vec())).await;
    let settings = NodeSettings {
        bootstrap: vec![address],
        ..settings(&[])
    };
    let held: Arc<dyn Held> = Arc::new(Shelf::default());
    let node = Node::start(settings, held).await.unwrap();
    let found = node.values(&key, Duration::from_secs(20)).await.unwrap();
    assert_eq!(found, [Bytes::from_static(b"a record")]);
    let none = node.values(b"/ipns/nobody", Duration::from_secs(20)).await;
    assert!(matches!(none, Err(Error::NoProviders { .. })), "{none:?}");
    node.stop().await;
    let none = node.values(&key, Duration::from_secs(20)).await;
    assert!(matches!(none, Err(Error::Stopping)), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dht_is_joined_when_it_comes_within_reach() {
    let key = Keypair::generate_ed25519();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let way = format!(
        "/ip4/127.0.0.1/tcp/{port}/p2p/{}",
        key.public().to_peer_id()
    );
    let early = NodeSettings {
        bootstrap: vec![way.parse().unwrap()],
        ..settings(&[])
    };
    let late = NodeSettings {
        port,
        identity: Identity::Key(key.into()),
        ..settings(&[])
    };
    let held: Arc<dyn Held> = Arc::new(Shelf::default());
    let early = Node::start(early, Arc::clone(&held)).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(early.connected(), 0);
    let _late = Node::start(late, held).await.unwrap();
    let joined = async {
        while early.connected() == 0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), joined)
        .await
        .expect("it is not joined");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_announced() {
    let (address, _task) = serve(Record::new(b"/ipns/nobody".to_vec(), Vec::new())).await;
    let joined = || NodeSettings {
        bootstrap: vec![address.clone()],
        ..settings(&[])
    };
    let shelf = Arc::new(Shelf::default());
    let root = shelf.put(b"held");
    let _giver = Node::start(joined(), shelf).await.unwrap();
    let found = async {
        loop {
            // one that has not looked for it in vain
            let none: Arc<dyn Held> = Arc::new(Shelf::default());
            let taker = Node::start(joined(), none).await.unwrap();
            let want = within(root, Duration::from_secs(5));
            if let Ok(block) = taker.get(&root, &want).await {
                return block;
            }
        }
    };
    let block = timeout(Duration::from_secs(60), found).await;
    assert_eq!(block.expect("nobody finds it").bytes().as_ref(), b"held");
}
