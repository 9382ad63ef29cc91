//! Trackers: they lead to peers, and hear when we join, have everything and leave.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use serde_json::json;

use super::{film, served::Served};
use crate::support::{
    Made, STOPPING, Seeder, Setup, Spec, agent_on_lan, assert_same, encoded, isolated,
    libtorrent_at, noise, peer_of_agent,
};

/// Any port of this machine, for a seeder whose address nobody needs.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(ANY).unwrap();
    listener.local_addr().unwrap().port()
}

/// An agent that takes peers at a port.
pub(super) fn agent_at(port: u16) -> Setup {
    Setup::new().set(&format!("bittorrent.port = {port}"))
}

/// The address of a film that names a tracker and nothing else.
fn by_tracker(film: &Made, tracker: &Served, over: &str) -> String {
    let tracker = encoded(tracker.url(over));
    format!(
        "/bittorrent/v0/stream/{}/{}?tr={tracker}",
        film.id, film.name
    )
}

/// A whole life with a tracker: it names the peer, and hears of joining, of completion and of parking.
fn lives(over: &str) {
    let film = film(11);
    let tracker = Served::start();
    tracker.name_in(&film, over);
    let port = free_port();
    let _seeder = libtorrent_at(ANY, &film, &json!({}));
    tracker.await_other(&film.id, port);
    let agent = agent_at(port)
        .set(r#"bittorrent.park_after = "1s""#)
        .start();
    let whole = agent.get(&by_tracker(&film, &tracker, over)).send();
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_same(&whole.body, &film.bytes());
    let missing = tracker.await_event(&film.id, port, "complete");
    assert_eq!(missing, 0);
    assert_eq!(tracker.await_event(&film.id, port, "stop"), 0);
    let told = tracker.told(&film.id, port);
    let (event, missing) = &told[0];
    assert!(event == "start" && *missing > 0, "{told:?}");
    let count = |wanted| told.iter().filter(|(event, _)| event == wanted).count();
    assert_eq!((count("complete"), count("stop")), (1, 1), "{told:?}");
}

/// A tracker hears that an agent which is told to end leaves in the middle of a film.
fn is_told_of_the_end(over: &str) {
    let film = film(12);
    let tracker = Served::start();
    tracker.name_in(&film, over);
    let port = free_port();
    let settings = json!({ "upload_rate_limit": 1 << 20 });
    let _seeder = libtorrent_at(ANY, &film, &settings);
    tracker.await_other(&film.id, port);
    let mut agent = agent_at(port).start();
    let target = by_tracker(&film, &tracker, over);
    let part = agent.get(&target).range("bytes=0-99999").send();
    assert_same(&part.body, &film.bytes()[..100_000]);
    agent.ask_to_stop();
    assert_eq!(agent.ended(STOPPING).code(), Some(0));
    assert!(tracker.await_event(&film.id, port, "stop") > 0);
    let told = tracker.told(&film.id, port);
    assert!(
        told.iter().all(|(event, _)| event != "complete"),
        "{told:?}"
    );
}

#[test]
fn a_tracker_over_http_leads_to_peers_and_hears_of_us() {
    lives("http");
}

#[test]
fn a_tracker_over_udp_leads_to_peers_and_hears_of_us() {
    lives("udp");
}

#[test]
fn a_tracker_over_http_is_told_of_the_end() {
    is_told_of_the_end("http");
}

#[test]
fn a_tracker_over_udp_is_told_of_the_end() {
    is_told_of_the_end("udp");
}

/// Trackers of the configuration are asked for public torrents, and not for a private one that is known.
#[test]
fn a_private_torrent_is_announced_to_its_own_trackers_only() {
    isolated(|| {
        let ours = Served::start();
        let named = Served::start();
        let mut seeder = Seeder::start();
        let private = seeder.seed(Spec::single("film.mkv", noise(13, 300_000)).private());
        let public = seeder.seed(Spec::single("film.mkv", noise(14, 300_000)));
        // before its metadata is here nobody knows that it is private
        let mut before = agent_on_lan().start();
        for film in [&private, &public] {
            let target = film.address("torrent", "");
            assert_eq!(before.get(&target).send().status, 200);
        }
        before.ask_to_stop();
        before.ended(STOPPING);
        let agent = agent_on_lan()
            .set(&format!("bittorrent.trackers = [{:?}]", ours.url("http")))
            .argument("--data-dir")
            .argument(before.data().to_str().unwrap())
            .start();
        let port = peer_of_agent().port();
        for film in [&private, &public] {
            let tracker = encoded(named.url("udp"));
            let target = format!("{}&tr={tracker}", film.at("/film.mkv"));
            assert_same(&agent.get(&target).send().body, &film.bytes("film.mkv"));
            named.await_event(&film.id, port, "complete");
        }
        ours.await_event(&public.id, port, "complete");
        assert_eq!(ours.told(&private.id, port), []);
    });
}
