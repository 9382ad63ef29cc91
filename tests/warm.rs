//! What was fetched once is there without any peer.

use crate::support::{Agent, MIB, STOPPING, Seeder, Spec, assert_same, noise, position};

#[test]
fn bytes_on_disk_need_no_peer() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(1, 3 * MIB)));
    let right = film.bytes("film.mkv");
    let agent = Agent::start();
    assert_same(&agent.get(&film.at("/film.mkv")).send().body, &right);
    drop(seeder);
    let answer = agent.get(&film.without_peer("/film.mkv")).send();
    assert_same(&answer.body, &right);
    let answer = agent
        .get(&film.without_peer("/film.mkv"))
        .range("bytes=-7")
        .send();
    assert_same(&answer.body, &right[right.len() - 7..]);
}

#[test]
fn a_known_torrent_answers_without_peers_after_a_restart() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("album")
        .with(&["one.ogg"], noise(2, MIB))
        .with(&["two.ogg"], "2");
    let album = seeder.seed(spec);
    let right = album.bytes("one.ogg");
    let mut agent = Agent::start();
    assert_same(&agent.get(&album.at("/one.ogg")).send().body, &right);
    drop(seeder);
    agent.ask_to_stop();
    agent.ended(STOPPING);
    agent.start_again();
    let listing = agent.get(&album.without_peer("/?format=json")).send();
    assert_eq!(listing.status, 200);
    assert!(listing.text().contains("two.ogg"), "{}", listing.text());
    let head = agent.head(&album.without_peer("/two.ogg")).send();
    assert_eq!(head.header("content-length"), Some("1"));
    assert_same(
        &agent.get(&album.without_peer("/one.ogg")).send().body,
        &right,
    );
}

#[test]
fn a_killed_agent_serves_right_bytes_afterwards() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(3, 24 * MIB)));
    seeder.limit(8 << 20);
    let mut agent = Agent::start();
    let mut body = agent.get(&film.at("/film.mkv")).open();
    body.read(4 * MIB);
    agent.kill();
    drop(body);
    seeder.limit(0);
    agent.start_again();
    let answer = agent.get(&film.at("/film.mkv")).send();
    assert_eq!(answer.status, 200);
    assert_same(&answer.body, &film.bytes("film.mkv"));
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(4, 1000)));
    let agent = Agent::start();
    let get = || agent.get(&film.at("/film.mkv"));
    let first = get().send();
    let etag = first.header("etag").unwrap();
    for known in [
        etag,
        "*",
        &format!("\"other\", {etag}"),
        &format!("W/{etag}"),
    ] {
        let answer = get().header("If-None-Match", known).send();
        assert_eq!(answer.status, 304, "{known}");
        assert_eq!(answer.header("etag"), Some(etag));
        assert!(answer.body.is_empty());
    }
    assert_eq!(
        get().header("If-None-Match", "\"other\"").send().status,
        200
    );
}

#[test]
fn a_range_is_only_given_of_the_same_file() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(5, 1000)));
    let agent = Agent::start();
    let get = || agent.get(&film.at("/film.mkv")).range("bytes=0-9");
    let etag = get().send().header("etag").unwrap().to_owned();
    assert_eq!(get().header("If-Range", &etag).send().status, 206);
    for other in [
        "\"other\"",
        &format!("W/{etag}"),
        "Wed, 21 Oct 2015 07:28:00 GMT",
    ] {
        assert_eq!(
            get().header("If-Range", other).send().status,
            200,
            "{other}"
        );
    }
}

#[test]
fn different_files_have_different_tags() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("same")
        .with(&["a"], "equal")
        .with(&["b"], "equal");
    let same = seeder.seed(spec);
    let agent = Agent::start();
    let tag = |path| {
        agent
            .head(&same.at(path))
            .send()
            .header("etag")
            .unwrap()
            .to_owned()
    };
    assert_ne!(tag("/a"), tag("/b"));
    assert_eq!(tag("/a"), tag("/a"));
}

#[test]
fn status_tells_what_is_known_and_starts_nothing() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(6, 2 * MIB)));
    let agent = Agent::start();
    let status = || agent.get(&film.address("status", "")).send().json();
    let before = status();
    assert_eq!(before["state"], "unknown");
    assert_eq!(before["bytes_held"], 0);
    assert_eq!(status()["state"], "unknown", "asking has started something");
    assert_eq!(seeder.sent(&film).connections, 0);
    agent.get(&film.at("/film.mkv")).send();
    let after = status();
    assert_eq!(after["name"], "film.mkv");
    assert_eq!(after["length"], 2 * MIB);
    assert_eq!(after["files"], 1);
    assert_eq!(after["bytes_held"], 2 * MIB);
}

#[test]
fn the_torrent_file_is_the_one_that_was_made() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(7, MIB)));
    let agent = Agent::start();
    let answer = agent.get(&film.address("torrent", "")).send();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-bittorrent")
    );
    let made = std::fs::read(&film.metainfo).unwrap();
    let info = &made[position(&made, b"4:info").unwrap()..made.len() - 1];
    assert!(
        position(&answer.body, info).is_some(),
        "the info dictionary is another"
    );
}
