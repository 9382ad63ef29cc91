//! Archives that lie, each with the answer that it gets.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use super::names;
use crate::support::{
    Agent, MIB, Seeder, Seeding, Setup, Spec, encoded, file_of_suite, folder, most_memory,
    output_of, python, until,
};

/// All of them in one torrent, and with them what takes longer to make.
fn torrent(seeder: &mut Seeder, more: &[&str]) -> Seeding {
    let work = folder();
    let mut maker = Command::new(python());
    maker.arg(file_of_suite("archives/hostile.py"));
    output_of(maker.arg(work.path()).args(more));
    let mut spec = Spec::folder("hostile").pieces(1 << 18);
    for entry in std::fs::read_dir(work.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        spec = spec.with(&[&name], std::fs::read(entry.path()).unwrap());
    }
    seeder.seed(spec)
}

/// What is asked of which archive, the status and the reason.
const ANSWERS: &[(&str, u16, &str)] = &[
    // Names that lead out, or nowhere.
    ("names.zip/up.txt", 404, "not-found"),
    ("names.zip/b.txt", 404, "not-found"),
    ("names.zip/etc/passwd", 404, "not-found"),
    ("names.zip/nul", 404, "not-found"),
    ("names.zip/link.txt", 404, "not-found"),
    ("names.zip/device", 404, "not-found"),
    ("names.zip/fifo", 404, "not-found"),
    ("names.zip/d/", 404, "not-found"),
    ("names.rar/up.txt", 404, "not-found"),
    ("names.tar/up.txt", 404, "not-found"),
    ("names.tar/hard.txt", 404, "not-found"),
    ("names.tar/link.txt", 404, "not-found"),
    ("names.tar/device", 404, "not-found"),
    ("names.tar/block", 404, "not-found"),
    ("names.tar/fifo", 404, "not-found"),
    ("link.rar/a.txt", 404, "not-found"),
    // Passwords.
    ("crypto.zip/a.txt", 403, "encrypted"),
    ("aes.zip/a.txt", 403, "encrypted"),
    ("strong.zip/a.txt", 403, "encrypted"),
    ("secret.7z/a.txt", 403, "encrypted"),
    ("sealed.7z/a.txt", 403, "encrypted"),
    ("secret.rar/a.txt", 403, "encrypted"),
    ("sealed.rar/any/thing.txt", 403, "encrypted"),
    // Lies and damage.
    ("short-small.zip/a.txt", 502, "corrupt"),
    ("stored-short.zip/a.txt", 502, "corrupt"),
    ("wide.zip/a.txt", 502, "corrupt"),
    ("long.zip/a.txt", 502, "corrupt"),
    ("overlap.zip/", 502, "corrupt"),
    ("count-more.zip/a.txt", 502, "corrupt"),
    ("count-less.zip/a.txt", 502, "corrupt"),
    ("offset.zip/a.txt", 502, "corrupt"),
    ("cut.zip/a.txt", 502, "corrupt"),
    ("cut.tar/a.txt", 502, "corrupt"),
    ("past-end.tar/a.txt", 502, "corrupt"),
    ("past-end.rar/a.txt", 502, "corrupt"),
    ("past-all.rar/a.txt", 502, "corrupt"),
    ("endless-number.rar/", 502, "corrupt"),
    ("copy-lies.7z/a.txt", 502, "corrupt"),
    ("ppmd.zip/a.txt", 502, "corrupt"),
    ("header-claims.7z/", 502, "corrupt"),
    // What is not read, and what would be too much.
    ("split.zip/a.txt", 501, "unsupported"),
    ("many.zip/", 501, "unsupported"),
    ("header-bomb.7z/", 501, "unsupported"),
    ("header-memory.7z/", 501, "unsupported"),
    ("header-files.7z/", 501, "unsupported"),
    ("dictionary.7z/a.txt", 501, "unsupported"),
    ("dictionary.zip/a.txt", 501, "unsupported"),
    ("dictionary.tar.xz/", 501, "unsupported"),
    ("dictionary.tar.zst/", 501, "unsupported"),
    ("dictionary.rar/a.txt", 501, "unsupported"),
    ("nested.zip/0.zip/0.zip/0.zip/0.zip/", 501, "unsupported"),
    // Bombs.
    ("bomb.zip/a.txt", 502, "corrupt"),
    ("bomb.7z/a.txt", 502, "corrupt"),
    ("bomb.tar.bz2/", 502, "corrupt"),
];

/// What is had all the same, and its bytes.
const GOOD: &[(&str, &str)] = &[
    ("names.zip/abs/x.txt", "inside"),
    ("names.zip/win/x.txt", "inside"),
    ("names.zip/back/slash.txt", "inside"),
    ("names.zip/unix\\name.txt", "inside"),
    ("names.zip/twice.txt", "the last"),
    ("names.zip/new\nline.txt", "inside"),
    ("names.zip/good.txt", "inside"),
    ("names.rar/good.txt", "inside"),
    ("link.rar/good.txt", "inside"),
    ("names.tar/good.txt", "inside"),
    ("names.tar/abs/x.txt", "inside"),
    ("cp437.zip/Übergröße/ñandú.txt", "inside"),
    ("cp437.zip/%9Abergr%94%E1e/%A4and%A3.txt", "inside"),
    ("shift_jis.zip/日本語の新しいフォルダー/写真.txt", "inside"),
    ("cp866.zip/Новая папка/Фотография.txt", "inside"),
    ("koi8-r.zip/Новая папка/Фотография.txt", "inside"),
    ("gbk.zip/新建文件夹中文/照片集名称.txt", "inside"),
    ("nested.zip/3.zip/2.zip/1.zip", ""),
];

/// An address as a client writes it.
fn at(torrent: &Seeding, path: &str) -> String {
    torrent.at(&format!("/{}", encoded(path).replace("%2F", "/")))
}

#[test]
fn every_lie_gets_its_answer_and_the_agent_goes_on() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &["large"]);
    let mut agent = Agent::start();
    let good = agent.get(&at(&torrent, "names.zip/good.txt")).send();
    assert_eq!((good.status, good.text().as_str()), (200, "inside"));
    let before = most_memory(&agent.data());
    let mut wrong = Vec::new();
    for (path, status, reason) in ANSWERS {
        let address = at(&torrent, path);
        let (answer, head) = (agent.get(&address).send(), agent.head(&address).send());
        let says = answer.text().contains(&format!("\"{reason}\""));
        if answer.status != *status || !says {
            wrong.push(format!("{path}: {} {}", answer.status, answer.text()));
        }
        // A HEAD reads nothing of the entry, and so may not know yet.
        if !matches!(head.status, 200) && head.status != *status {
            wrong.push(format!("{path}: {} for HEAD", head.status));
        }
    }
    for (path, bytes) in GOOD {
        let answer = agent.get(&at(&torrent, path)).send();
        let is_it = bytes.is_empty() || answer.text() == *bytes;
        if answer.status != 200 || answer.broken || !is_it {
            wrong.push(format!("{path}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agent.is_running());
    let most = most_memory(&agent.data());
    let bound = before + (300 * MIB as u64);
    assert!(most < bound, "{} MiB of memory", most >> 20);
    let again = agent.get(&at(&torrent, "names.zip/good.txt")).send();
    assert_eq!(again.text(), "inside");
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_never_ends_cleanly() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &[]);
    let agent = Agent::start();
    for (path, length) in [
        ("short-large.zip/a.txt", 4 * MIB),
        ("crc-stored.zip/a.txt", 5 * MIB),
        ("crc-deflated.zip/a.txt", 5 * MIB),
    ] {
        let answer = agent.get(&at(&torrent, path)).send();
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.broken, "{path} ended cleanly");
        let got = answer.body.len();
        assert!((1..length).contains(&got), "{path}: {got} bytes");
        assert!(answer.body.starts_with(b"line 0\nline 1\n"), "{path}");
    }
    // The end of what has five bytes and not four billion.
    let end = agent.get(&at(&torrent, "long.zip/a.txt"));
    assert_eq!(end.range("bytes=-10").send().problem(502), "corrupt");
    // A bomb of DEFLATE is given out as it comes, and costs no more than that.
    let bomb = agent.get(&at(&torrent, "deflated-bomb.zip/a.txt"));
    let end = bomb.range("bytes=-100").send();
    assert_eq!((end.status, end.body.len()), (206, 100));
}

#[test]
fn what_is_listed_of_hostile_names_is_safe_to_show() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &[]);
    let agent = Agent::start();
    let listing = agent.get(&torrent.at("/names.zip/?format=json")).send();
    assert_eq!(
        names(&listing.json()),
        [
            "abs",
            "back",
            "win",
            "<b>&amp;.html",
            "a.svg",
            "good.txt",
            "new\nline.txt",
            "twice.txt",
            "unix\\name.txt"
        ]
    );
    let page = agent
        .get(&torrent.at("/names.zip/"))
        .header("Accept", "text/html")
        .send();
    let text = page.text();
    assert!(!text.contains("<b>&amp;.html"), "{text}");
    assert!(text.contains("&lt;b&gt;&amp;amp;.html"), "{text}");
    for name in ["<b>&amp;.html", "a.svg"] {
        let file = agent
            .get(&at(&torrent, &format!("names.zip/{name}")))
            .send();
        assert_eq!(file.status, 200, "{name}");
        let policy = file.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("sandbox; default-src 'none'"),
            "{name}: {policy}"
        );
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    }
    for (archive, wanted) in [
        ("names.tar", &["abs", "good.txt"][..]),
        ("names.rar", &["good.txt"]),
        ("sealed.7z", &["encrypted"]),
        ("sealed.rar", &["encrypted"]),
    ] {
        let listing = agent.get(&torrent.at(&format!("/{archive}/?format=json")));
        assert_eq!(names(&listing.send().json()), wanted, "{archive}");
    }
}

#[test]
fn limits_are_those_of_the_configuration_in_every_format() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &[]);
    let usual = Agent::start();
    let small = Setup::new()
        .set("archive.entries = 50")
        .set("archive.decoded_entry = \"200KB\"")
        .set("archive.nesting = 2")
        .start();
    for (path, key) in [
        ("entries.zip/", "archive.entries"),
        ("entries.tar/", "archive.entries"),
        ("entries.7z/", "archive.entries"),
        ("entries.rar/", "archive.entries"),
        ("packed.zip/0.txt", "archive.decoded_entry"),
        ("packed.tar.gz/0.txt", "archive.decoded_entry"),
        ("packed.7z/0.txt", "archive.decoded_entry"),
        ("packed.rar/0.txt", "archive.decoded_entry"),
        ("nested.zip/0.zip/0.zip/", "archive.nesting"),
    ] {
        let answer = small.get(&at(&torrent, path)).send();
        assert_eq!(answer.problem(501), "unsupported", "{path}");
        assert!(answer.text().contains(key), "{path}: {}", answer.text());
        if !matches!(path, "entries.7z/" | "packed.rar/0.txt") {
            let answer = usual.get(&at(&torrent, path)).send();
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
    }
    let within = small.get(&at(&torrent, "nested.zip/0.zip/")).send();
    assert_eq!(within.status, 200);
}

#[test]
fn more_archives_than_decode_jobs_wait_and_too_many_are_sent_away() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &["slow"]);
    let agent = Setup::new().set("limits.decode_jobs = 1").start();
    // Each takes its time, whatever is asked of it.
    let asked: Vec<_> = (0..80)
        .map(|number| {
            let mut stream = TcpStream::connect(agent.content()).unwrap();
            let target = at(&torrent, &format!("slow{number}.tar.bz2/"));
            write!(stream, "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
            stream
                .set_read_timeout(Some(Duration::from_millis(10)))
                .unwrap();
            stream
        })
        .collect();
    let mut heads = vec![Vec::new(); asked.len()];
    until("one is sent away", Duration::from_secs(60), || {
        for (mut stream, head) in asked.iter().zip(&mut heads) {
            let mut bytes = [0; 4096];
            if let Ok(length) = stream.read(&mut bytes) {
                head.extend(&bytes[..length]);
            }
        }
        heads.iter().any(|head| head.starts_with(b"HTTP/1.1 503"))
    });
    let busy = heads.iter().find(|head| head.starts_with(b"HTTP/1.1 503"));
    let busy = String::from_utf8_lossy(busy.unwrap()).to_lowercase();
    assert!(busy.contains("retry-after: "), "{busy}");
    assert!(busy.contains("limits.decode_jobs"), "{busy}");
    drop(asked);
    // Those who left keep nobody waiting for long.
    until("there is room again", Duration::from_secs(60), || {
        agent.get(&at(&torrent, "entries.tar/0.txt")).send().status == 200
    });
}
