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
    let used = second.find(&key(&bytes)).expect("readable").expect("held");
    assert_eq!((used.item(), second.count()), (&root("b"), 1));
    drop(used);
    let other = block(2, BLOCK);
    drop(put(&first, &other));
    assert!(second.own(&key(&other)).expect("room"));
    assert!(second.own(&key(&other)).expect("room"), "it has it already");
    assert!(!second.own(&key(b"nobody has it")).expect("an index"));
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
    let again = item.find(&key(&block(0, BLOCK))).expect("readable");
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
    let used = store.disk_use().used;
    store
        .collect(Some(used - 10 * (BLOCK as u64)))
        .expect("an index");
    let left: BTreeSet<u32> = (0..20)
        .filter(|number| store.has_block(&key(&block(*number, BLOCK))).is_some())
        .collect();
    assert!(left.contains(&3) && left.contains(&19), "{left:?}");
    assert!(!left.contains(&0) && left.len() >= 9, "{left:?}");
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
    store.settle().expect("room");
    let used = store.disk_use().used;
    store.collect(Some(used - 8192)).expect("an index");
    let item = blocks(&store, "a");
    assert_eq!(rows(number), item.count());
    assert!(item.count() < left, "it went while it was closed");
    drop(item);
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
    assert_eq!(place.read_all().expect("no error"), None);
    let refused = item.put(&key(&block(2, 9)), &block(2, 9));
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
    let nobody = store.find_block(&key(&block(2, 5000)), &check());
    assert!(nobody.expect("an index").is_none(), "no such item");
    drop(put(&item, &block(2, 5000)));
    assert!(found(&item, &block(2, 5000)));
}
