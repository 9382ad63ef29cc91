//! What is kept of archives: their indexes, and what was unpacked.

use std::time::Duration;

use super::{contents, names, path, torrent};
use crate::support::{Agent, Seeder, Setup, assert_same, until};

/// Archives of every format, one of them in another that is packed.
const ARCHIVES: [&str; 6] = [
    "deflated.zip",
    "plain.tar",
    "a.tar.gz",
    "lzma2.7z",
    "movie.rar",
    "packed.zip/inner/stored.zip",
];

/// The items of archives whose names end so.
fn items(agent: &Agent, end: &str) -> Vec<String> {
    let items = agent.manage().items();
    let own = items.iter().filter(|item| item["protocol"] == "archive");
    let names = own.filter_map(|item| item["name"].as_str());
    let names = names.filter(|name| name.ends_with(end));
    names.map(str::to_owned).collect()
}

#[test]
fn archives_are_listed_after_a_crash_without_peers_and_without_their_bytes() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let mut agent = Agent::start();
    let listing = |agent: &Agent, archive: &str| {
        let address = torrent.without_peer(&format!("/{archive}/?format=json"));
        let answer = agent.get(&address).send();
        assert_eq!(answer.status, 200, "{archive}: {}", answer.text());
        answer.json()
    };
    for archive in ARCHIVES {
        let address = torrent.at(&format!("/{archive}/?format=json"));
        assert_eq!(agent.get(&address).send().status, 200, "{archive}");
    }
    let before = ARCHIVES.map(|archive| listing(&agent, archive)["entries"].clone());
    until("the indexes on disk", Duration::from_secs(20), || {
        // The one that holds another is one more.
        items(&agent, "(index)").len() > ARCHIVES.len()
    });
    agent.kill();
    drop(seeder);
    let objects = agent.data().join("objects");
    std::fs::remove_dir_all(objects.join("bittorrent")).unwrap();
    agent.start_again();
    for (archive, before) in ARCHIVES.into_iter().zip(before) {
        let again = listing(&agent, archive);
        assert!(!names(&again).is_empty());
        let without_port = |text: String| {
            let parts = text
                .split("http://")
                .map(|part| part.trim_start_matches(|c| c != '/'));
            parts.collect::<String>()
        };
        let (again, before) = (again["entries"].to_string(), before.to_string());
        assert_eq!(without_port(again), without_port(before), "{archive}");
    }
}

#[test]
fn what_was_kept_of_an_archive_may_go_at_any_time() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let mut agent = Agent::start();
    let assert_reads = |agent: &Agent| {
        for archive in ["deflated.zip", "a.tar.gz", "lzma2.7z"] {
            for (name, bytes) in contents() {
                let answer = agent.get(&torrent.at(&path(archive, name))).send();
                assert_eq!(answer.status, 200, "{archive}/{name}: {}", answer.text());
                assert_same(&answer.body, &bytes);
            }
        }
    };
    assert_reads(&agent);
    assert!(!items(&agent, "(unpacked)").is_empty());
    agent.manage().collect(0);
    assert_reads(&agent);
    let own = format!("/items/bittorrent/{}", torrent.id);
    assert_eq!(agent.manage().call("DELETE", &own).send().status, 200);
    assert_reads(&agent);
    agent.manage().collect(0);
    agent.kill();
    agent.start_again();
    assert_reads(&agent);
}

#[test]
fn archives_in_packed_archives_are_read_by_one_decoder() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Setup::new().set("limits.decode_jobs = 1").start();
    let archives = [
        "solid.7z/rare.zip",
        "solid.7z/a.tar.xz",
        "packed.zip/inner/stored.zip",
    ];
    std::thread::scope(|scope| {
        for archive in archives.into_iter().cycle().take(6) {
            for name in ["text.txt", "film/e2.mkv"] {
                let (agent, torrent) = (&agent, &torrent);
                scope.spawn(move || {
                    let answer = agent.get(&torrent.at(&path(archive, name))).send();
                    assert_eq!(answer.status, 200, "{archive}/{name}: {}", answer.text());
                    let right = contents().into_iter().find(|(known, _)| *known == name);
                    assert_same(&answer.body, &right.unwrap().1);
                });
            }
        }
    });
}

#[test]
fn a_damaged_archive_says_so_again_and_again() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    for _ in 0..5 {
        let answer = agent.get(&torrent.at("/cut.zip/1.jpg")).send();
        assert_eq!(answer.problem(502), "corrupt");
    }
    assert!(
        items(&agent, "(index)").is_empty(),
        "what is damaged is not kept"
    );
}
