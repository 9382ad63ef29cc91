//! From a peer of another make to the reader: whole files, ranges, and nothing besides.

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::{NOBODYS, assert_part, assert_whole, at, directory, held, impatient, over, same};
use crate::support::{Agent, IpfsPeer, MIB, isolated, noise, pause, until};

/// What a leaf takes at the most: its bytes, and a few around them.
const LEAF: u64 = (256 << 10) + 64;

#[test]
fn files_come_from_kubo_and_helia_over_every_transport() {
    isolated(|| {
        let right = noise(1, 6 * MIB + 123);
        let (mut kubo, mut helia) = (IpfsPeer::kubo(), IpfsPeer::helia());
        let (of_kubo, of_helia) = (kubo.add("film.mkv", &right), helia.add("film.mkv", &right));
        for (cid, address) in [
            (&of_kubo, kubo.address("tcp")),
            (&of_kubo, kubo.address("quic-v1")),
            (&of_helia, helia.address("tcp")),
        ] {
            println!("{address}");
            let agent = Agent::start();
            let target = over(cid, "/film.mkv", &[address]);
            assert_part(&agent, &target, &right, 5 * MIB - 1, MIB);
            assert_whole(&agent, &target, &right);
        }
    });
}

#[test]
fn only_what_a_reader_needs_is_fetched() {
    isolated(|| {
        const LENGTH: usize = 100_000_000;
        let right = noise(2, LENGTH);
        let mut kubo = IpfsPeer::kubo();
        let folder = kubo.folder().join("films");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("film.mkv"), &right).unwrap();
        let cid = kubo.add_path(&folder);
        let agent = Agent::start();
        let target = at(&cid, "/film.mkv", &[&kubo]);
        assert_part(&agent, &target, &right, LENGTH / 10 * 9, 1_000_000);
        // what is still on its way belongs to the bill
        pause(Duration::from_secs(1));
        let bytes = held(&agent, &cid);
        // a directory, a root and one node below it, and the five leaves that 1 MB may touch
        assert!(bytes <= 5 * LEAF + 30_000, "{bytes} bytes for 1 MB");
        // one that rests is not read for; one that jumps far ahead is
        let mut resting = agent.get(&target).open();
        same(&resting.read(MIB), &right[..MIB]);
        assert_part(&agent, &target, &right, LENGTH / 2, MIB);
        let bytes = held(&agent, &cid);
        assert!(bytes < 50 * MIB as u64, "{bytes} bytes for 3 MB");
        same(&resting.read(8 * MIB), &right[MIB..9 * MIB]);
    });
}

#[test]
fn a_range_comes_though_all_blocks_outside_it_are_nowhere() {
    isolated(|| {
        let right = noise(3, 8 * MIB);
        let mut helia = IpfsPeer::helia();
        let file = helia.add("film.mkv", &right);
        let folder = directory(&mut helia, &[("film.mkv", &file)]);
        let leaves = helia.leaves(&file);
        let leaf = right.len().div_ceil(leaves.len());
        assert!(leaves.len() >= 8, "{} leaves", leaves.len());
        let (before, rest) = leaves.split_at(3);
        helia.forget(before);
        helia.forget(&rest[2..]);
        let agent = impatient().start();
        for target in [
            at(&folder, "/film.mkv", &[&helia]),
            at(&file, "/film.mkv", &[&helia]),
            at(&file, "", &[&helia]),
        ] {
            assert_part(&agent, &target, &right, 3 * leaf, 2 * leaf);
            let whole = agent.get(&target).send();
            assert!(whole.status == 504 || whole.broken, "{}", whole.status);
        }
    });
}

/// Asks for something as a client that may leave at any time.
fn ask(agent: &Agent, target: &str) -> TcpStream {
    let mut client = TcpStream::connect(agent.content()).unwrap();
    let host = agent.content();
    write!(client, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    client
}

#[test]
fn a_client_that_leaves_takes_its_wants_back() {
    isolated(|| {
        let (mut silent, mut helia) = (IpfsPeer::crafted("silent"), IpfsPeer::helia());
        // what it consists of is to be had, and then a few of its blocks, and no more
        let right = noise(4, 12 * MIB);
        let film = helia.add("film.mkv", &right);
        let leaves = helia.leaves(&film);
        helia.forget(&leaves[2..]);
        let agent = Agent::start();
        for (cid, least) in [(NOBODYS, 1), (&film, 2)] {
            let target = at(cid, "/film.mkv", &[&silent, &helia]);
            let client = ask(&agent, &target);
            until("the wants", Duration::from_secs(20), || {
                silent.told().1 >= least
            });
            drop(client);
            until("their end", Duration::from_secs(20), || {
                silent.told().1 == 0
            });
        }
    });
}

#[test]
fn a_reader_is_not_harmed_by_others_that_come_and_go() {
    isolated(|| {
        let right = noise(5, 32 * MIB);
        let mut kubo = IpfsPeer::kubo();
        let cid = kubo.add("film.mkv", &right);
        let agent = Agent::start();
        let target = at(&cid, "/film.mkv", &[&kubo]);
        let reading = AtomicBool::new(true);
        std::thread::scope(|scope| {
            for visitor in 0..3 {
                let (agent, target, right, reading) = (&agent, &target, &right, &reading);
                scope.spawn(move || {
                    for visit in 1.. {
                        if !reading.load(Ordering::Relaxed) {
                            break;
                        }
                        let start = (visitor + visit * 7_654_321) % (31 * MIB);
                        let range = format!("bytes={start}-");
                        let mut body = agent.get(target).range(&range).open();
                        same(&body.read(10_000), &right[start..start + 10_000]);
                    }
                });
            }
            let whole = agent.get(&target).send();
            reading.store(false, Ordering::Relaxed);
            assert!(!whole.broken, "it broke off after {}", whole.body.len());
            same(&whole.body, &right);
        });
    });
}
