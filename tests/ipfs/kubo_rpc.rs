//! A daemon with the RPC API of Kubo, and gateways, as sources of the agent: js-ipfs, and servers that lie,
//! hang, send others away or know only half.

mod gateways;
mod order;
mod programs;

use crate::support::{Agent, MIB, Setup, allocated, assert_same, isolated, most_memory, noise};
use programs::{Daemon, Servers};

/// An agent with these sources, which waits for none of them long.
fn agent(sources: &str, daemon: &str, gateways: &[String]) -> Agent {
    Setup::new()
        .set(&format!("ipfs.source = {sources}"))
        .set(&format!("ipfs.kubo_api = {daemon:?}"))
        .set(&format!("ipfs.gateways = {gateways:?}"))
        .set("timeouts.metadata = \"3s\"")
        .set("timeouts.first_byte = \"3s\"")
        .start()
}

fn stream(cid: &str) -> String {
    format!("/ipfs/v0/stream/{cid}")
}

#[test]
fn a_daemon_gives_files_and_ranges_and_keeps_them_itself() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let film = noise(1, 5 * MIB + 77);
        let cid = daemon.add(&film);
        let blocks = servers.load(&daemon, &cid);
        let agent = agent(r#"["kubo"]"#, &daemon.api, &[]);
        let before = allocated(&agent.data());
        assert_same(&agent.get(&stream(&cid)).send().body, &film);
        let range = agent.get(&stream(&cid)).range("bytes=4000000-5000000");
        let part = range.send();
        assert_eq!(part.status, 206);
        assert_same(&part.body, &film[4_000_000..=5_000_000]);
        // What the daemon has needs no room a second time.
        let taken = allocated(&agent.data()) - before;
        assert!(taken < MIB as u64, "{taken} bytes were taken beside it");

        // Nor is it there when the daemon has it no more, which matters to what needs it only.
        let last = blocks.last().unwrap();
        daemon.forget(std::slice::from_ref(last));
        let first = agent.get(&stream(&cid)).range("bytes=0-999999").send();
        assert_same(&first.body, &film[..1_000_000]);
        let range = agent.get(&stream(&cid)).range("bytes=-50");
        assert_eq!(range.send().problem(504), "no-providers");
        let other = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
        let nowhere = agent.get(&stream(other)).send();
        assert_eq!(nowhere.problem(504), "no-providers");

        daemon.freeze();
        assert_eq!(agent.get(&stream(&cid)).send().problem(504), "no-providers");
        daemon.thaw();
        let first = agent.get(&stream(&cid)).range("bytes=0-9").send();
        assert_same(&first.body, &film[..10]);

        daemon.end();
        let gone = agent.get(&stream(&cid)).send();
        assert!(gone.text().contains("ipfs daemon"), "{}", gone.text());
        assert!(gone.header("retry-after").is_some());
        assert_eq!(gone.problem(503), "unavailable");
    });
}

#[test]
fn what_only_seems_to_be_a_daemon_makes_room_for_the_next_source() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let film = noise(2, MIB + 5);
        let cid = daemon.add(&film);
        servers.load(&daemon, &cid);
        let gateway = servers.serve("well");
        for manner in ["wrong", "page", "noise", "endless", "error"] {
            let false_daemon = servers.serve(manner);
            println!("{manner}"); // seen only where it fails
            let alone = agent(r#"["kubo"]"#, &false_daemon, &[]);
            assert_eq!(alone.get(&stream(&cid)).send().problem(502), "corrupt");
            assert!(most_memory(&alone.data()) < 300 << 20, "{manner}");
            drop(alone);
            let both = agent(
                r#"["kubo", "gateway"]"#,
                &false_daemon,
                std::slice::from_ref(&gateway),
            );
            assert_same(&both.get(&stream(&cid)).send().body, &film);
        }
    });
}
