//! The limit holds, and the number of slots does.

use proptest::prelude::*;

use super::*;
use crate::platform;

fn allocated(folder: &std::path::Path) -> u64 {
    let own = platform::allocated(&fs::metadata(folder).expect("there"));
    let below = fs::read_dir(folder).expect("a folder");
    let sizes = below.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => allocated(&entry.path()),
        Ok(found) => platform::allocated(&found),
        Err(_) => 0,
    });
    own + sizes.sum::<u64>()
}

#[tokio::test]
async fn more_blocks_than_fit_come_through() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 16 << 20);
    let limit = store.disk_use().limit;
    let item = blocks(&store, "a");
    for round in 0..2 {
        for number in 0..200 {
            let bytes = bytes::Bytes::from(block(number, BLOCK));
            let key = key(&bytes);
            let put = item.put(&key, bytes.clone(), Duration::from_secs(20));
            let place = put.await.expect("room comes");
            let read = place.read_all_now().expect("readable").expect("it is kept");
            assert_eq!(read, bytes);
            let taken = allocated(folder.path());
            assert!(taken <= limit + (1 << 20), "{round}: {taken} of {limit}");
        }
    }
    assert!((30..200).contains(&item.count()), "{}", item.count());
}

#[tokio::test]
async fn what_cannot_go_makes_an_error_that_says_so() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 16 << 20);
    let item = blocks(&store, "a");
    store.pin(&root("a"), true).expect("room");
    let mut number = 0;
    let refused = loop {
        let bytes = bytes::Bytes::from(block(number, BLOCK));
        let key = key(&bytes);
        let put = item.put(&key, bytes, Duration::from_secs(20));
        match put.await.map(drop) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    assert!(number >= 40, "{number}");
    let why = item.out_of_room().expect("it was tried in vain");
    assert!(why.contains("pinned in 1 items"), "{why}");
    assert!((0..number).all(|number| found(&item, &block(number, BLOCK))));
}

#[test]
fn a_full_item_gives_up_its_oldest() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = store.blocks_in(&root("a"), &check(), 64).expect("usable");
    for number in 0..64 {
        drop(put(&item, &block(number, 100)));
        thread::park_timeout(Duration::from_millis(2));
    }
    assert!(found(&item, &block(0, 100)));
    for number in 64..70 {
        drop(put(&item, &block(number, 100)));
    }
    assert_eq!(item.count(), 64);
    assert!(found(&item, &block(0, 100)) && !found(&item, &block(1, 100)));
    assert!((64..70).all(|number| found(&item, &block(number, 100))));
    store.pin(&root("a"), true).expect("room");
    let more = block(99, 100);
    let refused = item
        .put_now(&key(&more), &more)
        .map(drop)
        .expect_err("full");
    assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
    assert!(found(&item, &block(0, 100)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn nothing_is_wrong_and_the_limit_holds(steps in prop::collection::vec((0_u8..8, 0_u32..3, 0_u32..40), 1..120)) {
        let folder = TempDir::new().expect("a temporary folder");
        let store = with_room_for(&folder, 2 << 20);
        let length = |number: u32| [50, 4000, 70_000][number as usize % 3];
        let mut open: Vec<Option<Arc<Blocks>>> = vec![None, None, None];
        let mut kept = std::collections::VecDeque::new();
        for (step, which, number) in steps {
            let name = ["x", "y", "z"][which as usize];
            let place = &mut open[which as usize];
            let bytes = block(number, length(number));
            match step {
                0 => *place = None,
                1 => { store.collect(Some(store.disk_use().used / 2)).expect("an index"); }
                2 => { let _ = store.remove(&root(name)); *place = None; }
                3 => {
                    if let Some(found) = store.find_block_now(&key(&bytes), &check()).expect("an index") {
                        prop_assert_eq!(found.read_all_now().expect("readable").expect("kept"), bytes);
                    }
                }
                4 => { store.settle().expect("room"); }
                _ => {
                    let item = place.get_or_insert_with(|| blocks(&store, name));
                    let found = put(item, &bytes);
                    prop_assert!(found.is_held());
                    prop_assert_eq!(found.read_all_now().expect("readable").expect("kept"), &bytes[..]);
                    kept.push_back((found, bytes));
                    if kept.len() > 4 {
                        kept.pop_front();
                    }
                }
            }
            for (place, bytes) in &kept {
                // Only the removal of its item takes what is kept.
                if let Some(read) = place.read_all_now().expect("readable") {
                    prop_assert_eq!(read, &bytes[..]);
                }
            }
            let figures = store.disk_use();
            prop_assert!(figures.used <= figures.limit + (1 << 20));
            prop_assert!(allocated(&folder.path().join("objects")) <= figures.used + (1 << 20));
        }
    }
}
