//! What cannot be answered, and why.

use super::{backends::Backend, stage::Stage, tree::Tree};
use crate::support::noise;

pub(super) fn what_is_not_there_or_makes_no_sense_is_refused<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let album = stage.share(
        Tree::folder("album")
            .with("film.mkv", noise(1, 100_000))
            .with("inner/a.txt", "a"),
    );
    for path in [
        "/nothing",
        "/nothing/",
        "/film.mkv/inside",
        "/film.mkv/",
        "/inner/nothing",
    ] {
        let answer = stage.get(&album, path).send();
        assert_eq!(answer.problem(404), "not-found", "{path}");
    }
    for path in [
        "/../film.mkv",
        "/%2e%2e/film.mkv",
        "/a%00b",
        "//film.mkv",
        "/%ff",
    ] {
        let answer = stage.get(&album, path).send();
        assert_eq!(answer.problem(400), "bad-address", "{path}");
    }
    let cut = &album.id[..album.id.len() - 1];
    for id in ["nonsense", "%20", cut] {
        for kind in ["stream", "status", "playlist"] {
            let answer = stage.agent.get(&album.spelt(id, kind, "")).send();
            assert_eq!(answer.problem(400), "bad-id", "{kind} of {id}");
        }
    }
    let posted = stage.agent.request("POST", &album.at("/film.mkv")).send();
    assert_eq!(posted.problem(405), "method-not-allowed");
}

pub(super) fn what_nobody_has_ends_in_time<B: Backend>() {
    let mut stage = Stage::<B>::with(|setup| {
        setup
            .set("timeouts.metadata = \"2s\"")
            .set("timeouts.first_byte = \"2s\"")
    });
    let shared = stage.share(Tree::file("a.bin", noise(2, 1000)));
    let lost = shared.spelt(B::NOBODYS, "stream", "/a.bin");
    for target in [lost.as_str(), lost.split('?').next().unwrap()] {
        let answer = stage.agent.get(target).send();
        let reason = answer.problem(504);
        assert!(
            matches!(reason.as_str(), "no-peers" | "no-providers" | "no-metadata"),
            "{target}: {reason}"
        );
    }
    let status = shared.spelt(B::NOBODYS, "status", "");
    let status = stage.agent.get(&status).send().json();
    assert_eq!(status["state"], "failed", "{status}");
    assert!(status["last_error"].is_string(), "{status}");
    // it harms nothing else
    assert_eq!(stage.get(&shared, "/a.bin").send().body.len(), 1000);
}
