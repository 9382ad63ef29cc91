//! Names that want to be something else: paths, markup, control sequences.

use std::path::Path;

use crate::support::{Agent, Seeder, Spec, assert_same, encoded, noise};

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// Checks that a torrent whose first file is hostile leaves no trace outside the data directory.
fn leads_nowhere(hostile_path: &[&str]) {
    let mut seeder = Seeder::start();
    let torrent = seeder.seed(
        Spec::folder("hostile")
            .with(hostile_path, noise(1, 100_000))
            .with(&["harmless.bin"], noise(2, 100_000)),
    );
    let mut agent = Agent::start();
    let harmless = agent.get(&torrent.at("/harmless.bin")).send();
    match harmless.status {
        200 => assert_same(&harmless.body, &torrent.bytes("harmless.bin")),
        // refusing the whole torrent is as good
        status => assert!((400..600).contains(&status) && !harmless.problem(status).is_empty()),
    }
    let listing = agent.get(&torrent.at("/?format=json")).send();
    if listing.status == 200 {
        for entry in listing.json()["entries"].as_array().unwrap() {
            let name = entry["name"].as_str().unwrap();
            assert!(
                !matches!(name, "" | "." | "..") && !name.contains('/'),
                "{name:?}"
            );
        }
    }
    // the bare id would be the hostile file if anything were
    let largest = agent.get(&torrent.at("")).send();
    assert!(largest.status != 500, "{}", largest.text());
    assert!(agent.is_running());
    let known = ["config.toml", "log"];
    for file in files_below(agent.home()) {
        let ours = file.starts_with(agent.data())
            || known.iter().any(|name| file == agent.home().join(name));
        assert!(ours, "{} was written", file.display());
    }
    for file in files_below(&agent.data()) {
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(
            !name.contains("escaped"),
            "{} took a name from the torrent",
            file.display()
        );
    }
    assert!(!Path::new("/escaped-universal-p2p").exists());
}

#[test]
fn a_path_upwards_leads_nowhere() {
    leads_nowhere(&["..", "..", "escaped-universal-p2p"]);
}

#[test]
fn a_path_upwards_within_one_name_leads_nowhere() {
    leads_nowhere(&["../../escaped-universal-p2p"]);
}

#[test]
fn an_absolute_path_leads_nowhere() {
    leads_nowhere(&["/escaped-universal-p2p"]);
}

#[test]
fn a_path_from_an_empty_name_leads_nowhere() {
    leads_nowhere(&["", "escaped-universal-p2p"]);
}

#[test]
fn a_windows_path_is_only_a_name() {
    leads_nowhere(&["C:\\escaped-universal-p2p"]);
}

#[test]
fn a_torrent_named_upwards_leads_nowhere() {
    let mut seeder = Seeder::start();
    let torrent = seeder.seed(Spec::single("../../escaped-universal-p2p", noise(3, 1000)));
    let mut agent = Agent::start();
    let answer = agent.get(&torrent.at("")).send();
    if answer.status == 200 {
        assert_same(&answer.body, &torrent.bytes("../../escaped-universal-p2p"));
    } else {
        assert!(answer.status != 500, "{}", answer.text());
    }
    assert!(agent.is_running());
    let escaped = |file: &std::path::PathBuf| file.to_string_lossy().contains("escaped");
    assert!(!files_below(agent.home()).iter().any(escaped));
}

#[test]
fn control_characters_are_only_characters() {
    let mut seeder = Seeder::start();
    let name = "a\r\nSet-Cookie: x=1\r\n\u{7}\u{1b}[31m\u{202e}gpj.bin";
    let spec = Spec::folder("n\r\nX: y")
        .with(&[name], noise(4, 70_000))
        .with(&["b"], "b");
    let torrent = seeder.seed(spec);
    let agent = Agent::start();
    let answer = agent
        .get(&torrent.at(&format!("/{}", encoded(name))))
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("set-cookie"), None);
    assert_same(&answer.body, &torrent.bytes(name));
    let listing = agent.get(&torrent.at("/?format=json")).send().json();
    let names: Vec<_> = listing["entries"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|entry| entry["name"] == name), "{listing}");
    let torrent_file = agent.get(&torrent.address("torrent", "")).send();
    assert_eq!((torrent_file.status, torrent_file.header("x")), (200, None));
}

#[test]
fn markup_in_names_is_shown_not_obeyed() {
    let mut seeder = Seeder::start();
    let name = "<script>alert(1)<script>\"'>&amp;.mp3";
    let inner = "<img src=x onerror=alert(1)>";
    let torrent = seeder.seed(
        Spec::folder("<b>bold</b>")
            .with(&[name], noise(5, 70_000))
            .with(&[inner, "x"], "x"),
    );
    let agent = Agent::start();
    for path in [
        "/?format=html".to_owned(),
        format!("/{}/?format=html", encoded(inner)),
    ] {
        let page = agent.get(&torrent.at(&path)).send();
        assert_eq!(page.status, 200);
        let text = page.text();
        for tag in ["<script", "<img", "<b>"] {
            assert!(!text.contains(tag), "{text}");
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        for freedom in ["allow-scripts", "allow-same-origin", "script-src"] {
            assert!(!policy.contains(freedom), "{policy}");
        }
    }
    let answer = agent
        .get(&torrent.at(&format!("/{}", encoded(name))))
        .send();
    assert_same(&answer.body, &torrent.bytes(name));
    let missing = agent
        .get(&torrent.at(&format!("/{}", encoded("<script>no</script>"))))
        .header("Accept", "text/html")
        .send();
    assert_eq!(missing.status, 404);
    assert!(!missing.text().contains("<script>no"), "{}", missing.text());
}

#[test]
fn markup_in_names_stays_in_its_line_of_a_playlist() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("m")
        .with(&["a\nhttp:evil.example\n.mp3"], "a")
        .with(&["b.mp3"], "b");
    let torrent = seeder.seed(spec);
    let agent = Agent::start();
    let text = agent.get(&torrent.address("playlist", "")).send().text();
    assert!(
        !text.lines().any(|line| line.starts_with("http:evil")),
        "{text}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("#EXTINF"))
            .count(),
        2,
        "{text}"
    );
}

#[test]
fn the_first_of_two_equal_names_is_served() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("twice")
        .with(&["a"], "first")
        .with(&["a"], "second");
    let torrent = seeder.seed(spec);
    let mut agent = Agent::start();
    let answer = agent.get(&torrent.at("/a")).send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), "first");
    assert!(agent.is_running());
}
