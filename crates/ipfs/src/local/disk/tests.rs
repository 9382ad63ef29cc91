//! Files read through the store, with a network that does as it is told.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use futures_util::{TryStreamExt, future::join_all};
use multihash_codetable::{Code, MultihashDigest};
use tempfile::TempDir;
use universal_p2p_core::{Backend, Hints, Node, Priority, ReadCx};
use universal_p2p_store::{OpenError, Policy, Settings};

use super::*;
use crate::{
    BlockSource, Ipfs, Sources,
    testing::{Fake, raw},
    unixfs::tests::trees::{Scene, content, read},
};

mod limits;
mod nodes;
mod stops;

const BLOCK: usize = 256 << 10;

/// A store that has counted what there is, on a folder that another one may be letting go of.
fn open(folder: &Path, limit: u64) -> Arc<Store> {
    let settings = Settings {
        limit,
        keep_free: 0,
        policy: Policy::Lru,
    };
    let store = loop {
        match Store::open(folder, settings) {
            Err(OpenError::InUse { .. }) => thread::yield_now(),
            opened => break opened.unwrap(),
        }
    };
    while !store.disk_use().counted {
        thread::yield_now();
    }
    store
}

/// Blocks in a store, and a network that has whatever is added.
fn scene(store: &Arc<Store>) -> Scene {
    scene_with(store, Arc::default())
}

fn scene_with(store: &Arc<Store>, fake: Arc<Fake>) -> Scene {
    let chain = vec![Arc::clone(&fake) as Arc<dyn BlockSource>];
    Scene {
        fake,
        local: Arc::default(),
        sources: Arc::new(Sources::new(Arc::new(Disk::new(Arc::clone(store))), chain)),
    }
}

fn ipfs(scene: &Scene) -> Ipfs {
    let metadata = Duration::from_secs(5);
    Ipfs::new(
        Arc::clone(&scene.sources),
        crate::Settings {
            metadata: metadata.into(),
        },
    )
}

fn item_of(cid: &Cid) -> Item {
    item(cid).expect("a short id")
}

#[tokio::test]
async fn a_block_is_the_same_under_every_cid_and_counts_for_its_root() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1 << 30);
    let disk = Disk::new(Arc::clone(&store));
    let bytes = content(BLOCK);
    let hash = Code::Sha2_256.digest(&bytes);
    let old = Cid::new_v0(hash).unwrap();
    let block = Block::check(old, bytes.clone().into()).unwrap();
    assert!(disk.length(&hash).is_none() && disk.find(&old, &hash).await.is_none());
    assert!(disk.read(&hash).await.is_none());
    disk.keep(&old, &block).await;
    let new = Cid::new_v1(0x55, hash);
    let root = Cid::new_v1(0x70, hash);
    let kept = disk.find(&new, new.hash()).await.unwrap();
    assert_eq!(
        (kept.length(), disk.length(&hash)),
        (BLOCK as u64, Some(BLOCK as u64))
    );
    assert_eq!(kept.read_all().await.unwrap(), bytes);
    assert_eq!(disk.read(&hash).await.unwrap(), bytes);
    let part = kept.read(1000..1010).await.unwrap();
    assert_eq!(part, bytes[1000..1010]);
    // Version 0 of a root is version 1 of dag-pb.
    assert_eq!(
        store.item(&item_of(&root)).unwrap().fetched,
        0,
        "booked with the next look"
    );
    store.settle().unwrap();
    assert_eq!(store.item(&item_of(&root)).unwrap().fetched, BLOCK as u64);
    assert_eq!(
        (disk.held(&root).await, disk.held(&new).await),
        (BLOCK as u64, 0)
    );
    assert!(
        store.item(&item_of(&new)).is_none(),
        "who only reads is no item"
    );
}

#[tokio::test]
async fn what_a_cid_carries_is_not_stored() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1 << 30);
    let disk = Disk::new(Arc::clone(&store));
    let inline = Cid::try_from("bafkqabtimvwgy3yk").unwrap();
    let (root, _) = raw(b"root");
    disk.keep(&root, &Block::inline(&inline).unwrap()).await;
    assert!(disk.length(inline.hash()).is_none());
    assert!(store.item(&item_of(&root)).is_none());
}

#[tokio::test]
async fn what_was_read_once_needs_no_network_under_any_root() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1 << 30);
    let scene = scene(&store);
    for is_raw in [true, false] {
        let content = content(3_000_001);
        let root = *scene.add(&content, 100_000, 7, is_raw).last().unwrap();
        assert!(scene.read(&root, 0..3_000_001).await.unwrap() == content);
        let asked = scene.fake.asked().len();
        assert!(scene.read(&root, 0..3_000_001).await.unwrap() == content);
        let part = scene.read(&root, 123_456..1_234_567).await.unwrap();
        assert!(part == content[123_456..1_234_567]);
        // Below another root the same blocks are found.
        let above = scene.node(&[], &[(root, 3_000_001)], 3_000_001);
        assert!(scene.read(&above, 0..3_000_001).await.unwrap() == content);
        assert_eq!(scene.fake.asked().len(), asked + 1);
        let ipfs = ipfs(&scene);
        let id = |cid: &Cid| address::id(cid).unwrap();
        let status = ipfs.status(&id(&root)).await.unwrap();
        assert!(
            (3_000_001..3_010_000).contains(&status.bytes_held),
            "{status:?}"
        );
        assert_eq!(status.length, Some(3_000_001));
        let status = ipfs.status(&id(&above)).await.unwrap();
        assert!(status.bytes_held < 1000, "{status:?}");
    }
}
