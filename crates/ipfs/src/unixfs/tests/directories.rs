//! Directories flat and sharded, links, and hostile names.

use cid::Cid;
use rust_unixfs::dir::builder::{BufferingTreeBuilder, TreeOptions};
use universal_p2p_core::{Dir, EntryKind, Node};

use super::trees::{Scene, content, field, pb, read, scene};

const DIRECTORY: [u8; 2] = [8, 1];

fn symlink(scene: &Scene, target: &str) -> Cid {
    let mut message = vec![8, 4];
    field(&mut message, 2, target.as_bytes());
    scene.put(0x70, pb(&message, &[]))
}

async fn names(dir: &dyn Dir) -> Vec<String> {
    let entries = dir.list().await.unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_directory_of_ten_thousand_names_is_searched_by_hash() {
    let scene = scene();
    let file = *scene.add(&content(3000), 1000, 8, true).last().unwrap();
    let raw = scene.put(0x55, b"hello".to_vec());
    let mut options = TreeOptions::default();
    options.wrap_with_directory();
    options.block_size_limit(None);
    let mut builder = BufferingTreeBuilder::new(options);
    for number in 0..10_000 {
        let (cid, size) = if number % 100 == 0 {
            (file, 3000)
        } else {
            (raw, 5)
        };
        builder
            .put_link(&format!("file {number} ä.txt"), cid, size)
            .unwrap();
    }
    let mut root = None;
    for node in builder.build() {
        let node = node.unwrap();
        scene.fake.put(&node.cid, node.block.to_vec());
        root = Some(node.cid);
    }
    let dir = scene.dir(&root.unwrap()).await;
    let before = scene.fake.asked().len();
    let Some(Node::File(found)) = dir.get("file 700 ä.txt").await.unwrap() else {
        panic!("it is there")
    };
    assert_eq!(read(&found, 0..3000).await.unwrap(), content(3000));
    assert!(
        scene.fake.asked().len() - before <= 8,
        "only the shards on the way"
    );
    assert!(dir.get("file 10000 ä.txt").await.unwrap().is_none());
    assert!(dir.get("01").await.unwrap().is_none());
    let entries = dir.list().await.unwrap();
    assert_eq!(entries.len(), 10_000);
    assert!(entries.is_sorted_by(|a, b| a.name < b.name));
    let kind = |name: &str| {
        entries
            .iter()
            .find(|entry| entry.name == name)
            .unwrap()
            .kind
    };
    assert_eq!(kind("file 700 ä.txt"), EntryKind::File { length: 3000 });
    assert_eq!(kind("file 701 ä.txt"), EntryKind::File { length: 5 });
}

#[tokio::test(start_paused = true)]
async fn links_lead_around_inside_the_root_and_never_out() {
    let scene = scene();
    let file = scene.put(0x55, b"hello".to_vec());
    let link = |target: &str| symlink(&scene, target);
    let inner = [
        ("up", link("../a.txt"), 0),
        ("out", link("../../a.txt"), 0),
        ("root", link("/etc/passwd"), 0),
        ("round", link("round"), 0),
        ("ping", link("pong"), 0),
        ("pong", link("./ping"), 0),
        ("two", link("up"), 0),
        ("home", link(".."), 0),
        ("through", link("home/sub/up"), 0),
        ("nowhere", link("no"), 0),
    ];
    let sub = scene.put(0x70, pb(&DIRECTORY, &inner));
    let root = scene.put(0x70, pb(&DIRECTORY, &[("a.txt", file, 5), ("sub", sub, 9)]));
    let dir = scene.dir(&root).await;
    let Some(Node::Dir(sub)) = dir.get("sub").await.unwrap() else {
        panic!("it is there")
    };
    for good in ["up", "two", "through"] {
        let Some(Node::File(file)) = sub.get(good).await.unwrap() else {
            panic!("{good}")
        };
        assert_eq!(read(&file, 0..5).await.unwrap(), b"hello", "{good}");
    }
    assert!(matches!(sub.get("home").await.unwrap(), Some(Node::Dir(_))));
    for bad in ["out", "root", "round", "ping", "nowhere"] {
        assert!(sub.get(bad).await.unwrap().is_none(), "{bad}");
    }
    // A link to a directory would lead whoever walks through all of them around for ever.
    assert_eq!(names(sub.as_ref()).await, ["through", "two", "up"]);
    assert_eq!(names(dir.as_ref()).await, ["a.txt", "sub"]);
    assert!(scene.open(&inner[0].1).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn hostile_names_are_neither_listed_nor_found() {
    let scene = scene();
    let file = scene.put(0x55, b"hello".to_vec());
    let bad = ["", ".", "..", "a/b", "a\0"];
    let mut links: Vec<_> = bad.iter().map(|name| (*name, file, 5)).collect();
    links.push(("good", file, 5));
    links.push(("good", file, 6));
    let root = scene.put(0x70, pb(&DIRECTORY, &links));
    let dir = scene.dir(&root).await;
    assert_eq!(names(dir.as_ref()).await, ["good"]);
    for bad in bad {
        assert!(dir.get(bad).await.unwrap().is_none(), "{bad:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_cut_in_a_letter_ends_nothing() {
    let scene = scene();
    let mut message = vec![8, 5];
    super::trees::number(&mut message, 5, 0x22);
    super::trees::number(&mut message, 6, 256);
    let file = scene.put(0x55, b"hello".to_vec());
    let shard = pb(
        &message,
        &[("aéb", file, 5), ("é", file, 5), ("0", file, 5)],
    );
    let dir = scene.dir(&scene.put(0x70, shard)).await;
    let _ = dir.list().await;
    assert!(dir.get("b").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_nobody_has_is_listed_all_the_same() {
    let scene = scene();
    let (gone, file) = (
        scene.put(0x70, pb(&DIRECTORY, &[])),
        scene.put(0x55, b"a".to_vec()),
    );
    scene.fake.remove(&gone);
    let root = scene.put(
        0x70,
        pb(&DIRECTORY, &[("gone", gone, 7), ("here", file, 1)]),
    );
    assert_eq!(
        names(scene.dir(&root).await.as_ref()).await,
        ["gone", "here"]
    );
}
