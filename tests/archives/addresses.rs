//! What addresses that go on inside archives lead to.

use super::{names, torrent};
use crate::support::{Agent, Seeder, assert_same, noise};

#[test]
fn an_archive_is_itself_without_the_slash_and_a_directory_with_it() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    for archive in ["stored.zip", "plain.tar"] {
        let whole = agent.get(&torrent.at(&format!("/{archive}"))).send();
        assert_same(&whole.body, &torrent.bytes(archive));
        let listing = agent
            .get(&torrent.at(&format!("/{archive}/")))
            .header("Accept", "application/json")
            .send()
            .json();
        assert_eq!(
            names(&listing),
            ["film", "日本", "1.jpg", "10.jpg", "empty.txt", "text.txt"]
        );
        let first = &listing["entries"][2];
        assert_eq!(first["length"], 90_001);
        assert_eq!(first["packed"], 90_001);
        assert_eq!(first["method"], "stored");
        assert_eq!(first["seekable"], true);
        assert!(first["modified"].as_str().unwrap().ends_with("GMT"));
        let answer = agent.get(first["url"].as_str().unwrap()).send();
        assert_same(&answer.body, &noise(1, 90_001));
        let film = agent
            .get(&torrent.at(&format!("/{archive}/film/?format=json")))
            .send();
        assert_eq!(names(&film.json()), ["e2.en.srt", "e2.mkv", "e10.mkv"]);
        let page = agent
            .get(&torrent.at(&format!("/{archive}/")))
            .header("Accept", "text/html")
            .send()
            .text();
        let row = "<td>stored</td><td>at once</td>";
        assert!(page.contains("1.jpg") && page.contains(row), "{page}");
        let bare = agent.get(&torrent.at(&format!("/{archive}/film"))).send();
        assert_eq!(bare.status, 308);
    }
    let root = agent.get(&torrent.at("/?format=json")).send().json();
    let entries = root["entries"].as_array().expect("entries");
    let mut offered = Vec::new();
    for entry in entries {
        let name = entry["name"].as_str().unwrap();
        let Some(contents) = entry["contents"].as_str() else {
            continue;
        };
        offered.push(name);
        if ["stored.zip", "a.tbz2", "movie.rar"].contains(&name) {
            let listing = agent.get(contents).header("Accept", "application/json");
            assert!(!names(&listing.send().json()).is_empty(), "{name}");
        }
    }
    for name in ["stored.zip", "a.tbz2", "a.tar.gz", "copy.7z", "movie.rar"] {
        assert!(offered.contains(&name), "{name} of {offered:?}");
    }
    for name in ["movie.r00", "really.zip"] {
        assert!(!offered.contains(&name), "{name} of {offered:?}");
    }
    let page = agent.get(&torrent.at("/?format=html")).send().text();
    assert!(page.contains(">open</a>"), "{page}");
}

#[test]
fn entries_have_tags_of_their_own() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    for archive in ["stored.zip", "plain.tar"] {
        let one = torrent.at(&format!("/{archive}/1.jpg"));
        let tag = |address: &str| {
            let head = agent.head(address).send();
            head.header("etag").unwrap().to_owned()
        };
        let (first, other) = (tag(&one), tag(&torrent.at(&format!("/{archive}/10.jpg"))));
        assert_ne!(first, other);
        assert_ne!(first, tag(&torrent.at(&format!("/{archive}"))));
        let known = agent.get(&one).header("If-None-Match", &first).send();
        assert_eq!(known.status, 304);
        let part = |tag: &str| {
            let request = agent.get(&one).range("bytes=0-9").header("If-Range", tag);
            request.send().status
        };
        assert_eq!((part(&first), part(&other)), (206, 200));
        let past = agent.get(&one).range("bytes=90001-").send();
        assert_eq!(past.status, 416);
        assert_eq!(past.header("content-range"), Some("bytes */90001"));
        let type_of = agent.head(&one).send();
        assert_eq!(type_of.header("content-type"), Some("image/jpeg"));
    }
}

#[test]
fn a_playlist_goes_into_archives() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    let answer = agent
        .get(&torrent.address("playlist", "/plain.tar/"))
        .send();
    let text = answer.text();
    let titles = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:-1,"));
    assert_eq!(titles.collect::<Vec<_>>(), ["e2.mkv", "e10.mkv"], "{text}");
    assert!(text.contains("plain.tar/film/e2.en.srt"), "{text}");
    let here = format!("http://{}", agent.content());
    for link in text.lines().filter(|line| line.starts_with("http")) {
        let target = link.strip_prefix(&here).expect("absolute and ours");
        assert_eq!(agent.head(target).send().status, 200, "{link}");
    }
}

#[test]
fn what_is_not_in_an_archive_is_not_found() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder);
    let agent = Agent::start();
    for path in [
        "/plain.tar/none",
        "/plain.tar/film/none",
        "/plain.tar/1.jpg/inside",
        "/plain.tar/1.jpg/",
        "/film.mkv/inside",
        "/film.mkv/",
        "/text.zip/inside",
        "/text.zip/",
    ] {
        let answer = agent.get(&torrent.at(path)).send();
        assert_eq!(answer.problem(404), "not-found", "{path}");
    }
    let inside = agent.get(&torrent.at("/really.zip/inside.txt")).send();
    assert_eq!(inside.text(), "a directory");
    let text = agent.get(&torrent.at("/text.zip")).send();
    assert_eq!(text.text(), "no archive at all");
}
