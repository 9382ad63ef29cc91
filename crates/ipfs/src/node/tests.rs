//! The node among peers of every kind, on loopback.

mod dht;
mod hostile;
mod relays;
mod wild;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use futures_util::{AsyncWriteExt, future::join_all};
use libp2p::{Multiaddr, identity::Keypair};
use tokio::time::{sleep, timeout};
use universal_p2p_core::Error;

use super::{Held, Identity, Node, NodeSettings, Scope};
use crate::{
    BlockSource, Urgency, Want,
    bitswap::wild::{Ask, Entry, Message},
    testing::{raw, want},
};
use wild::{Wild, block, entries, say};

/// Blocks in memory.
#[derive(Default)]
struct Shelf(Mutex<HashMap<Multihash<64>, Bytes>>);

impl Shelf {
    fn put(&self, bytes: &[u8]) -> Cid {
        let (cid, block) = raw(bytes);
        self.0
            .lock()
            .unwrap()
            .insert(*cid.hash(), block.bytes().clone());
        cid
    }
}

#[async_trait]
impl Held for Shelf {
    fn has(&self, hash: &Multihash<64>) -> Option<u64> {
        Some(self.0.lock().unwrap().get(hash)?.len() as u64)
    }

    async fn roots(&self, most: usize) -> Vec<Cid> {
        let blocks = self.0.lock().unwrap();
        let roots = blocks.keys().map(|hash| Cid::new_v1(0x55, *hash));
        roots.take(most).collect()
    }

    async fn read(&self, hash: &Multihash<64>) -> Option<Bytes> {
        self.0.lock().unwrap().get(hash).cloned()
    }
}

fn settings(peers: &[Multiaddr]) -> NodeSettings {
    NodeSettings {
        scope: Scope::Loopback,
        port: 0,
        bootstrap: Vec::new(),
        peers: peers.to_vec(),
        announce: true,
        upload_limit: None.into(),
        allow_private: false,
        identity: Identity::Key(Keypair::generate_ed25519().into()),
    }
}

async fn node(shelf: &Arc<Shelf>, peers: &[Multiaddr]) -> Node {
    let held: Arc<dyn Held> = Arc::clone(shelf) as _;
    Node::start(settings(peers), held).await.unwrap()
}

fn address(node: &Node, way: &str) -> Multiaddr {
    let addresses = node.addresses();
    let mut known = addresses.iter();
    let found = known.find(|address| address.to_string().contains(way));
    found.unwrap().clone().with_p2p(node.id()).unwrap()
}

fn within(root: Cid, within: Duration) -> Want {
    Want {
        within,
        ..want(root, Urgency::Now)
    }
}

/// What a wild peer is asked next, without what is taken back.
async fn asked(stream: &mut libp2p::Stream) -> Entry {
    loop {
        let entries = entries(stream).await;
        assert!(!entries.is_empty(), "the stream ended");
        if let Some(entry) = entries.into_iter().find(|entry| entry.ask.is_some()) {
            return entry;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_exchange_blocks_of_every_length_over_tcp_and_quic() {
    let shelf = Arc::new(Shelf::default());
    let giver = node(&shelf, &[]).await;
    for way in ["tcp", "quic-v1"] {
        let lengths = [0, 1, 1000, 100_000, 1 << 20, 2 << 20];
        let cids = lengths.map(|length| shelf.put(&vec![7; length]));
        let taker = node(&Arc::default(), &[address(&giver, way)]).await;
        let gets = cids.each_ref().map(|cid| {
            let want = within(cids[0], Duration::from_secs(20));
            let taker = &taker;
            async move { taker.get(cid, &want).await }
        });
        for (got, length) in join_all(gets).await.into_iter().zip(lengths) {
            assert_eq!(got.unwrap().bytes(), &vec![7; length]);
        }
        assert_eq!(taker.peers(), 1);
        taker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_is_said_in_time() {
    let empty = node(&Arc::default(), &[]).await;
    let (cid, _) = raw(b"nobody has it");
    let started = Instant::now();
    let got = empty.get(&cid, &within(cid, Duration::from_secs(10))).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "nobody was there to be waited for"
    );
    // One that is there and has it not; one that is not there.
    let gone = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    let lonely = node(&Arc::default(), &[address(&empty, "tcp"), gone]).await;
    let got = lonely
        .get(&cid, &within(cid, Duration::from_secs(10)))
        .await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_takes_its_want_back_from_peers() {
    let mut wild = Wild::start().await;
    let node = node(&Arc::default(), &[wild.address.clone()]).await;
    let (cid, block_) = raw(b"hello");
    let want = within(cid, Duration::from_secs(20));
    let mut stream = wild.heard().await;
    let left = timeout(Duration::from_secs(1), node.get(&cid, &want)).await;
    assert!(left.is_err());
    assert_eq!(asked(&mut stream).await.ask, Some(Ask::Have));
    assert_eq!(entries(&mut stream).await[0].ask, None);
    // It is wanted again, and comes.
    let get = node.get(&cid, &want);
    let answer = async {
        assert_eq!(asked(&mut stream).await.cid, cid);
        let mut out = wild.stream().await;
        say(&mut out, &block(&cid, block_.bytes())).await;
    };
    let (got, ()) = tokio::join!(get, answer);
    assert_eq!(got.unwrap(), block_);
    assert_eq!(entries(&mut stream).await[0].ask, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_and_a_stop_are_told() {
    let first = node(&Arc::default(), &[]).await;
    let taken = address(&first, "tcp").iter().find_map(|part| match part {
        libp2p::multiaddr::Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let mut settings = settings(&[]);
    settings.port = taken.unwrap();
    let held: Arc<dyn Held> = Arc::new(Shelf::default());
    let second = Node::start(settings, held).await;
    assert!(second.is_err_and(|error| error.to_string().contains("[ipfs]")));
    let mut wild = Wild::start().await;
    let node = Arc::new(node(&Arc::default(), &[wild.address.clone()]).await);
    let _wants = wild.heard().await;
    let (cid, _) = raw(b"hello");
    let mut want = within(cid, Duration::from_secs(30));
    want.peers = Arc::new([wild.address.to_string()]);
    let stop = async {
        sleep(Duration::from_millis(300)).await;
        node.stop().await;
    };
    let (got, ()) = tokio::join!(node.get(&cid, &want), stop);
    assert!(matches!(got, Err(Error::Stopping)), "{got:?}");
    let again = node.get(&cid, &want).await;
    assert!(matches!(again, Err(Error::Stopping)), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_sent_than_the_limit_allows() {
    let shelf = Arc::new(Shelf::default());
    let settings = NodeSettings {
        upload_limit: std::num::NonZeroU32::new(200_000).into(),
        ..settings(&[])
    };
    let held: Arc<dyn Held> = Arc::clone(&shelf) as _;
    let giver = Node::start(settings, held).await.unwrap();
    let cids: Vec<Cid> = (0..12_u8)
        .map(|seed| shelf.put(&vec![seed; 50_000]))
        .collect();
    let taker = node(&Arc::default(), &[address(&giver, "tcp")]).await;
    let want = within(cids[0], Duration::from_secs(60));
    let started = Instant::now();
    for got in join_all(cids.iter().map(|cid| taker.get(cid, &want))).await {
        assert_eq!(got.unwrap().bytes().len(), 50_000);
    }
    // What adds up in half a second, and what is read before it is counted, comes sooner.
    assert!(started.elapsed() >= Duration::from_secs(1));
}
