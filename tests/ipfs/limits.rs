//! The disk: what is given up comes again, the limit holds, and what is pinned stays.

use std::time::Duration;

use super::{assert_part, assert_whole, at, held, same};
use crate::support::{
    Agent, DiskMeter, IpfsPeer, MIB, Setup, cid_in, isolated, noise, number, pause,
};

#[test]
fn a_file_longer_than_the_limit_plays_twice_beside_what_is_pinned() {
    isolated(|| {
        const LIMIT: u64 = 30_000_000;
        let (right, small) = (noise(1, 100_000_000), noise(2, 5 * MIB));
        let (mut kubo, mut other) = (IpfsPeer::kubo(), IpfsPeer::kubo());
        let (cid, kept) = (kubo.add("film.mkv", &right), other.add("kept.bin", &small));
        let setup = Setup::new()
            .set("disk.limit = \"30MB\"")
            .set("disk.keep_free = \"0\"");
        let agent = setup.start();
        let pin = format!("/items/ipfs/{}/pin", cid_in('b', &kept));
        assert_eq!(agent.manage().call("PUT", &pin).send().status, 204);
        assert_whole(&agent, &at(&kept, "/kept.bin", &[&other]), &small);
        drop(other);
        let meter = DiskMeter::over(&agent.data());
        let target = at(&cid, "/film.mkv", &[&kubo]);
        for _ in 0..2 {
            assert_whole(&agent, &target, &right);
        }
        // those who jump, and several at once
        for seek in [9, 2, 7, 0, 5] {
            let place = right.len() / 10 * seek;
            assert_part(&agent, &target, &right, place, MIB);
        }
        std::thread::scope(|scope| {
            for reader in 0..4 {
                let (agent, target, right) = (&agent, &target, &right);
                let place = right.len() / 4 * reader;
                scope.spawn(move || assert_part(agent, target, right, place, 12_000_000));
            }
        });
        // eight blocks may be in the writing
        meter.assert_below(LIMIT, 8 * (256 << 10) + 64 * 1024);
        let disk = agent.manage().disk();
        assert!(number(&disk, "used") <= LIMIT, "{disk}");
        assert_whole(&agent, &at(&kept, "/kept.bin", &[]), &small);
    });
}

#[test]
fn what_was_given_up_comes_again_from_the_same_peer() {
    isolated(|| {
        let right = noise(3, 5 * MIB);
        let (mut kubo, mut helia) = (IpfsPeer::kubo(), IpfsPeer::helia());
        let of_kubo = kubo.add("film.mkv", &right);
        let of_helia = helia.add("film.mkv", &right);
        let agent = Agent::start();
        for (cid, peer) in [(&of_kubo, &kubo), (&of_helia, &helia)] {
            let target = at(cid, "/film.mkv", &[peer]);
            for _ in 0..3 {
                assert_whole(&agent, &target, &right);
                agent.manage().collect(0);
                let left = held(&agent, cid);
                assert!(left < MIB as u64, "{left} bytes were not given up");
            }
            assert_whole(&agent, &target, &right);
        }
    });
}

#[test]
fn readers_that_rest_share_little_room() {
    isolated(|| {
        const READERS: usize = 6;
        let mut kubo = IpfsPeer::kubo();
        let films: Vec<_> = (0..3)
            .map(|number| {
                let right = noise(10 + number, 40_000_000);
                (kubo.add("film.mkv", &right), right)
            })
            .collect();
        let setup = Setup::new().set("disk.limit = \"20MB\"");
        let agent = setup.set("disk.keep_free = \"0\"").start();
        let meter = DiskMeter::over(&agent.data());
        let targets: Vec<_> = films
            .iter()
            .map(|(cid, _)| at(cid, "/film.mkv", &[&kubo]))
            .collect();
        std::thread::scope(|scope| {
            for reader in 0..READERS {
                let (agent, films, targets) = (&agent, &films, &targets);
                scope.spawn(move || {
                    let (target, right) = (&targets[reader % 3], &films[reader % 3].1);
                    let place = reader * 3_000_000;
                    let range = format!("bytes={place}-");
                    let mut body = agent.get(target).range(&range).open();
                    assert_eq!(body.status(), 206);
                    for step in 0..10 {
                        let from = place + step * 2_000_000;
                        let came = body.read(2_000_000);
                        same(&came, &right[from..from + 2_000_000]);
                        pause(Duration::from_millis(100 * (reader as u64 % 3)));
                    }
                });
            }
        });
        meter.assert_below(20_000_000, 8 * (256 << 10) + 64 * 1024);
    });
}
