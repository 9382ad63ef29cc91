//! Entity tags: what a client has is not sent again, and no part of another file.

use super::{backends::Backend, stage::Stage, tree::Tree};
use crate::support::noise;

pub(super) fn unchanged_files_are_not_sent_again<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let folder = stage.share(
        Tree::folder("f")
            .with("a.bin", noise(1, 1000))
            .with("b.bin", noise(2, 1000)),
    );
    let get = || stage.get(&folder, "/a.bin");
    let first = get().send();
    let etag = first.header("etag").expect("a tag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    assert_eq!(
        first.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    for known in [
        etag.as_str(),
        "*",
        &format!("\"other\", {etag}"),
        &format!("W/{etag}"),
    ] {
        let answer = get().header("If-None-Match", known).send();
        assert_eq!(answer.status, 304, "{known}");
        assert_eq!(answer.header("etag"), Some(etag.as_str()));
        assert!(answer.body.is_empty());
    }
    let other = stage.get(&folder, "/b.bin").header("If-None-Match", &etag);
    let other = other.send();
    assert_eq!(other.status, 200, "two files have one tag");
    assert_ne!(other.header("etag"), Some(etag.as_str()));
    let part = || get().range("bytes=0-9");
    assert_eq!(part().header("If-Range", &etag).send().status, 206);
    for other in [
        "\"other\"",
        &format!("W/{etag}"),
        "Wed, 21 Oct 2015 07:28:00 GMT",
    ] {
        let answer = part().header("If-Range", other).send();
        assert_eq!(answer.status, 200, "{other}");
    }
}
