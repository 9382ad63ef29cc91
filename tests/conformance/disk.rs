//! What was fetched stays, and what was not is told apart from it.

use super::{backends::Backend, stage::Stage, tree::Tree};
use crate::support::{MIB, assert_same, noise, number};

pub(super) fn a_restart_serves_from_disk_without_the_peer<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let album = Tree::folder("album").with("one.ogg", noise(1, 3 * MIB));
    let album = stage.share(album.with("two.ogg", "2"));
    let right = album.bytes("one.ogg");
    assert_same(&stage.get(&album, "/one.ogg").send().body, right);
    assert_eq!(stage.agent.head(&album.at("/two.ogg")).send().status, 200);
    stage.without_peer();
    assert_same(&stage.get(&album, "/one.ogg").send().body, right);
    stage.restart();
    let listing = stage.get(&album, "/?format=json").send();
    assert_eq!(listing.status, 200, "{}", listing.text());
    assert!(listing.text().contains("two.ogg"), "{}", listing.text());
    assert_same(&stage.get(&album, "/one.ogg").send().body, right);
    let tail = stage.get(&album, "/one.ogg").range("bytes=-70001").send();
    assert_same(&tail.body, &right[right.len() - 70_001..]);
}

pub(super) fn a_stop_in_the_middle_is_in_order<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = stage.share(Tree::file("film.mkv", noise(3, 24 * MIB)));
    let right = film.bytes("film.mkv");
    let mut body = stage.get(&film, "/film.mkv").open();
    assert_same(&body.read(MIB), &right[..MIB]);
    stage.restart();
    let came = body.finish();
    assert!(came.broken, "it ended as if it were whole");
    assert_same(&came.body, &right[MIB..MIB + came.body.len()]);
    let part = stage.get(&film, "/film.mkv").range("bytes=0-999999").send();
    assert_same(&part.body, &right[..1_000_000]);
    assert_same(&stage.get(&film, "/film.mkv").send().body, right);
}

pub(super) fn status_starts_nothing_and_tells_what_is_held<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = stage.share(Tree::file("film.mkv", noise(2, 2 * MIB)));
    for _ in 0..2 {
        let before = stage.status(&film);
        assert_eq!(before["state"], "unknown", "asking has started something");
        assert_eq!(before["bytes_held"], 0, "{before}");
    }
    assert_eq!(stage.agent.manage().items().len(), 0, "an item was made");
    stage.get(&film, "/film.mkv").send();
    let after = stage.status(&film);
    assert_ne!(after["state"], "unknown", "{after}");
    assert_eq!(after["length"], 2 * MIB, "{after}");
    assert_eq!(after["files"], 1, "{after}");
    // nodes of a tree count as well
    let held = number(&after, "bytes_held");
    assert!((2 * MIB as u64..3 * MIB as u64).contains(&held), "{after}");
}

pub(super) fn who_reads_is_told_and_ends_with_the_item<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = stage.share(Tree::file("film.mkv", noise(4, 24 * MIB)));
    let right = film.bytes("film.mkv");
    let mut body = stage.get(&film, "/film.mkv").open();
    assert_same(&body.read(MIB), &right[..MIB]);
    let told = stage.status(&film);
    assert_eq!(told["state"], "live", "{told}");
    assert!(number(&told, "peers") >= 1, "{told}");
    assert!(told["last_error"].is_null(), "{told}");
    let removed = stage.agent.manage().call("DELETE", &film.item()).send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    let came = body.finish();
    assert!(came.broken, "it was read to its end");
    assert_same(&came.body, &right[MIB..MIB + came.body.len()]);
    let told = stage.status(&film);
    assert_eq!(told["bytes_held"], 0, "{told}");
    assert_same(&stage.get(&film, "/film.mkv").send().body, right);
}
