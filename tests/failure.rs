//! What goes wrong in swarms, and what the client learns of it.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use crate::support::{
    Agent, MIB, Seeder, Setup, SilentPeer, Spec, assert_same, folder, noise, noise_file, pause,
};

const DEAD: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

/// An agent that gives up soon.
fn impatient() -> Agent {
    Setup::new()
        .set("timeouts.metadata = \"4s\"")
        .set("timeouts.first_byte = \"4s\"")
        .set("timeouts.stall = \"2s\"")
        .start()
}

#[test]
fn a_torrent_without_peers_says_so() {
    let agent = impatient();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    for query in [String::new(), format!("?x.pe={closed}")] {
        let answer = agent
            .get(&format!("/bittorrent/v0/stream/{DEAD}/a.bin{query}"))
            .send();
        assert_eq!(answer.problem(504), "no-peers", "{query:?}");
    }
    let status = agent
        .get(&format!("/bittorrent/v0/status/{DEAD}"))
        .send()
        .json();
    assert_eq!(status["state"], "failed");
    assert!(
        status["last_error"]
            .as_str()
            .is_some_and(|text| text.contains("no peer")),
        "{status}"
    );
}

#[test]
fn a_browser_gets_a_page_about_the_failure() {
    let agent = impatient();
    let answer = agent
        .get(&format!("/bittorrent/v0/stream/{DEAD}/a.bin"))
        .header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .send();
    assert_eq!(answer.status, 504);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_peer_without_metadata_is_told_from_no_peer() {
    let silent = SilentPeer::start();
    let agent = impatient();
    let target = format!("/bittorrent/v0/stream/{DEAD}/a.bin?x.pe={}", silent.address);
    assert_eq!(agent.get(&target).send().problem(504), "no-metadata");
}

#[test]
fn a_torrent_that_was_dead_can_come_back() {
    let mut seeder = Seeder::start();
    let file = seeder.seed(Spec::single("file.bin", noise(1, MIB)));
    let agent = Setup::new().set("timeouts.metadata = \"20s\"").start();
    assert_eq!(
        agent
            .get(&file.without_peer("/file.bin"))
            .send()
            .problem(504),
        "no-peers"
    );
    let answer = agent.get(&file.at("/file.bin")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_same(&answer.body, &file.bytes("file.bin"));
}

#[test]
fn a_first_byte_that_does_not_come_is_a_stall() {
    let mut seeder = Seeder::start();
    let file = seeder.seed(Spec::single("file.bin", noise(2, 4 * MIB)));
    let agent = impatient();
    assert_eq!(agent.head(&file.at("/file.bin")).send().status, 200);
    seeder.pause();
    let answer = agent
        .get(&file.at("/file.bin"))
        .range("bytes=3000000-")
        .send();
    let reason = answer.problem(504);
    assert!(
        matches!(reason.as_str(), "stalled" | "no-peers"),
        "{reason}"
    );
}

#[test]
fn peers_that_vanish_break_the_connection() {
    let mut seeder = Seeder::start();
    let place = folder();
    let sparse = noise_file(place.path(), 100 * MIB as u64, &[(0, &noise(3, 2 * MIB))]);
    let film = seeder.seed(Spec::single_file("film.bin", &sparse).pieces(256 << 10));
    seeder.limit(4 << 20);
    let agent = impatient();
    let mut body = agent.get(&film.at("/film.bin")).open();
    assert_eq!(body.status(), 200);
    let begin = film.part("film.bin", 0, 2 * MIB);
    assert_same(&body.read(2 * MIB), &begin);
    drop(seeder);
    let rest = body.finish();
    assert!(rest.broken, "the body ended as if it were whole");
    assert!(rest.body.len() < 98 * MIB);
    // what is on disk stays
    let again = agent
        .get(&film.without_peer("/film.bin"))
        .range("bytes=0-2097151")
        .send();
    assert_same(&again.body, &begin);
}

#[test]
fn peers_that_come_back_in_time_save_the_stream() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.bin", noise(4, 24 * MIB)).pieces(256 << 10));
    seeder.limit(6 << 20);
    let agent = Setup::new().set("timeouts.stall = \"60s\"").start();
    let mut body = agent.get(&film.at("/film.bin")).open();
    let mut whole = body.read(2 * MIB);
    seeder.pause();
    pause(Duration::from_secs(1));
    seeder.resume();
    seeder.limit(0);
    let rest = body.finish();
    assert!(
        !rest.broken,
        "the stream broke after {} bytes",
        rest.body.len()
    );
    whole.extend(rest.body);
    assert_same(&whole, &film.bytes("film.bin"));
}

#[test]
fn a_lying_peer_is_outvoted_by_an_honest_one() {
    let mut honest = Seeder::start();
    let mut lying = Seeder::start_corrupt();
    let bytes = noise(5, 6 * MIB);
    let film = honest.seed(Spec::single("film.bin", bytes.clone()));
    let same = lying.seed(Spec::single("film.bin", bytes.clone()).damaged());
    assert_eq!(film.id, same.id);
    // the lie comes first
    honest.limit(2 << 20);
    let agent = Setup::new().set("timeouts.stall = \"60s\"").start();
    let target = format!("{}&x.pe={}", same.at("/film.bin"), film.peer);
    let answer = agent.get(&target).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        !answer.broken,
        "the stream broke after {} bytes",
        answer.body.len()
    );
    assert_same(&answer.body, &bytes);
    assert!(lying.sent(&same).uploaded > 0, "nobody asked the liar");
}

#[test]
fn a_lie_never_reaches_the_client() {
    let mut lying = Seeder::start_corrupt();
    let film = lying.seed(Spec::single("film.bin", noise(6, MIB)).damaged());
    let agent = impatient();
    let answer = agent.get(&film.at("/film.bin")).send();
    if answer.status == 200 {
        assert!(
            answer.broken && answer.body.is_empty(),
            "{} bytes came",
            answer.body.len()
        );
    } else {
        assert!(matches!(answer.status, 502 | 504), "{}", answer.text());
        answer.problem(answer.status);
    }
    assert!(lying.sent(&film).uploaded > 0, "nobody asked the liar");
    let status = agent.get(&film.address("status", "")).send().json();
    assert_eq!(status["bytes_held"], 0);
}

#[test]
fn a_stalled_stream_does_not_harm_another_torrent() {
    let mut stuck = Seeder::start();
    let mut lively = Seeder::start();
    let slow = stuck.seed(Spec::single("slow.bin", noise(7, 4 * MIB)));
    let quick = lively.seed(Spec::single("quick.bin", noise(8, 2 * MIB)));
    let agent = Setup::new().set("timeouts.first_byte = \"30s\"").start();
    assert_eq!(agent.head(&slow.at("/slow.bin")).send().status, 200);
    stuck.pause();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                agent
                    .get(&slow.at("/slow.bin"))
                    .range("bytes=1000000-")
                    .send()
            });
        }
        let answer = agent.get(&quick.at("/quick.bin")).send();
        assert_same(&answer.body, &quick.bytes("quick.bin"));
        stuck.resume();
    });
}
