//! Directories: slashes, listings, indexes, playlists, and archives that are opened like one.

use std::process::Command;

use super::{
    backends::Backend,
    stage::{Stage, names},
    tree::Tree,
};
use crate::support::{MIB, assert_same, folder, noise, output_of};

fn album() -> Tree {
    Tree::folder("Ein Älbum")
        .with("10 zehn.ogg", noise(1, 300_000))
        .with("2 zwei.ogg", noise(2, 100_001))
        .with("tief/innen/ganz.bin", noise(3, 400_000))
        .with("tief/neben.txt", "neben")
        .with("seite/index.html", "<p>hello")
        .with("seite/a.css", "p{}")
        .with("film.mkv", noise(4, 2 * MIB))
        .with("film.de.srt", "1")
}

pub(super) fn directories_have_slashes_listings_and_indexes<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let album = stage.share(album());
    let root = stage.get(&album, "/").header("Accept", "application/json");
    let root = root.send();
    assert_eq!(root.header("content-type"), Some("application/json"));
    assert_eq!(
        names(&root.json()),
        [
            "seite",
            "tief",
            "2 zwei.ogg",
            "10 zehn.ogg",
            "film.de.srt",
            "film.mkv"
        ]
    );
    let inner = stage.get(&album, "/tief/?format=json").send().json();
    assert_eq!(names(&inner), ["innen", "neben.txt"]);
    let lengths: Vec<_> = (inner["entries"].as_array().unwrap().iter())
        .map(|entry| (entry["type"].as_str().unwrap(), entry["length"].as_u64()))
        .collect();
    assert_eq!(lengths, [("directory", None), ("file", Some(5))]);
    for entry in inner["entries"].as_array().unwrap() {
        let answer = stage.agent.get(entry["url"].as_str().unwrap()).send();
        assert_eq!(answer.status, 200, "{entry}");
    }
    let page = stage.get(&album, "/").header("Accept", "text/html").send();
    let media_type = page.header("content-type").unwrap();
    assert!(media_type.starts_with("text/html"), "{media_type}");
    assert!(page.text().contains("10%20zehn.ogg"), "{}", page.text());
    let moved = stage.get(&album, "/tief/innen?from=1Site").send();
    assert_eq!(moved.status, 308);
    let to = moved.header("location").unwrap();
    let (path, query) = to.split_once('?').expect("it forgets who asks");
    assert!(path.ends_with("/tief/innen/"), "{to}");
    assert!(query.starts_with("from=1Site"), "{to}");
    assert_eq!(stage.agent.get(to).send().status, 200);
    let site = stage.get(&album, "/seite/").send();
    assert_eq!(site.text(), "<p>hello");
    let listing = stage.get(&album, "/seite/?format=json").send().json();
    assert_eq!(names(&listing), ["a.css", "index.html"]);
}

pub(super) fn the_bare_id_is_the_largest_file<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let album = stage.share(album());
    let answer = stage.get(&album, "").send();
    assert_eq!(answer.header("content-type"), Some("video/x-matroska"));
    assert_same(&answer.body, album.bytes("film.mkv"));
    let song = stage.share(Tree::file("song.ogg", noise(5, 200_000)));
    let answer = stage.get(&song, "").send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_same(&answer.body, song.bytes("song.ogg"));
    let named = stage.get(&song, "/song.ogg").send();
    assert_eq!(named.header("content-type"), Some("audio/ogg"));
    assert_same(&named.body, song.bytes("song.ogg"));
}

pub(super) fn a_playlist_names_what_plays<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let album = stage.share(album());
    let answer = stage.agent.get(&album.address("playlist", "")).send();
    assert!(answer.header("content-type").unwrap().contains("mpegurl"));
    let text = answer.text();
    assert!(text.starts_with("#EXTM3U\n"), "{text}");
    let lines = text.lines();
    let titles: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("#EXTINF:-1,"))
        .collect();
    assert_eq!(titles, ["2 zwei.ogg", "10 zehn.ogg", "film.mkv"]);
    let here = format!("http://{}", stage.agent.content());
    for link in text.lines().filter(|line| line.starts_with("http")) {
        let target = link.strip_prefix(&here).expect("absolute and ours");
        assert_eq!(stage.agent.head(target).send().status, 200, "{link}");
    }
    assert!(text.contains("film.de.srt"), "no subtitles: {text}");
}

pub(super) fn an_archive_opens_as_a_directory<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let (work, text) = (folder(), "line\n".repeat(50_000));
    let (files, made) = (work.path().join("files"), work.path().join("made"));
    std::fs::create_dir_all(files.join("film")).unwrap();
    std::fs::create_dir(&made).unwrap();
    std::fs::write(files.join("film/e2.mkv"), noise(6, 2 * MIB)).unwrap();
    std::fs::write(files.join("text.txt"), &text).unwrap();
    for (name, level) in [("stored.zip", "-mx0"), ("deflated.zip", "-mx5")] {
        let mut packer = Command::new("7z");
        packer
            .args(["a", "-bso0", "-tzip", level])
            .arg(made.join(name));
        output_of(packer.arg(".").current_dir(&files));
    }
    let packed = |name: &str| std::fs::read(made.join(name)).unwrap();
    let archives = Tree::folder("archives")
        .with("stored.zip", packed("stored.zip"))
        .with("inner/deflated.zip", packed("deflated.zip"));
    let archives = stage.share(archives);
    for archive in ["/stored.zip", "/inner/deflated.zip"] {
        let get = |path: &str| stage.get(&archives, &format!("{archive}{path}"));
        assert_eq!(
            names(&get("/?format=json").send().json()),
            ["film", "text.txt"]
        );
        assert_same(&get("/text.txt").send().body, text.as_bytes());
        let part = get("/film/e2.mkv").range("bytes=1000000-1999999").send();
        assert_eq!(part.status, 206, "{}", part.text());
        assert_same(&part.body, &noise(6, 2 * MIB)[1_000_000..2_000_000]);
    }
    let raw = stage.get(&archives, "/stored.zip").send();
    assert_same(&raw.body, archives.bytes("stored.zip"));
    // one that is all there is
    let alone = stage.share(Tree::file("stored.zip", packed("stored.zip")));
    let listing = stage.get(&alone, "/stored.zip/?format=json").send();
    assert_eq!(names(&listing.json()), ["film", "text.txt"]);
    let inside = stage.get(&alone, "/stored.zip/text.txt").send();
    assert_same(&inside.body, text.as_bytes());
    let raw = stage.get(&alone, "/stored.zip").send();
    assert_same(&raw.body, alone.bytes("stored.zip"));
}
