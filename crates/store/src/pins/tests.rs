use std::collections::BTreeSet;

use tempfile::TempDir;

use super::*;
use crate::index;

fn thing(number: u32) -> Item {
    index::item("bittorrent", &format!("{number:040x}")).expect("valid")
}

fn index(folder: &TempDir) -> Index {
    let (index, _) = Index::open(&folder.path().join("index")).expect("it always opens");
    index
}

fn open(folder: &TempDir) -> (Index, Pins) {
    let index = index(folder);
    let pins = Pins::open(folder.path(), &index).expect("readable");
    (index, pins)
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("pins.toml")
}

fn text(version: u64, pins: &[u32]) -> Vec<u8> {
    let pins = pins.iter().map(|number| thing(*number)).collect();
    Snapshot { version, pins }.encode().into_bytes()
}

/// A data directory with 1 and 2 pinned, 3 unpinned again.
fn pinned() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, pins) = open(&folder);
    for (number, pinned) in [(1, true), (3, true), (2, true), (3, false), (3, false)] {
        pins.pin(&index, &thing(number), pinned).expect("room");
        assert_eq!(pins.all().contains(&thing(number)), pinned);
    }
    folder
}

/// Opens it twice: what the first start mends the second finds whole.
fn expect(folder: &TempDir, numbers: &[u32], what: &str) {
    let expected: BTreeSet<Item> = numbers.iter().map(|number| thing(*number)).collect();
    for start in ["first", "second"] {
        let (index, pins) = open(folder);
        let found: BTreeSet<Item> = pins.all().into_iter().collect();
        assert_eq!(found, expected, "{what}, {start} start");
        let kept = fs::read(file(folder)).expect("written");
        assert_eq!(
            index.pins().expect("readable"),
            Some(kept),
            "{what}: kept twice"
        );
    }
}

#[test]
fn pins_are_kept_over_a_restart() {
    let folder = pinned();
    expect(&folder, &[1, 2], "no damage");
    let text = fs::read_to_string(file(&folder)).expect("a text");
    assert!(
        text.contains(&format!("  \"{}\",\n", thing(1))),
        "a line for each: {text}"
    );
    assert!(toml_like(&text), "{text}");
}

/// Every line is a comment, `key = value`, a string of the list, or its end.
fn toml_like(text: &str) -> bool {
    text.lines().all(|line| {
        line.starts_with('#') || line.contains(" = ") || line.starts_with("  \"") || line == "]"
    })
}

#[test]
fn nothing_is_written_where_nothing_was_ever_pinned() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, pins) = open(&folder);
    assert!(pins.all().is_empty() && !file(&folder).exists());
    assert_eq!(index.pins().expect("readable"), None);
}

#[test]
fn a_damaged_file_is_set_aside_and_the_index_is_right() {
    let whole = fs::read(file(&pinned())).expect("written");
    let half = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[half..half + 20]
        .iter_mut()
        .for_each(|byte| *byte ^= 0x11);
    let damages: [(&str, Vec<u8>); 6] = [
        ("the tail is cut off", whole[..whole.len() - 4].to_vec()),
        ("half is cut off", whole[..half].to_vec()),
        ("20 bytes are flipped", flipped),
        ("zeros", vec![0; whole.len()]),
        ("garbage", vec![0xa7; 5000]),
        ("it is empty", Vec::new()),
    ];
    for (what, damage) in damages {
        let folder = pinned();
        fs::write(file(&folder), &damage).expect("room");
        expect(&folder, &[1, 2], what);
        let aside = folder.path().join("pins.unreadable-1.toml");
        assert_eq!(fs::read(aside).expect("it is not lost"), damage, "{what}");
    }
    let folder = pinned();
    fs::remove_file(file(&folder)).expect("there");
    expect(&folder, &[1, 2], "the file is gone");
    fs::remove_file(file(&folder)).expect("there");
    fs::create_dir(file(&folder)).expect("room");
    expect(&folder, &[1, 2], "a folder in its place");
}

#[test]
fn where_the_index_is_damaged_the_file_is_right() {
    let folder = pinned();
    fs::remove_dir_all(folder.path().join("index")).expect("there");
    expect(&folder, &[1, 2], "the index is gone");
    for damage in [&b""[..], b"garbage", &text(900, &[7])[..60]] {
        index(&folder).set_pins(damage).expect("room");
        expect(&folder, &[1, 2], "the index's copy is damaged");
    }
    let db = folder.path().join("index/db");
    let length = fs::metadata(&db).expect("there").len();
    let cut = |file: File| file.set_len(length / 2);
    File::options()
        .write(true)
        .open(&db)
        .and_then(cut)
        .expect("cut");
    expect(&folder, &[1, 2], "half of the index is cut off");
}

#[test]
fn where_both_are_damaged_what_can_be_read_is_kept() {
    let folder = pinned();
    let whole = fs::read(file(&folder)).expect("written");
    fs::write(file(&folder), &whole[..whole.len() - 2]).expect("room");
    fs::remove_dir_all(folder.path().join("index")).expect("there");
    expect(&folder, &[1, 2], "both are damaged");
}

#[test]
fn of_two_that_differ_the_later_is_right() {
    for (what, in_file, in_index, right) in [
        (
            "pinned, then killed",
            text(9, &[1, 2]),
            text(8, &[1]),
            &[1, 2][..],
        ),
        (
            "unpinned, then killed",
            text(9, &[1]),
            text(8, &[1, 2]),
            &[1][..],
        ),
        (
            "an old file was put back",
            text(7, &[5]),
            text(8, &[1, 2]),
            &[1, 2][..],
        ),
        ("nobody can tell", text(8, &[5]), text(8, &[1]), &[1, 5][..]),
    ] {
        let folder = pinned();
        fs::write(file(&folder), in_file).expect("room");
        index(&folder).set_pins(&in_index).expect("room");
        expect(&folder, right, what);
    }
}

#[test]
fn a_change_that_cannot_be_written_is_told_and_may_be_tried_again() {
    let folder = pinned();
    let (index, pins) = open(&folder);
    let partial = file(&folder).with_extension("partial");
    fs::create_dir(&partial).expect("room");
    pins.pin(&index, &thing(4), true)
        .expect_err("a folder is in the way");
    assert!(!pins.all().contains(&thing(4)));
    fs::remove_dir(&partial).expect("there");
    pins.pin(&index, &thing(4), true).expect("room");
    assert!(pins.all().contains(&thing(4)));
    drop((index, pins));
    expect(&folder, &[1, 2, 4], "it was written in the end");
}

#[test]
fn many_pins_fit() {
    let folder = TempDir::new().expect("a temporary folder");
    let many: Vec<u32> = (0..20_000).collect();
    index(&folder).set_pins(&text(1, &many)).expect("room");
    expect(&folder, &many, "a copy of a megabyte");
}
