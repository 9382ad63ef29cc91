use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures_util::{future::poll_fn, poll};
use multihash_codetable::{Code, MultihashDigest};
use tokio::time::timeout;

use super::*;
use crate::bitswap::message::Ask;

#[derive(Default)]
struct Blocks(Mutex<HashMap<Hash, Bytes>>);

impl Blocks {
    fn put(&self, seed: u8, length: usize) -> Cid {
        let cid = cid(seed);
        let bytes = vec![seed; length].into();
        self.0.lock().unwrap().insert(*cid.hash(), bytes);
        cid
    }
}

#[async_trait]
impl Held for Blocks {
    fn has(&self, hash: &Hash) -> Option<u64> {
        Some(self.0.lock().unwrap().get(hash)?.len() as u64)
    }

    async fn read(&self, hash: &Hash) -> Option<Bytes> {
        self.0.lock().unwrap().get(hash).cloned()
    }
}

fn cid(seed: u8) -> Cid {
    Cid::new_v1(0x55, Code::Sha2_256.digest(&[seed]))
}

fn entry(cid: Cid, ask: Option<Ask>) -> Entry {
    Entry {
        cid,
        priority: 1,
        ask,
        denial: true,
    }
}

async fn next(server: &mut Server) -> Option<(PeerId, Message)> {
    let next = poll_fn(|cx| server.poll(cx));
    timeout(Duration::from_millis(1), next).await.ok()
}

fn seeds(message: &Message) -> Vec<u8> {
    let first = |payload: &Payload| payload.bytes[0];
    message.payloads.iter().map(first).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_sent_and_what_is_not_is_said() {
    let blocks = Arc::new(Blocks::default());
    let mut server = Server::new(Arc::clone(&blocks) as Arc<dyn Held>, &Dial::new(None));
    let peer = PeerId::random();
    let asks = [
        entry(blocks.put(1, 10), Some(Ask::Block)),
        entry(blocks.put(2, 10), Some(Ask::Have)),
        entry(cid(3), Some(Ask::Block)),
        entry(blocks.put(4, 10), Some(Ask::Block)),
        entry(cid(4), None),
    ];
    server.wants(peer, false, &asks);
    let (to, mut message) = next(&mut server).await.unwrap();
    assert_eq!(to, peer);
    assert_eq!(seeds(&message), [1]);
    message.presences.sort_by_key(|(_, has)| *has);
    assert_eq!(message.presences, [(cid(3), false), (cid(2), true)]);
    assert!(next(&mut server).await.is_none());
    // It comes to be held.
    blocks.put(3, 10);
    assert!(server.look(Instant::now()).is_empty());
    let (_, message) = next(&mut server).await.unwrap();
    assert_eq!(seeds(&message), [3]);
}

#[tokio::test(start_paused = true)]
async fn peers_are_served_in_turn() {
    let blocks = Arc::new(Blocks::default());
    let mut server = Server::new(Arc::clone(&blocks) as Arc<dyn Held>, &Dial::new(None));
    let [greedy, modest] = [PeerId::random(), PeerId::random()];
    let many = (0..100).map(|seed| entry(blocks.put(seed, 200_000), Some(Ask::Block)));
    server.wants(greedy, false, &many.collect::<Vec<_>>());
    server.wants(modest, false, &[entry(cid(99), Some(Ask::Block))]);
    let mut before = 0;
    while next(&mut server).await.unwrap().0 == greedy {
        before += 1;
    }
    assert!(before <= 2, "{before} answers to the other first");
    while next(&mut server).await.is_some() {
        before += 1;
    }
    assert_eq!(before, TO_ONE, "one that reads nothing is sent no more");
    server.answered(greedy);
    assert!(next(&mut server).await.is_some());
    assert!(next(&mut server).await.is_none());
    server.gone(&greedy);
    server.gone(&modest);
    assert_eq!(server.bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_for_all_together() {
    let blocks = Arc::new(Blocks::default());
    let limit = NonZeroU32::new(100_000);
    let mut server = Server::new(Arc::clone(&blocks) as Arc<dyn Held>, &Dial::new(limit));
    let peers = [PeerId::random(), PeerId::random()];
    let asks: Vec<_> = (0..100)
        .map(|seed| entry(blocks.put(seed, 20_000), Some(Ask::Block)))
        .collect();
    for peer in peers {
        server.wants(peer, false, &asks);
    }
    let started = tokio::time::Instant::now();
    let mut sent = 0;
    // The bucket goes by the real clock.
    let _ = poll!(poll_fn(|cx| server.poll(cx)));
    while let Poll::Ready((peer, message)) = poll!(poll_fn(|cx| server.poll(cx))) {
        sent += message.payloads.len() * 20_000;
        server.answered(peer);
    }
    assert!(sent <= 400_000, "{sent} bytes at once");
    assert!(server.pause.is_some());
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn wants_of_one_peer_are_bounded() {
    let blocks = Arc::new(Blocks::default());
    let mut server = Server::new(Arc::clone(&blocks) as Arc<dyn Held>, &Dial::new(None));
    let peer = PeerId::random();
    for round in 0..20_u32 {
        let asks = (0..1000_u32).map(|seed| {
            let digest = Code::Sha2_256.digest(&(round * 1000 + seed).to_le_bytes());
            entry(Cid::new_v1(0x55, digest), Some(Ask::Block))
        });
        server.wants(peer, false, &asks.collect::<Vec<_>>());
    }
    let ledger = &server.ledgers[&peer];
    assert!(ledger.size() <= 1024 + 4096, "{}", ledger.size());
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_left_when_others_wait() {
    let blocks = Arc::new(Blocks::default());
    let mut server = Server::new(Arc::clone(&blocks) as Arc<dyn Held>, &Dial::new(None));
    let all: Vec<_> = (0..8)
        .map(|seed| entry(blocks.put(seed, 2 << 20), Some(Ask::Block)))
        .collect();
    let peers: Vec<PeerId> = (0..20).map(|_| PeerId::random()).collect();
    let later = Instant::now() + Duration::from_secs(20);
    server.wants(peers[0], false, &all[..1]);
    assert!(next(&mut server).await.is_some());
    assert!(server.look(later).is_empty(), "nobody waits for it");
    for peer in &peers {
        server.wants(*peer, false, &all);
    }
    let mut answers = 1;
    while next(&mut server).await.is_some() {
        answers += 1;
    }
    assert!(answers <= 17, "{answers} answers of 2 MiB are under way");
    let slow = server.look(Instant::now() + Duration::from_secs(20));
    assert!(!slow.is_empty());
    for peer in &slow {
        server.gone(peer);
    }
    assert_eq!(server.bytes, 0);
    server.queue_all();
    assert!(next(&mut server).await.is_some(), "the next are served");
}
