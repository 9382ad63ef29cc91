//! Reading files: by several at once, and not at all.

use super::{backends::Backend, stage::Stage, tree::Tree};
use crate::support::{MIB, assert_same, noise, number, pause, until};

pub(super) fn a_head_fetches_nothing_of_the_body<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = stage.share(Tree::file("film.mkv", noise(1, 3 * MIB)));
    let answer = stage.agent.head(&film.at("/film.mkv")).send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("3145728"));
    assert_eq!(answer.header("content-type"), Some("video/x-matroska"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    pause(std::time::Duration::from_secs(1));
    // nothing but what says how long it is, and where it has no name of its own whether it is an archive
    let held = number(&stage.status(&film), "bytes_held");
    assert!(held < 300_000, "{held} bytes were fetched");
}

pub(super) fn readers_at_different_places_all_get_on<B: Backend>() {
    const READERS: usize = 8;
    let mut stage = Stage::<B>::new();
    let film = stage.share(Tree::file("film.mkv", noise(2, 24 * MIB)));
    let right = film.bytes("film.mkv");
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (agent, film) = (&stage.agent, &film);
            scope.spawn(move || {
                let start = reader * 2_987_654;
                let range = format!("bytes={start}-{}", start + 999_999);
                let answer = agent.get(&film.at("/film.mkv")).range(&range).send();
                assert!(!answer.broken, "reader {reader} was broken off");
                assert_same(&answer.body, &right[start..start + 1_000_000]);
            });
        }
    });
    // one that reads on is not stopped by one that jumps ahead and leaves
    let mut slow = stage.get(&film, "/film.mkv").open();
    let mut came = slow.read(MIB);
    for place in [20 * MIB, 10 * MIB] {
        let range = format!("bytes={place}-");
        let mut jumping = stage.get(&film, "/film.mkv").range(&range).open();
        assert_same(&jumping.read(MIB), &right[place..place + MIB]);
    }
    let rest = slow.finish();
    assert!(!rest.broken, "it was broken off");
    came.extend(rest.body);
    assert_same(&came, right);
    let streams = || stage.agent.manage().get("/streams")["streams"].clone();
    until(
        "the end of all streams",
        std::time::Duration::from_secs(20),
        || streams().as_array().is_some_and(Vec::is_empty),
    );
}

pub(super) fn a_download_is_named_as_asked<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let page = stage.share(Tree::file("page.html", b"<p>hello".to_vec()));
    let told = |query: &str| {
        let answer = stage.get(&page, &format!("/page.html{query}")).send();
        assert_eq!(answer.text(), "<p>hello");
        answer.header("content-disposition").unwrap().to_owned()
    };
    let shown = told("");
    assert!(shown.starts_with("inline"), "{shown}");
    assert!(shown.contains("filename*=UTF-8''page.html"), "{shown}");
    let saved = told("?download=1");
    assert!(saved.starts_with("attachment"), "{saved}");
    let named = told("?download=1&filename=n%C3%A4me.txt");
    assert!(named.contains("filename*=UTF-8''n%C3%A4me.txt"), "{named}");
    let answer = stage.get(&page, "/page.html").send();
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let media_type = answer.header("content-type").unwrap();
    assert!(media_type.starts_with("text/html"), "{media_type}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox;"), "{policy}");
}
