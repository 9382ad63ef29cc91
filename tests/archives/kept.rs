//! What is kept of archives: their indexes, and what was unpacked.

use std::{process::Command, time::Duration};

use super::{contents, names, path, torrent};
use crate::support::{
    Agent, Seeder, Setup, Spec, assert_same, folder, noise, output_of, python, until,
};

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

#[test]
fn what_was_made_of_a_torrent_goes_with_it() {
    let mut seeder = Seeder::start();
    let (torrent, other) = (
        torrent(&mut seeder),
        seeder.seed(Spec::single("other", noise(9, 5000))),
    );
    let agent = Agent::start();
    for archive in ARCHIVES {
        let address = torrent.at(&path(archive, "text.txt"));
        let answer = agent.get(&address).send();
        assert!(
            [200, 404].contains(&answer.status),
            "{archive}: {}",
            answer.text()
        );
    }
    let of_archives = || items(&agent, "").len();
    until("what was made of it", Duration::from_secs(20), || {
        !items(&agent, "(index)").is_empty() && !items(&agent, "(unpacked)").is_empty()
    });
    assert_eq!(agent.get(&other.at("/other")).send().status, 200);
    let remove = |id: &str| {
        let own = format!("/items/bittorrent/{id}");
        assert_eq!(agent.manage().call("DELETE", &own).send().status, 200);
    };
    remove(&other.id);
    assert!(of_archives() > ARCHIVES.len(), "it goes with its own alone");
    remove(&torrent.id);
    assert_eq!(of_archives(), 0);
    let left = std::fs::read_dir(agent.data().join("objects/archive"));
    assert_eq!(left.map_or(0, Iterator::count), 0);
}

/// Makes a zip with a long entry that cannot be packed well, and a torrent of it.
const LONG: &str = "
import base64, random, sys, zipfile
text = base64.b64encode(random.Random(3).randbytes(15 << 20))
open(sys.argv[2], 'wb').write(text)
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
    archive.writestr('long.txt', text)
";

#[test]
fn after_a_crash_a_seek_in_a_deflated_entry_does_not_begin_at_its_start() {
    let mut seeder = Seeder::start();
    let work = folder();
    let (zip, text) = (work.path().join("a.zip"), work.path().join("text"));
    output_of(
        Command::new(python())
            .args(["-c", LONG])
            .args([&zip, &text]),
    );
    let text = std::fs::read(text).unwrap();
    let spec = Spec::folder("long").pieces(1 << 16);
    let torrent = seeder.seed(spec.with(&["a.zip"], std::fs::read(zip).unwrap()));
    let address = torrent.at("/a.zip/long.txt");
    let mut agent = Agent::start();
    let mut part = |agent: &Agent, place: usize| {
        let before = seeder.sent(&torrent).uploaded;
        let range = format!("bytes={place}-{}", place + 9_999);
        let answer = agent.get(&address).range(&range).send();
        assert_same(&answer.body, &text[place..place + 10_000]);
        seeder.sent(&torrent).uploaded - before
    };
    let (far, near) = (18 << 20, 8 << 20);
    assert!(
        part(&agent, far) > 10 << 20,
        "all that comes before is needed"
    );
    until("checkpoints", Duration::from_secs(20), || {
        !items(&agent, "long.txt (checkpoints)").is_empty()
    });
    agent.kill();
    std::fs::remove_dir_all(agent.data().join("objects/bittorrent")).unwrap();
    agent.start_again();
    for place in [far, near] {
        let fetched = part(&agent, place);
        assert!(fetched < 4 << 20, "{fetched} bytes for the second time");
    }
}
