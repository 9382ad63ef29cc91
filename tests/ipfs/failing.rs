//! What goes wrong: nobody has it, peers vanish, the agent is killed.

use std::{thread, time::Duration};

use super::{NAME, NOBODYS, assert_part, assert_whole, at, held, impatient, same, status};
use crate::support::{Agent, IpfsPeer, MIB, STOPPING, Setup, isolated, noise, pause};

#[test]
fn what_nobody_has_is_told_in_time() {
    isolated(|| {
        let mut silent = IpfsPeer::crafted("silent");
        let kubo = IpfsPeer::kubo();
        let agent = impatient().start();
        for (peers, reason) in [
            (vec![], "no-providers"),
            (vec![&kubo], "no-providers"),
            // it says that it has it
            (vec![&silent, &kubo], "stalled"),
        ] {
            let started = std::time::Instant::now();
            let answer = agent.get(&at(NOBODYS, "/a.bin", &peers)).send();
            let took = started.elapsed();
            assert_eq!(answer.problem(504), reason, "{} peers", peers.len());
            // seven seconds more than it may take, for a loaded machine
            assert!(took < Duration::from_secs(10), "{took:?}");
        }
        assert!(silent.told().0 > 0, "nobody was asked");
        assert_eq!(status(&agent, NOBODYS)["bytes_held"], 0);
    });
}

#[test]
fn an_agent_without_network_says_so_in_time_and_stops() {
    isolated(|| {
        let mut agent = Setup::internet()
            .set("timeouts.metadata = \"3s\"")
            .set("timeouts.first_byte = \"3s\"")
            .start();
        let started = std::time::Instant::now();
        let hints =
            "peer=nonsense&peer=%2Fip4%2F127.0.0.1%2Ftcp%2F1&peer=/dns4/nowhere.invalid/tcp/1";
        for query in ["", hints] {
            let target = format!("/ipfs/v0/stream/{NOBODYS}/a.bin?{query}");
            assert_eq!(agent.get(&target).send().problem(504), "no-providers");
        }
        for name in [NAME, "name.invalid"] {
            let answer = agent.get(&format!("/ipns/v0/stream/{name}/")).send();
            assert!(
                matches!(answer.status, 404 | 503 | 504),
                "{}",
                answer.text()
            );
            answer.problem(answer.status);
        }
        // four times three seconds, and as many more for a loaded machine
        assert!(started.elapsed() < Duration::from_secs(24));
        agent.ask_to_stop();
        assert!(agent.ended(STOPPING).success());
    });
}

#[test]
fn when_a_peer_vanishes_another_gives_the_rest() {
    isolated(|| {
        let right = noise(1, 48 * MIB);
        let (mut first, mut second) = (IpfsPeer::kubo(), IpfsPeer::kubo());
        let cid = first.add("film.mkv", &right);
        assert_eq!(second.add("film.mkv", &right), cid);
        let agent = Agent::start();
        let mut body = agent.get(&at(&cid, "/film.mkv", &[&first, &second])).open();
        same(&body.read(4 * MIB), &right[..4 * MIB]);
        drop(first);
        let rest = body.finish();
        assert!(!rest.broken, "it broke off after {}", rest.body.len());
        same(&rest.body, &right[4 * MIB..]);
    });
}

#[test]
fn when_all_peers_vanish_the_body_breaks_and_what_came_stays() {
    isolated(|| {
        let right = noise(2, 48 * MIB);
        let mut kubo = IpfsPeer::kubo();
        let cid = kubo.add("film.mkv", &right);
        let agent = impatient().start();
        let mut body = agent.get(&at(&cid, "/film.mkv", &[&kubo])).open();
        same(&body.read(4 * MIB), &right[..4 * MIB]);
        drop(kubo);
        let rest = body.finish();
        assert!(rest.broken, "it ended as if it were whole");
        same(&rest.body, &right[4 * MIB..][..rest.body.len()]);
        let target = at(&cid, "/film.mkv", &[]);
        assert_part(&agent, &target, &right, 0, 4 * MIB);
        assert!(held(&agent, &cid) >= 4 * MIB as u64);
        // somebody else who has it, under another name
        let mut other = IpfsPeer::kubo();
        assert_eq!(other.add("same.mkv", &right), cid);
        assert_whole(&agent, &at(&cid, "/film.mkv", &[&other]), &right);
    });
}

#[test]
fn kills_while_fetching_leave_right_bytes_and_what_was_settled() {
    isolated(|| {
        let (right, small) = (noise(3, 48 * MIB), noise(4, 3 * MIB));
        let (mut kubo, mut other) = (IpfsPeer::kubo(), IpfsPeer::kubo());
        let (cid, kept) = (kubo.add("film.mkv", &right), other.add("kept.bin", &small));
        let mut agent = Setup::new().set("disk.keep_free = \"0\"").start();
        let id = crate::support::cid_in('b', &kept);
        let plane = agent.manage();
        let pinned = plane.call("PUT", &format!("/items/ipfs/{id}/pin")).send();
        assert_eq!(pinned.status, 204, "{}", pinned.text());
        assert_whole(&agent, &at(&kept, "/kept.bin", &[&other]), &small);
        // longer than it takes until what has arrived is in the index
        pause(Duration::from_secs(6));
        drop(other);
        let target = at(&cid, "/film.mkv", &[&kubo]);
        for round in 0..4_u64 {
            thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let mut body = agent.get(&target).open();
                    assert_eq!(body.status(), 200);
                    let came = body.read(right.len());
                    same(&came, &right[..came.len()]);
                });
                pause(Duration::from_millis(150 + 170 * round));
                agent.kill_under_load();
                // an agent that is killed before it has answered is no failure
                let _ = reader.join();
            });
            agent.kill();
            agent.start_again();
            assert_whole(&agent, &at(&kept, "/kept.bin", &[]), &small);
        }
        assert_whole(&agent, &target, &right);
        let item = agent.manage().get(&format!("/items/ipfs/{id}"));
        assert_eq!(item["pinned"], true, "{item}");
    });
}
