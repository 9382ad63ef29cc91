//! Torrents whose bytes lie on web servers (BEP 19).

use std::net::SocketAddr;

use serde_json::json;

use super::film;
use crate::support::{
    Agent, LAN, MIB, Made, WebSeed, agent_on_lan, assert_same, encoded, isolated, libtorrent_at,
};

/// An agent that knows a film's metadata, but no peer any more.
fn informed(film: &Made) -> Agent {
    let seeder = libtorrent_at(SocketAddr::from((LAN, 7804)), film, &json!({}));
    let agent = agent_on_lan().start();
    assert_eq!(agent.head(&film.at(&[seeder.peer])).send().status, 200);
    agent
}

/// The address of a film that names a webseed and no peer.
fn at(film: &Made, seed: &WebSeed) -> String {
    format!("{}ws={}", film.at(&[]), encoded(&seed.url))
}

#[test]
fn a_web_server_gives_all() {
    isolated(|| {
        let film = film();
        let right = film.bytes();
        let seed = WebSeed::start(LAN, &film.name, right.clone());
        let agent = informed(&film);
        let far = 19 * MIB + 4321;
        let range = format!("bytes={far}-{}", far + 299_999);
        let part = agent.get(&at(&film, &seed)).range(&range).send();
        assert_eq!(part.status, 206, "{}", part.text());
        assert_same(&part.body, &right[far..far + 300_000]);
        let whole = agent.get(&at(&film, &seed)).send();
        assert_same(&whole.body, &right);
        assert!(seed.given() >= right.len(), "it came from elsewhere");
    });
}

#[test]
fn a_web_server_that_lies_does_no_harm() {
    isolated(|| {
        let film = film();
        let right = film.bytes();
        let wrong = right.iter().map(|byte| !byte).collect();
        let seed = WebSeed::start(LAN, &film.name, wrong);
        let agent = agent_on_lan().start();
        let seeder = libtorrent_at(SocketAddr::from((LAN, 7804)), &film, &json!({}));
        let target = format!("{}&ws={}", film.at(&[seeder.peer]), encoded(&seed.url));
        let whole = agent.get(&target).send();
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_same(&whole.body, &right);
    });
}
