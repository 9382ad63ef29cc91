//! What is left after a stop, clean or not.

use super::*;

#[test]
fn after_a_clean_stop_blocks_are_found_without_a_hash() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    (0..20).for_each(|number| drop(put(&item, &block(number, 5000))));
    drop(item);
    store.close().expect("closes");
    crash(store);
    let store = open(&folder);
    assert_eq!(store.has_block(&key(&block(7, 5000))), Some(5000));
    let (check, asked) = counting();
    let place = store.find_block_now(&key(&block(7, 5000)), &check);
    let place = place.expect("readable").expect("held");
    let read = place.read_all_now().expect("readable").expect("held");
    assert_eq!((&read[..], place.item()), (&block(7, 5000)[..], &root("a")));
    let item = store.blocks(&root("a"), &check).expect("usable");
    assert!((0..20).all(|number| found(&item, &block(number, 5000))));
    assert_eq!((item.count(), item.bytes_held()), (20, 20 * 5000));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn after_an_unclean_stop_each_block_is_hashed_once() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    (0..20).for_each(|number| drop(put(&item, &block(number, 5000))));
    // One of them is torn, as by a power cut.
    let slot = put(&item, &block(3, 5000)).slot();
    let within = item.object.layout().bytes_of(slot).start + 3000;
    drop(item);
    crash(store);
    let file = folder.path().join("objects/ipfs/a");
    let file = fs::File::options().write(true).open(file).expect("there");
    crate::platform::write_all_at(&file, &[0xee; 50], within).expect("writable");
    let store = open(&folder);
    let (check, asked) = counting();
    let item = store.blocks(&root("a"), &check).expect("usable");
    assert_eq!(item.count(), 0, "nothing is believed yet");
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "nor hashed before it is wanted"
    );
    for round in 0..2 {
        for number in 0..20 {
            assert_eq!(found(&item, &block(number, 5000)), number != 3, "{round}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 20);
    assert_eq!((item.count(), item.bytes_held()), (19, 19 * 5000));
    drop(put(&item, &block(3, 5000)));
    assert!(found(&item, &block(3, 5000)));
}

#[test]
fn rows_that_were_lost_are_made_again_from_the_headers() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    (0..50).for_each(|number| drop(put(&item, &block(number, 5000))));
    let slot = put(&item, &block(9, 5000)).slot();
    let start = item.object.layout().bytes_of(slot).start;
    drop(item);
    crash(store);
    fs::remove_dir_all(folder.path().join("index")).expect("there");
    let file = folder.path().join("objects/ipfs/a");
    let file = fs::File::options().write(true).open(file).expect("there");
    crate::platform::write_all_at(&file, &[0xee; 50], start).expect("writable");
    let store = open(&folder);
    let item = blocks(&store, "a");
    for number in 0..50 {
        assert_eq!(found(&item, &block(number, 5000)), number != 9, "{number}");
    }
    let disk = store.item(&root("a")).expect("known").disk;
    assert_eq!(disk / 8192, 49, "what has no header is freed: {disk}");
    drop(item);
    store.close().expect("closes");
    crash(store);
    let store = open(&folder);
    let item = blocks(&store, "a");
    assert!(found(&item, &block(8, 5000)));
}

#[test]
fn a_file_that_was_cut_gives_what_is_left() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open(&folder);
    let item = blocks(&store, "a");
    (0..20).for_each(|number| drop(put(&item, &block(number, 5000))));
    let slot = put(&item, &block(10, 5000)).slot();
    let cut = item.object.layout().bytes_of(slot).start + 2000;
    drop(item);
    store.close().expect("closes");
    crash(store);
    let file = folder.path().join("objects/ipfs/a");
    let file = fs::File::options().write(true).open(file).expect("there");
    file.set_len(cut).expect("cut");
    let store = open(&folder);
    let item = blocks(&store, "a");
    let intact = (0..10).filter(|number| found(&item, &block(*number, 5000)));
    assert_eq!(intact.count(), 10);
    for number in 10..20 {
        match item.find_now(&key(&block(number, 5000))) {
            Ok(Some(place)) => assert!(place.read_all_now().is_err(), "{number}"),
            Ok(None) => {}
            Err(error) => panic!("{number}: {error}"),
        }
    }
}
