//! The node among nodes of Kubo and Helia.
#![cfg(test)]

#[expect(dead_code, reason = "what other tests ask of a node")]
#[path = "../../../../tests/support/ipfs_peer.rs"]
mod ipfs_peer;
#[expect(dead_code, reason = "the addresses of other tests")]
#[path = "../../../../tests/support/isolation.rs"]
mod isolation;
mod peer;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cid::Cid;
use ipfs_peer::IpfsPeer;
use isolation::isolated;
use peer::{Peer, noise, run};
use universal_p2p_core::Error;
use universal_p2p_ipfs::{BlockSource, Scope, Urgency, Want};

const MIB: usize = 1 << 20;

/// The length of a film. Without optimization hashes take their time.
const FILM: usize = if cfg!(debug_assertions) {
    20_000_000
} else {
    100_000_000
};

#[test]
fn a_range_needs_only_its_blocks_and_then_comes_the_whole_file() {
    isolated(|| {
        let content = noise(1, FILM);
        let mut kubo = IpfsPeer::kubo();
        let cid = kubo.add("film.mkv", &content);
        for way in ["tcp", "quic-v1"] {
            run(async {
                let peer = Peer::start(&[]).await;
                let file = peer.file(&cid, &[kubo.address(way)]).await;
                let range = FILM / 10 * 9..FILM / 10 * 9 + 1_000_000;
                let before = peer.blocks.count();
                let started = Instant::now();
                let part = peer.read(&file, range.start as u64..range.end as u64).await;
                let took = started.elapsed();
                assert!(part == content[range]);
                let asked = peer.blocks.count() - before;
                println!("{way}: 1 MB at 90 %: {took:?}, {asked} blocks");
                // Of 256 KiB each, and one node above them.
                assert!(asked <= 6, "{asked} blocks for four of them");
                let started = Instant::now();
                let whole = peer.read(&file, 0..content.len() as u64).await;
                let rate = content.len() as f64 / started.elapsed().as_secs_f64() / 1e6;
                println!("{way}: whole file: {rate:.0} MB/s");
                assert!(whole == content);
                peer.node.stop().await;
            });
        }
    });
}

#[test]
fn kubo_fetches_from_us() {
    isolated(|| {
        let content = noise(2, FILM);
        let (mut from, mut to) = (IpfsPeer::kubo(), IpfsPeer::kubo());
        let cid = from.add("film.mkv", &content);
        run(async {
            let peer = Peer::start(&[from.address("tcp")]).await;
            let file = peer.file(&cid, &[]).await;
            assert!(peer.read(&file, 0..content.len() as u64).await == content);
            drop(from);
            to.connect(&peer.address("tcp"));
            let path = to.folder().join("fetched");
            let seconds = to.get(&cid, &path);
            let rate = content.len() as f64 / seconds / 1e6;
            println!("Kubo fetches from us: {rate:.0} MB/s");
            // For comparison.
            let mut other = IpfsPeer::kubo();
            other.connect(&to.address("tcp"));
            let seconds = other.get(&cid, &other.folder().join("fetched"));
            let rate = content.len() as f64 / seconds / 1e6;
            println!("Kubo fetches from Kubo: {rate:.0} MB/s");
            assert!(std::fs::read(path).unwrap() == content);
        });
    });
}

#[test]
fn what_was_given_up_is_fetched_again_on_the_same_connection() {
    isolated(|| {
        let content = noise(3, MIB);
        let mut kubo = IpfsPeer::kubo();
        let cid = kubo.add("film.mkv", &content);
        run(async {
            let peer = Peer::start(&[kubo.address("tcp")]).await;
            let file = peer.file(&cid, &[]).await;
            for _ in 0..5 {
                let started = Instant::now();
                assert!(peer.read(&file, 0..content.len() as u64).await == content);
                let took = started.elapsed();
                assert!(took < Duration::from_secs(4), "it came only after {took:?}");
                peer.blocks.forget();
            }
        });
    });
}

#[test]
fn when_a_peer_vanishes_the_other_gives_the_rest() {
    isolated(|| {
        let content = noise(4, 40 * MIB);
        let mut peers = [IpfsPeer::kubo(), IpfsPeer::kubo()];
        let cids = peers.each_mut().map(|kubo| kubo.add("film.mkv", &content));
        assert_eq!(cids[0], cids[1]);
        run(async {
            let addresses = [0, 1].map(|at: usize| peers[at].address("tcp"));
            let peer = Arc::new(Peer::start(&addresses).await);
            let file = peer.file(&cids[0], &[]).await;
            assert!(peer.read(&file, 0..MIB as u64).await == content[..MIB]);
            let [gone, _kept] = peers;
            let rest = peer.read(&file, MIB as u64..content.len() as u64);
            let kill = tokio::task::spawn_blocking(move || drop(gone));
            let (rest, killed) = tokio::join!(rest, kill);
            killed.unwrap();
            assert!(rest == content[MIB..]);
        });
    });
}

#[test]
fn the_dht_tells_who_has_a_root() {
    isolated(|| {
        let content = noise(5, 2 * MIB);
        run(async {
            // One that holds it and says so, one that only knows the way, one that asks.
            let mut origin = IpfsPeer::kubo();
            let cid = origin.add("film.mkv", &content);
            let way = Peer::start(&[]).await;
            let bootstrap = [way.address("tcp")];
            let holder = Peer::start_with(&[origin.address("tcp")], &bootstrap).await;
            let file = holder.file(&cid, &[]).await;
            assert!(holder.read(&file, 0..content.len() as u64).await == content);
            drop(origin);
            assert!(holder.node.provide(&cid.parse().unwrap()));
            let asker = Peer::start_with(&[], &bootstrap).await;
            let file = asker.file(&cid, &[]).await;
            assert!(asker.read(&file, 0..content.len() as u64).await == content);
        });
    });
}

#[test]
fn a_request_does_not_lead_to_this_machine() {
    isolated(|| {
        let content = noise(6, MIB);
        let mut kubo = IpfsPeer::kubo();
        let cid: Cid = kubo.add("film.mkv", &content).parse().unwrap();
        let want = Want {
            root: cid,
            peers: Arc::new([kubo.address("tcp"), kubo.address("quic-v1")]),
            urgency: Urgency::Now,
            part: None,
            within: Duration::from_secs(5),
        };
        run(async {
            let started = Instant::now();
            let open = Peer::node(Scope::Internet, false, &[]).await;
            println!("started in {:?}", started.elapsed());
            let got = open.get(&cid, &want).await;
            assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
            assert_eq!(open.connected(), 0);
            let private = Peer::node(Scope::Internet, true, &[]).await;
            assert!(private.get(&cid, &want).await.is_ok());
            // Who is in the configuration may be here.
            let named = Peer::node(Scope::Internet, false, &[kubo.address("tcp")]).await;
            assert!(named.get(&cid, &want).await.is_ok());
            // A name leads nowhere else.
            let name = kubo
                .address("tcp")
                .replace("/ip4/127.0.0.1/", "/dns4/localhost/");
            let want = Want {
                peers: Arc::new([name]),
                ..want
            };
            let open = Peer::node(Scope::Internet, false, &[]).await;
            let got = open.get(&cid, &want).await;
            assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
            let private = Peer::node(Scope::Internet, true, &[]).await;
            assert!(private.get(&cid, &want).await.is_ok());
        });
    });
}

#[test]
fn helia_and_we_exchange_files() {
    isolated(|| {
        let content = noise(7, 5 * MIB);
        let mut helia = IpfsPeer::helia();
        let cid = helia.add("film.mkv", &content);
        let sharded = helia.add_many(500);
        run(async {
            let peer = Peer::start(&[]).await;
            let hint = [helia.address("tcp")];
            let file = peer.file(&cid, &hint).await;
            let started = Instant::now();
            assert!(peer.read(&file, 0..content.len() as u64).await == content);
            let took = started.elapsed().as_secs_f64();
            println!("from Helia: {:.0} MB/s", content.len() as f64 / took / 1e6);
            for number in [0, 250, 499] {
                let name = format!("{number}.txt");
                let found = peer.entry(&sharded, &name, &hint).await;
                let expected = format!("file {number}");
                let read = peer.read(&found, 0..expected.len() as u64).await;
                assert_eq!(read, expected.as_bytes());
            }
            let mut other = IpfsPeer::helia();
            other.connect(&peer.address("tcp"));
            drop(helia);
            let path = other.folder().join("fetched");
            other.get(&cid, &path);
            assert!(std::fs::read(path).unwrap() == content);
        });
    });
}

#[test]
fn helia_gives_again_what_was_given_up() {
    isolated(|| {
        let content = noise(8, 5 * MIB);
        let mut helia = IpfsPeer::helia();
        let cid = helia.add("film.mkv", &content);
        run(async {
            let peer = Peer::start(&[helia.address("tcp")]).await;
            let file = peer.file(&cid, &[]).await;
            for _ in 0..3 {
                let started = Instant::now();
                assert!(peer.read(&file, 0..content.len() as u64).await == content);
                println!("given after {:?}", started.elapsed());
                peer.blocks.forget();
            }
        });
    });
}
