//! What stays, what goes, and what is shared.

use super::*;

#[test]
fn shared_blocks_are_once_on_disk_but_pinned_items_have_their_own() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let (first, second) = (blocks(&store, "a"), blocks(&store, "b"));
    let bytes = block(1, BLOCK);
    drop(put(&first, &bytes));
    assert_eq!(put(&second, &bytes).item(), &root("a"));
    assert_eq!((first.count(), second.count()), (1, 0));
    store.pin(&root("b"), true).expect("room");
    assert_eq!(second.count(), 0, "nobody knows yet what is below a root");
    let used = second
        .find_now(&key(&bytes))
        .expect("readable")
        .expect("held");
    assert_eq!((used.item(), second.count()), (&root("b"), 1));
    drop(used);
    let other = block(2, BLOCK);
    drop(put(&first, &other));
    assert!(found(&second, &other));
    assert!(
        second
            .find_now(&key(b"nobody has it"))
            .expect("an index")
            .is_none()
    );
    assert_eq!((second.count(), second.bytes_held()), (2, 2 * BLOCK as u64));
    assert_eq!(store.item(&root("b")).expect("known").fetched, 0);
    drop(first);
    store.remove(&root("a")).expect("known");
    store.collect(Some(0)).expect("an index");
    assert!(found(&second, &bytes) && found(&second, &other));
    assert!(matches!(
        store.remove(&root("b")),
        Err(RemoveError::Pinned { .. })
    ));
}

#[test]
fn a_block_that_is_used_stays_until_it_is_let_go() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let kept = put(&item, &block(0, BLOCK));
    let again = item.find_now(&key(&block(0, BLOCK))).expect("readable");
    (1..10).for_each(|number| drop(put(&item, &block(number, BLOCK))));
    store.collect(Some(0)).expect("an index");
    assert_eq!((item.count(), kept.is_held()), (1, true));
    drop(kept);
    store.collect(Some(0)).expect("an index");
    assert_eq!(item.count(), 1, "somebody else uses it");
    drop(again);
    store.collect(Some(0)).expect("an index");
    assert_eq!(item.count(), 0);
    assert!(!found(&item, &block(0, BLOCK)));
    assert_eq!(store.has_block(&key(&block(0, BLOCK))), None);
    assert!(store.item(&root("a")).expect("known").disk < BLOCK as u64);
}

#[test]
fn what_was_used_last_stays_longest() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    for number in 0..20 {
        drop(put(&item, &block(number, BLOCK)));
        thread::park_timeout(Duration::from_millis(3));
    }
    assert!(found(&item, &block(3, BLOCK)));
    let served = store.find_block_now(&key(&block(5, BLOCK)), &check());
    let served = served.expect("readable").expect("held").read_all_now();
    assert!(served.expect("readable").is_some(), "and that is no use");
    let used = store.disk_use().used;
    store
        .collect(Some(used - 10 * (BLOCK as u64)))
        .expect("an index");
    let left: BTreeSet<u32> = (0..20)
        .filter(|number| store.has_block(&key(&block(*number, BLOCK))).is_some())
        .collect();
    assert!(left.contains(&3) && left.contains(&19), "{left:?}");
    assert!(
        !left.contains(&0) && !left.contains(&5) && left.len() >= 9,
        "{left:?}"
    );
    for number in 0..20 {
        drop(put(&item, &block(number, BLOCK)));
    }
    assert_eq!(item.count(), 20);
    assert!((0..20).all(|number| found(&item, &block(number, BLOCK))));
}

#[test]
fn rows_go_with_their_blocks() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let rows = |number: u32| {
        let mut rows = 0;
        store
            .index
            .slots(number, |_, _| rows += 1)
            .expect("an index");
        rows
    };
    let item = blocks(&store, "a");
    let number = item.number;
    (0..30).for_each(|number| drop(put(&item, &block(number, 5000))));
    assert_eq!(rows(number), 30);
    let used = store.disk_use().used;
    store.collect(Some(used - 10 * 8192)).expect("an index");
    assert_eq!(rows(number), item.count());
    assert!(item.count() < 30 && item.count() >= 19);
    let left = item.count();
    drop(item);
    store.open_blocks.let_go();
    store.settle().expect("room");
    let used = store.disk_use().used;
    store.collect(Some(used - 8192)).expect("an index");
    let item = blocks(&store, "a");
    assert_eq!(rows(number), item.count());
    assert!(item.count() < left, "it went while it was closed");
    drop(item);
    store.open_blocks.let_go();
    store.settle().expect("room");
    store.collect(Some(0)).expect("an index");
    assert_eq!(rows(number), 0);
    assert!(!found(&blocks(&store, "a"), &block(29, 5000)));
}

#[tokio::test]
async fn who_reads_a_removed_item_gets_no_more() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let place = put(&item, &block(1, BLOCK));
    store.remove(&root("a")).expect("known");
    assert!(item.is_gone() && !place.is_held());
    assert_eq!(place.read(0..10).await.expect("no error"), None);
    assert_eq!(place.read_all_now().expect("no error"), None);
    let refused = item.put_now(&key(&block(2, 9)), &block(2, 9));
    let refused = refused.map(|place| place.length());
    assert_eq!(refused.expect_err("gone").kind(), io::ErrorKind::NotFound);
    let anew = blocks(&store, "a");
    assert!(!found(&anew, &block(1, BLOCK)));
    drop(put(&anew, &block(1, BLOCK)));
    assert!(found(&anew, &block(1, BLOCK)));
    drop(place);
    assert!(found(&anew, &block(1, BLOCK)));
}

#[test]
fn a_row_that_lies_is_not_believed() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let place = put(&item, &block(1, 5000));
    let liar = crate::index::BlockRow {
        fingerprint: crate::index::fingerprint(&key(&block(2, 5000))),
        key_length: 34,
        length: 5000,
    };
    for slot in [place.slot(), 77, u32::MAX] {
        store
            .index
            .set_block(item.number, slot, &liar)
            .expect("room");
        assert!(!found(&item, &block(2, 5000)), "slot {slot}");
    }
    assert!(found(&item, &block(1, 5000)));
    store.index.set_block(9, 3, &liar).expect("room");
    let nobody = store.find_block_now(&key(&block(2, 5000)), &check());
    assert!(nobody.expect("an index").is_none(), "no such item");
    drop(put(&item, &block(2, 5000)));
    assert!(found(&item, &block(2, 5000)));
}

#[tokio::test]
async fn a_block_is_found_for_whoever_asks_and_a_pinned_item_gets_its_own() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let bytes = block(1, BLOCK);
    drop(put(&blocks(&store, "a"), &bytes));
    let (check, asked) = counting();
    let (a, b) = (root("a"), root("b"));
    for item in [None, Some(&a), Some(&b)] {
        let place = store.find_block(item, &key(&bytes), &check).await;
        let place = place.expect("readable").expect("held");
        let read = place.read_all().await.expect("readable").expect("held");
        assert_eq!((&read[..], place.item()), (&bytes[..], &a));
    }
    store.pin(&b, true).expect("room");
    for _ in 0..2 {
        let place = store.find_block(Some(&b), &key(&bytes), &check).await;
        assert_eq!(place.expect("readable").expect("held").item(), &b);
    }
    assert_eq!(blocks(&store, "b").count(), 1);
    let none = store.find_block(Some(&b), &key(b"other"), &check).await;
    assert!(none.expect("an index").is_none());
    store.open_blocks.let_go();
    let place = store.find_block(None, &key(&bytes), &check).await;
    assert!(place.expect("readable").is_some(), "closed items too");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn places_keep_no_more_than_a_quarter() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 16 << 20);
    let item = blocks(&store, "a");
    let places: Vec<_> = (0..40)
        .map(|number| put(&item, &block(number, BLOCK)))
        .collect();
    assert!(places.iter().all(Place::is_held));
    store.collect(Some(0)).expect("an index");
    let kept = item.count();
    assert!((8..=20).contains(&kept), "{kept} of 256 KiB in 18 MiB");
    for (number, place) in (0..).zip(&places) {
        let read = place.read_all().await.expect("readable");
        let part = place.read(0..10).await.expect("readable");
        assert_eq!(
            (read.is_some(), part.is_some()),
            (place.is_held(), place.is_held())
        );
        assert!(read.is_none_or(|read| read == block(number, BLOCK)));
    }
    assert_eq!(
        places.iter().filter(|place| place.is_held()).count() as u64,
        kept
    );
    // What comes to lie where something went is not taken for it.
    (40..60).for_each(|number| drop(put(&item, &block(number, BLOCK))));
    for (number, place) in (0..).zip(&places) {
        let read = place.read_all_now().expect("readable");
        assert!(read.is_none_or(|read| read == block(number, BLOCK)));
    }
    drop(places);
    store.collect(Some(0)).expect("an index");
    assert_eq!(item.count(), 0);
    let again: Vec<_> = (0..8)
        .map(|number| put(&item, &block(number, BLOCK)))
        .collect();
    store.collect(Some(0)).expect("an index");
    assert!(
        again.iter().all(Place::is_held),
        "what was kept counts no more"
    );
}
