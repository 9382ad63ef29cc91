//! Torrents with many files: directories, listings, playlists.

use std::time::Duration;

use serde_json::Value;

use crate::support::{
    Agent, MIB, PIECE, Seeder, Seeding, Setup, Spec, assert_same, encoded, noise, pause,
};

/// A torrent with directories and names from several languages.
fn album(seeder: &mut Seeder) -> Seeding {
    seeder.seed(
        Spec::folder("Ein Älbum")
            .with(&["10 zehn.ogg"], noise(1, 300_000))
            .with(&["2 zwei.ogg"], noise(2, 100_001))
            .with(&["Überblick", "日本語 & ?.txt"], "日本語".as_bytes())
            .with(&["Überblick", "tief", "🎵#%41.bin"], noise(3, 400_000))
            .with(&["film.mkv"], noise(4, 2 * MIB))
            .with(&["film.de.srt"], "1"),
    )
}

/// The names in a JSON listing, in its order.
fn names(listing: &Value) -> Vec<&str> {
    let entries = listing["entries"]
        .as_array()
        .expect("a listing has entries");
    entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

#[test]
fn every_file_comes_under_its_own_name() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    for path in [
        "10 zehn.ogg",
        "2 zwei.ogg",
        "Überblick/日本語 & ?.txt",
        "Überblick/tief/🎵#%41.bin",
    ] {
        let target = format!("/{}", encoded(path).replace("%2F", "/"));
        let answer = agent.get(&album.at(&target)).send();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_same(&answer.body, &album.bytes(path));
    }
}

#[test]
fn directories_are_listed_for_programs() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    let root = agent
        .get(&album.at("/"))
        .header("Accept", "application/json")
        .send();
    assert_eq!(root.header("content-type"), Some("application/json"));
    assert_eq!(
        names(&root.json()),
        [
            "Überblick",
            "2 zwei.ogg",
            "10 zehn.ogg",
            "film.de.srt",
            "film.mkv"
        ]
    );
    let inner = agent
        .get(&album.at("/%C3%9Cberblick/?format=json"))
        .send()
        .json();
    assert_eq!(names(&inner), ["tief", "日本語 & ?.txt"]);
    for entry in inner["entries"].as_array().unwrap() {
        let answer = agent.get(entry["url"].as_str().unwrap()).send();
        assert_eq!(answer.status, 200, "{entry}");
    }
}

#[test]
fn directories_are_listed_for_people() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    let page = agent
        .get(&album.at("/"))
        .header("Accept", "text/html")
        .send();
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let text = page.text();
    assert!(
        text.contains("日本語") || text.contains("Überblick"),
        "{text}"
    );
    assert!(text.contains("10%20zehn.ogg"), "{text}");
}

#[test]
fn a_directory_without_its_slash_leads_to_the_slash() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    let answer = agent.get(&album.at("/%C3%9Cberblick/tief")).send();
    assert_eq!(answer.status, 308);
    let location = answer.header("location").unwrap();
    assert!(location.contains("/%C3%9Cberblick/tief/"), "{location}");
    assert!(location.contains("x.pe="), "{location} forgets the peer");
    let path = &location[location.find("/bittorrent").unwrap()..];
    assert_eq!(agent.get(path).send().status, 200);
}

#[test]
fn the_bare_id_is_the_largest_file() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    let answer = agent.get(&album.at("")).send();
    assert_eq!(answer.header("content-type"), Some("video/x-matroska"));
    assert_same(&answer.body, &album.bytes("film.mkv"));
}

#[test]
fn the_bare_id_of_a_single_file_is_that_file() {
    let mut seeder = Seeder::start();
    let song = seeder.seed(Spec::single("song.ogg", noise(5, 200_000)));
    let agent = Agent::start();
    assert_same(
        &agent.get(&song.at("")).send().body,
        &song.bytes("song.ogg"),
    );
    let listing = agent.get(&song.at("/?format=json")).send().json();
    assert_eq!(names(&listing), ["song.ogg"]);
}

#[test]
fn an_index_stands_for_its_directory_unless_the_listing_is_wanted() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("site")
        .with(&["index.html"], "<p>hello")
        .with(&["a.css"], "p{}");
    let site = seeder.seed(spec);
    let agent = Agent::start();
    assert_eq!(agent.get(&site.at("/")).send().text(), "<p>hello");
    let listing = agent.get(&site.at("/?format=json")).send();
    assert_eq!(names(&listing.json()), ["a.css", "index.html"]);
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    for path in [
        "/nothing",
        "/nothing/",
        "/film.mkv/inside",
        "/%C3%9Cberblick/nothing",
    ] {
        assert_eq!(
            agent.get(&album.at(path)).send().problem(404),
            "not-found",
            "{path}"
        );
    }
    for path in [
        "/../film.mkv",
        "/%2e%2e/film.mkv",
        "/a%00b",
        "//film.mkv",
        "/%ff",
    ] {
        assert_eq!(
            agent.get(&album.at(path)).send().problem(400),
            "bad-address",
            "{path}"
        );
    }
}

#[test]
fn padding_files_are_neither_listed_nor_served() {
    let mut seeder = Seeder::start();
    let padded = seeder.seed(
        Spec::folder("padded")
            .padded()
            .with(&["a.bin"], noise(6, 100_000))
            .with(&["b.bin"], noise(7, 50_000))
            .with(&["c", "d.bin"], noise(8, 70_000)),
    );
    let agent = Agent::start();
    let listing = agent.get(&padded.at("/?format=json")).send().json();
    assert_eq!(names(&listing), ["c", "a.bin", "b.bin"]);
    for path in ["a.bin", "b.bin", "c/d.bin"] {
        let answer = agent.get(&padded.at(&format!("/{path}"))).send();
        assert_same(&answer.body, &padded.bytes(path));
    }
    let gap = 2 * PIECE - 100_000;
    assert_eq!(
        agent.get(&padded.at(&format!("/.pad/{gap}"))).send().status,
        404
    );
}

#[test]
fn a_playlist_names_what_plays_in_natural_order() {
    let mut seeder = Seeder::start();
    let album = album(&mut seeder);
    let agent = Agent::start();
    let answer = agent.get(&album.address("playlist", "")).send();
    assert!(answer.header("content-type").unwrap().contains("mpegurl"));
    let text = answer.text();
    assert!(text.starts_with("#EXTM3U\n"), "{text}");
    let titles: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:-1,"))
        .collect();
    assert_eq!(titles, ["2 zwei.ogg", "10 zehn.ogg", "film.mkv"]);
    let here = format!("http://{}", agent.content());
    for link in text.lines().filter(|line| line.starts_with("http")) {
        let target = link.strip_prefix(&here).expect("absolute and ours");
        assert_eq!(agent.head(target).send().status, 200, "{link}");
    }
    assert!(
        text.contains("film.de.srt"),
        "the subtitles are missing: {text}"
    );
}

#[test]
fn four_thousand_files_do_not_exhaust_file_handles() {
    let mut seeder = Seeder::start();
    let mut spec = Spec::folder("many");
    for number in 0..4000_usize {
        let folder = format!("folder {}", number / 100);
        let name = format!("{number}.bin");
        spec = spec.with(&[&folder, &name], noise(number as u64, 100 + number % 400));
    }
    let many = seeder.seed(spec);
    let agent = Agent::start();
    for number in (0..4000).step_by(211) {
        let path = format!("folder {}/{number}.bin", number / 100);
        let answer = agent
            .get(&many.at(&format!("/{}", path.replace(' ', "%20"))))
            .send();
        assert_same(&answer.body, &many.bytes(&path));
        let open = agent.open_files();
        assert!(open < 200, "{open} files and sockets are open");
    }
    let status = agent.get(&many.address("status", "")).send().json();
    assert_eq!(status["files"], 4000);
}

#[test]
fn files_opened_one_after_another_all_come() {
    let mut seeder = Seeder::start();
    let mut spec = Spec::folder("many").with(&["film.mkv"], noise(1, 2 * MIB));
    for number in 0..40 {
        spec = spec.with(&[&format!("{number}.ogg")], noise(number, 90_000));
    }
    let many = seeder.seed(spec);
    let agent = Setup::new().set("timeouts.stall = \"15s\"").start();
    // as a page does: the film is held open, what lies beside it is looked at
    let mut film = agent.get(&many.at("/film.mkv")).open();
    film.read(1000);
    for number in 0..40 {
        let path = format!("/{number}.ogg");
        pause(Duration::from_millis(20 * (number % 10)));
        let answer = agent.get(&many.at(&path)).range("bytes=0-").send();
        assert!(
            !answer.broken,
            "{path} broke after {} bytes",
            answer.body.len()
        );
        assert_same(&answer.body, &many.bytes(&path[1..]));
    }
    film.finish();
}

#[test]
fn a_file_opened_while_another_is_closed_comes() {
    let mut seeder = Seeder::start();
    let pairs: Vec<_> = (0..24)
        .map(|number| {
            let film = noise(100 + number, 2 * MIB);
            let spec = Spec::folder("pair").with(&["film.mkv"], film);
            seeder.seed(spec.with(&["song.ogg"], noise(number, 90_000)))
        })
        .collect();
    let agent = Setup::new().set("timeouts.stall = \"15s\"").start();
    std::thread::scope(|scope| {
        for (number, pair) in pairs.iter().enumerate() {
            let agent = &agent;
            scope.spawn(move || {
                let mut film = agent.get(&pair.at("/film.mkv")).open();
                film.read(MIB);
                pause(Duration::from_millis(150 * number as u64));
                drop(film);
                pause(Duration::from_millis(number as u64 % 6));
                let answer = agent.get(&pair.at("/song.ogg")).range("bytes=0-").send();
                assert!(!answer.broken, "it broke after {} bytes", answer.body.len());
                assert_same(&answer.body, &pair.bytes("song.ogg"));
            });
        }
    });
}
