//! The spellings of an id, and what is none.

use crate::support::{Agent, Seeder, Seeding, Spec, assert_same, encoded, noise};

fn file(seeder: &mut Seeder) -> Seeding {
    seeder.seed(Spec::single("file.bin", noise(1, 100_000)))
}

/// An infohash as base32, as old magnet links have it.
fn base32(hex: &str) -> String {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    data_encoding::BASE32.encode(&bytes)
}

#[test]
fn every_spelling_is_the_same_torrent() {
    let mut seeder = Seeder::start();
    let file = file(&mut seeder);
    let peer = file.peer;
    let agent = Agent::start();
    let hex = file.id.clone();
    let mut etags = Vec::new();
    for id in [
        hex.clone(),
        hex.to_uppercase(),
        base32(&hex),
        base32(&hex).to_lowercase(),
        encoded(&format!("magnet:?xt=urn:btih:{hex}")),
        encoded(&format!(
            "magnet:?dn=A+name&xt=urn:btih:{}",
            hex.to_uppercase()
        )),
        encoded(&format!(
            "magnet:?xt=urn:btih:{}&so=0",
            base32(&hex).to_lowercase()
        )),
    ] {
        let target = format!("/bittorrent/v0/stream/{id}/file.bin?x.pe={peer}");
        let answer = agent.get(&target).send();
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
        assert_same(&answer.body, &file.bytes("file.bin"));
        etags.push(answer.header("etag").unwrap().to_owned());
    }
    etags.dedup();
    assert_eq!(etags.len(), 1, "{etags:?}");
}

#[test]
fn a_magnet_link_may_name_the_peer() {
    let mut seeder = Seeder::start();
    let file = file(&mut seeder);
    let agent = Agent::start();
    let magnet = format!("magnet:?xt=urn:btih:{}&x.pe={}", file.id, file.peer);
    let target = format!("/bittorrent/v0/stream/{}/file.bin", encoded(&magnet));
    let answer = agent.get(&target).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_same(&answer.body, &file.bytes("file.bin"));
}

#[test]
fn a_torrent_of_both_versions_is_served_by_its_first() {
    let mut seeder = Seeder::start();
    let spec = Spec::single("both.bin", noise(2, 300_000)).version("hybrid");
    let both = seeder.seed(spec);
    let agent = Agent::start();
    let answer = agent.get(&both.at("/both.bin")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_same(&answer.body, &both.bytes("both.bin"));
    let (id, v2) = (&both.id, both.v2.as_ref().unwrap());
    let magnet = format!("magnet:?xt=urn:btmh:1220{v2}&xt=urn:btih:{id}");
    let target = format!(
        "/bittorrent/v0/stream/{}?x.pe={}",
        encoded(&magnet),
        both.peer
    );
    assert_eq!(agent.head(&target).send().status, 200);
}

#[test]
fn a_version_2_torrent_is_refused_as_not_supported() {
    let mut seeder = Seeder::start();
    let spec = Spec::single("new.bin", noise(3, 300_000)).version("v2");
    let new = seeder.seed(spec);
    let agent = Agent::start();
    let v2 = new.v2.as_ref().unwrap();
    let magnet = encoded(&format!("magnet:?xt=urn:btmh:1220{v2}"));
    for id in [&magnet, v2, &format!("1220{v2}")] {
        let target = format!("/bittorrent/v0/stream/{id}/new.bin");
        assert_eq!(
            agent.get(&target).send().problem(501),
            "unsupported",
            "{id}"
        );
    }
    // its shortened infohash looks like any other until the metadata is there
    assert_eq!(
        agent.get(&new.at("/new.bin")).send().problem(501),
        "unsupported"
    );
}

#[test]
fn what_is_no_id_is_refused_at_once() {
    let agent = Agent::start();
    let hex = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
    for id in [
        "x",
        &hex[..39],
        &format!("{hex}0"),
        &format!("g{}", &hex[1..]),
        &encoded("magnet:?dn=nothing"),
        &encoded("magnet:?xt=urn:btih:short"),
        &encoded("http://evil.example/a.torrent"),
        &encoded("../../etc/passwd"),
    ] {
        let target = format!("/bittorrent/v0/stream/{id}/file.bin");
        assert_eq!(agent.get(&target).send().problem(400), "bad-id", "{id}");
    }
}

#[test]
fn unknown_protocols_and_kinds_are_not_found() {
    let agent = Agent::start();
    let hex = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
    for target in [
        format!("/gopher/v0/stream/{hex}/"),
        format!("/bittorrent/v1/stream/{hex}/"),
        format!("/bittorrent/v0/pour/{hex}/"),
        "/bittorrent/v0/stream".to_owned(),
        "/favicon.ico".to_owned(),
    ] {
        assert_eq!(
            agent.get(&target).send().problem(404),
            "not-found",
            "{target}"
        );
    }
}
