//! Files inside archives, over BitTorrent.

mod addresses;
mod crowd;
mod films;
mod hostile;
mod kept;
mod rar;
mod samples;
mod unrar;

use std::process::Command;

use serde_json::Value;

use crate::support::{
    Agent, MIB, Seeder, Seeding, Setup, Spec, assert_same, encoded, file_of_suite, folder, noise,
    output_of, python,
};

/// What is packed, by name.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let lines = (0..200_000).map(|number| format!("line {number}\n"));
    vec![
        ("1.jpg", noise(1, 90_001)),
        ("10.jpg", noise(2, 100)),
        ("empty.txt", Vec::new()),
        ("film/e2.mkv", noise(3, 2 * MIB)),
        ("film/e10.mkv", noise(4, 70_000)),
        ("film/e2.en.srt", b"1".to_vec()),
        ("text.txt", lines.collect::<String>().into_bytes()),
        ("日本/語 & ?.txt", "日本語".into()),
    ]
}

/// Archives of every kind, made by others than us, in one torrent.
fn torrent(seeder: &mut Seeder) -> Seeding {
    let work = folder();
    let (files, made) = (work.path().join("files"), work.path().join("made"));
    for (name, bytes) in contents() {
        let place = files.join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    std::fs::create_dir(&made).unwrap();
    let mut maker = Command::new(python());
    maker.arg(file_of_suite("archives/make.py"));
    output_of(maker.args([&files, &made]));
    let mut spec = Spec::folder("archives")
        .with(&["really.zip", "inside.txt"], "a directory")
        .with(&["text.zip"], "no archive at all")
        .with(&["film.mkv"], noise(5, 100_000));
    for entry in std::fs::read_dir(&made).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        spec = spec.with(&[&name], std::fs::read(entry.path()).unwrap());
    }
    seeder.seed(spec)
}

/// The address of an entry.
fn path(archive: &str, entry: &str) -> String {
    format!("/{archive}/{}", encoded(entry).replace("%2F", "/"))
}

fn names(listing: &Value) -> Vec<&str> {
    let entries = listing["entries"]
        .as_array()
        .expect("a listing has entries");
    let names = entries.iter().map(|entry| entry["name"].as_str().unwrap());
    names.collect()
}

#[track_caller]
fn assert_all_entries(archives: &[&str]) {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    for archive in archives {
        for (name, bytes) in contents() {
            let address = torrent.at(&path(archive, name));
            let answer = agent.get(&address).send();
            assert_eq!(answer.status, 200, "{archive}/{name}: {}", answer.text());
            assert!(!answer.broken, "{archive}/{name} broke");
            assert_same(&answer.body, &bytes);
            let head = agent.head(&address).send();
            assert_eq!(head.status, 200);
            let length = bytes.len().to_string();
            assert_eq!(head.header("content-length"), Some(length.as_str()));
            for start in [bytes.len() / 2, bytes.len().saturating_sub(9)] {
                if start < bytes.len() {
                    let range = format!("bytes={start}-");
                    let part = agent.get(&address).range(&range).send();
                    assert_eq!(part.status, 206, "{archive}/{name}");
                    assert_same(&part.body, &bytes[start..]);
                }
            }
        }
    }
}

#[test]
fn entries_of_zips_come_like_files() {
    assert_all_entries(&["stored.zip", "deflated.zip"]);
}

#[test]
fn entries_of_tars_come_like_files() {
    assert_all_entries(&["plain.tar", "a.tar.gz", "a.tar.xz", "a.tbz2"]);
}

#[test]
fn entries_of_7z_come_like_files() {
    assert_all_entries(&["copy.7z", "lzma2.7z"]);
}

#[test]
fn a_film_in_rar_volumes_comes_like_a_file() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let film = noise(3, 2 * MIB);
    for volume in ["movie.rar", "movie.r02"] {
        let address = torrent.at(&format!("/{volume}/movie.mkv"));
        let end = agent.get(&address).range("bytes=-1000").send();
        assert_eq!(end.status, 206, "{}", end.text());
        assert_same(&end.body, &film[2 * MIB - 1000..]);
        let seam = agent.get(&address).range("bytes=299990-600010").send();
        assert_same(&seam.body, &film[299_990..=600_010]);
        let whole = agent.get(&address).send();
        assert_same(&whole.body, &film);
    }
}

#[test]
fn entries_of_zips_in_zips_come_like_files() {
    assert_all_entries(&[
        "outer.zip/inner/stored.zip",
        "outer.zip/inner/deflated.zip",
        "packed.zip/inner/stored.zip",
    ]);
}

#[test]
fn hostile_names_are_not_there() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let listing = agent.get(&torrent.at("/hostile.zip/?format=json")).send();
    assert_eq!(
        names(&listing.json()),
        ["abs.txt", "ok.txt", "twice.txt"],
        "{}",
        listing.text()
    );
    let last = agent.get(&torrent.at("/hostile.zip/twice.txt")).send();
    assert_eq!(last.text(), "the last");
    for name in ["link.txt", "up.txt", "b.txt", "nul"] {
        let answer = agent
            .get(&torrent.at(&format!("/hostile.zip/{name}")))
            .send();
        assert_eq!(answer.problem(404), "not-found", "{name}");
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let of = |path: &str| agent.get(&torrent.at(path)).send();
    assert_eq!(of("/cut.zip/1.jpg").problem(502), "corrupt");
    assert_eq!(of("/cut.zip/").problem(502), "corrupt");
    assert_eq!(of("/encrypted.zip/1.jpg").problem(403), "encrypted");
    let head = agent.head(&torrent.at("/encrypted.zip/1.jpg")).send();
    assert_eq!(head.status, 403);
    let listing = of("/encrypted.zip/?format=json").json();
    assert_eq!(names(&listing), ["1.jpg"]);
    // The raw archives are still there.
    assert_same(&of("/cut.zip").body, &torrent.bytes("cut.zip"));
}

#[test]
fn archives_lie_no_deeper_than_is_configured() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let deep = |path: &str| agent.get(&torrent.at(path)).send();
    let third = deep("/deep2.zip/in.zip/in.zip/1.jpg");
    assert_same(&third.body, &noise(1, 90_001));
    let fourth = deep("/deep3.zip/in.zip/in.zip/in.zip/1.jpg");
    assert_eq!(fourth.problem(501), "unsupported");
    assert!(
        fourth.text().contains("archive.nesting"),
        "{}",
        fourth.text()
    );
    // Raw it is a file like any other.
    let raw = deep("/deep3.zip/in.zip/in.zip/in.zip");
    assert_same(&raw.body, &torrent.bytes("stored.zip"));

    let agent = Setup::new().set("archive.enabled = false").start();
    let off = agent.get(&torrent.at("/plain.tar/1.jpg")).send();
    assert_eq!(off.problem(404), "not-found");
}

#[test]
fn many_who_open_an_archive_at_once_all_get_theirs() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let wanted = contents();
    std::thread::scope(|scope| {
        for number in 0..24 {
            let (agent, torrent, wanted) = (&agent, &torrent, &wanted);
            scope.spawn(move || {
                let (name, bytes) = &wanted[number % wanted.len()];
                let answer = agent.get(&torrent.at(&path("plain.tar", name))).send();
                assert_eq!(answer.status, 200, "{}", answer.text());
                assert_same(&answer.body, bytes);
            });
        }
    });
}
