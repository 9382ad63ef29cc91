//! The files grow, and are written anew when the index is opened.

use super::*;

/// An index that takes much more room than its rows: most of them are gone again.
fn grown(folder: &TempDir) {
    let (index, _) = open(folder);
    let page = |number: u32| -> Vec<u8> {
        let byte = |place: u32| (number.wrapping_mul(40_503).wrapping_add(place) % 251) as u8;
        (0..500).map(byte).collect()
    };
    for number in 0..16_000 {
        index
            .set_page(&thing(number), 0, &page(number))
            .expect("room");
    }
    index.settle().expect("settles");
    for number in 0..16_000 {
        index.set_page(&thing(number), 0, &[]).expect("room");
    }
    for number in 0..300 {
        index
            .set_page(&thing(number), 1, &[number as u8 | 1])
            .expect("room");
    }
    index.set_item(&thing(5), &row(5)).expect("room");
    index
        .add_use(&thing(5), &Site::unknown(), used(5))
        .expect("room");
    index.count_unclean_stop().expect("room");
    index.settle().expect("settles");
}

fn look(index: &Index) {
    for number in 0..300 {
        let pages = index.pages(&thing(number)).expect("readable");
        assert_eq!(pages, [(1, vec![number as u8 | 1])]);
    }
    assert_eq!(index.items().expect("readable"), [(thing(5), row(5))]);
    assert_eq!(index.uses_of(&thing(5)).expect("readable").len(), 1);
    assert_eq!(index.unclean_stops().expect("readable"), 1);
}

#[test]
fn an_index_that_has_grown_is_written_anew() {
    let folder = TempDir::new().expect("a temporary folder");
    grown(&folder);
    let path = folder.path().join("index");
    let before = folder::allocated(&path);
    assert!(before > tables::ROOM, "it has grown to {before}");
    let (index, health) = open(&folder);
    assert_eq!(health, Health::Sound);
    look(&index);
    let after = folder::allocated(&path);
    assert!(
        after < tables::ROOM && after < before / 2,
        "from {before} to {after}"
    );
    drop(index);
    let (index, health) = open(&folder);
    assert_eq!(health, Health::Sound);
    look(&index);
    let names = fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(names, 1, "nothing is left over");
}

#[test]
fn a_replacement_that_was_interrupted_is_ended() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("index");
    let aside = |name: &str| folder.path().join(format!("index.{name}"));
    let fill = |bytes: u64| {
        let (index, _) = open(&folder);
        index
            .add_use(&thing(1), &Site::unknown(), used(bytes))
            .expect("room");
        index.settle().expect("settles");
    };
    let bytes = || {
        let (index, _) = open(&folder);
        index.uses_of(&thing(1)).expect("readable")[0].1.bytes
    };
    fill(10);
    // While the copy is written.
    fs::create_dir(aside("fresh")).expect("room");
    fs::write(aside("fresh").join("db"), b"half a copy").expect("room");
    assert_eq!(bytes(), 10);
    assert!(!aside("fresh").exists());
    // Between the two renames.
    fs::rename(&path, aside("replaced")).expect("renames");
    fs::create_dir(aside("fresh")).expect("room");
    assert_eq!(bytes(), 10);
    assert!(!aside("fresh").exists() && !aside("replaced").exists());
    // After them, before the old one was removed.
    fs::rename(&path, aside("replaced")).expect("renames");
    fill(20);
    // `fill` took the old one back, as nothing was in its place.
    assert_eq!(bytes(), 30);
    fs::create_dir(aside("replaced")).expect("room");
    fs::write(aside("replaced").join("db"), b"the old one").expect("room");
    assert_eq!(bytes(), 30);
    assert!(!aside("replaced").exists());
}
