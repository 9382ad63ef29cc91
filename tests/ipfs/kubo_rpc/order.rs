//! Several sources at a time: who is asked first, who comes instead, and what each has of a file.

use super::{Daemon, Servers, agent, stream};
use crate::support::{IpfsPeer, MIB, Setup, assert_same, isolated, noise};

#[test]
fn blocks_come_from_whoever_has_them() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let mut peer = IpfsPeer::kubo();
        let contents: Vec<_> = (3..6).map(|seed| noise(seed, MIB + 1)).collect();
        let of_peer = peer.add("one", &contents[0]);
        let of_daemon = daemon.add(&contents[1]);
        let of_gateway = daemon.add(&contents[2]);
        let blocks = servers.load(&daemon, &of_gateway);
        daemon.forget(&blocks);
        let gateway = servers.serve("well");
        // Of one more file the gateway has each other block, and the daemon the rest.
        let shared = noise(6, 4 * MIB);
        let of_both = daemon.add(&shared);
        let (at_gateway, at_daemon) = halves(&servers.load(&daemon, &of_both));
        daemon.forget(&at_gateway);
        servers.hold(&gateway, &[blocks, at_gateway.clone()].concat());

        let agent = Setup::new()
            .set(r#"ipfs.source = ["embedded", "kubo", "gateway"]"#)
            .set(&format!("ipfs.kubo_api = {:?}", daemon.api))
            .set(&format!("ipfs.gateways = [{gateway:?}]"))
            .set(&format!("ipfs.peers = [{:?}]", peer.address("tcp")))
            .set("timeouts.first_byte = \"4s\"")
            .set("timeouts.stall = \"4s\"")
            .start();
        let files = [of_peer, of_daemon, of_gateway];
        for (cid, content) in files.iter().zip(&contents) {
            assert_same(&agent.get(&stream(cid)).send().body, content);
        }
        assert_same(&agent.get(&stream(&of_both)).send().body, &shared);
        // What came from the daemon is still its own only.
        daemon.forget(&at_daemon[1..]);
        let range = format!("bytes={}-", 4 * MIB - 600_000);
        let rest = agent.get(&stream(&of_both)).range(&range).open().finish();
        assert!(rest.status == 504 || rest.broken, "{}", rest.status);
    });
}

/// The leaves of a file dealt out in turn; the second half has the root too.
fn halves(blocks: &[String]) -> (Vec<String>, Vec<String>) {
    let numbered = blocks.iter().cloned().enumerate();
    let (odd, even): (Vec<_>, Vec<_>) = numbered.partition(|(number, _)| number % 2 == 1);
    let plain = |half: Vec<(usize, String)>| half.into_iter().map(|(_, cid)| cid).collect();
    (plain(odd), plain(even))
}

#[test]
fn a_daemon_that_hangs_is_overtaken() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let gateway = servers.serve("well");
        let both = [noise(7, 4 * MIB), noise(8, 4 * MIB)];
        let cids: Vec<_> = both.iter().map(|content| daemon.add(content)).collect();
        let blocks = servers.load(&daemon, &cids[0]);
        servers.load(&daemon, &cids[1]);
        let agent = agent(
            r#"["kubo", "gateway"]"#,
            &daemon.api,
            std::slice::from_ref(&gateway),
        );
        assert_same(&agent.get(&stream(&cids[0])).send().body, &both[0]);
        let asked = servers.asked(&gateway).len();
        assert!(
            asked < blocks.len() / 2,
            "{asked} though the daemon is quick"
        );
        daemon.freeze();
        assert_same(&agent.get(&stream(&cids[1])).send().body, &both[1]);
        assert!(servers.asked(&gateway).len() > asked);
        daemon.thaw();
    });
}
