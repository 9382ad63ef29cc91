//! Every kind of damage to the files: the index opens, soon, and says when it is not what it was.

use std::os::unix::fs::FileExt;

use super::*;

const ITEMS: u32 = 2000;

/// An index after a clean stop, with enough in it that there is something to damage.
fn filled() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    for number in 0..ITEMS {
        let item = thing(number);
        index.set_item(&item, &row(number)).expect("room");
        index
            .set_page(&item, 0, &[number as u8 | 1; 500])
            .expect("room");
        index.trust(&item, 0).expect("room");
        index
            .add_use(&item, &Site::unknown(), used(1))
            .expect("room");
    }
    index.set_pins(b"pins").expect("room");
    // What is true now was otherwise a moment ago: the tail of the file matters.
    for number in 0..ITEMS {
        index.set_page(&thing(number), 0, &[2; 500]).expect("room");
    }
    index.seal().expect("seals");
    drop(index);
    folder
}

fn copy(of: &TempDir) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    copy_folder(of.path(), folder.path());
    folder
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("room");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("room");
        }
    }
}

/// Opens a damaged index and uses it. What is not what it was has to be said.
fn survive(folder: &TempDir, what: &str) -> Health {
    let (index, health) = open(folder);
    let mut whole = index
        .items()
        .is_ok_and(|items| items.len() == ITEMS as usize);
    for number in 0..ITEMS {
        let pages = index
            .pages(&thing(number))
            .expect("a second look finds no more damage");
        whole &= pages == [(0, vec![2; 500])];
    }
    assert!(
        whole || health == Health::Rebuilt,
        "{what}: not whole, but taken for sound"
    );
    index
        .set_item(&thing(1), &row(9))
        .expect("it can be written");
    index.count_unclean_stop().expect("it can be written");
    let stops = index.unclean_stops().expect("it can be read");
    index.seal().expect("it can be closed");
    drop(index);
    let (index, health_after) = open(folder);
    assert_eq!(
        health_after,
        Health::Sound,
        "{what}: a second start finds it whole"
    );
    assert_eq!(index.unclean_stops().expect("readable"), stops);
    let items = index.items().expect("readable");
    assert!(
        items.contains(&(thing(1), row(9))),
        "{what}: what was written since is kept"
    );
    health
}

fn db(folder: &TempDir) -> File {
    let path = folder.path().join("index/db");
    File::options().write(true).open(path).expect("there")
}

#[test]
fn each_kind_of_damage_is_survived_and_told() {
    let whole = filled();
    let length = fs::metadata(whole.path().join("index/db"))
        .expect("there")
        .len();
    assert_eq!(survive(&copy(&whole), "no damage"), Health::Sound);
    type Damage<'a> = (&'a str, &'a dyn Fn(&TempDir));
    let index = |folder: &TempDir| folder.path().join("index");
    let damages: [Damage<'_>; 9] = [
        ("half is cut off", &|folder| {
            db(folder).set_len(length / 2).expect("cut");
        }),
        ("the file is gone", &|folder| {
            fs::remove_file(index(folder).join("db")).expect("there");
        }),
        ("the conf is gone", &|folder| {
            fs::remove_file(index(folder).join("conf")).expect("there");
        }),
        ("the conf is empty", &|folder| {
            fs::write(index(folder).join("conf"), b"").expect("there");
        }),
        ("the file is empty", &|folder| {
            db(folder).set_len(0).expect("cut");
        }),
        ("garbage", &|folder| {
            fs::write(index(folder).join("db"), vec![0xa5; length as usize]).expect("there");
        }),
        ("the conf is garbage", &|folder| {
            fs::write(index(folder).join("conf"), [0xa5; 200]).expect("there");
        }),
        ("a file in place of the folder", &|folder| {
            fs::remove_dir_all(index(folder)).expect("there");
            fs::write(index(folder), b"what is this").expect("room");
        }),
        ("the folder is empty", &|folder| {
            fs::remove_dir_all(index(folder)).expect("there");
            fs::create_dir(index(folder)).expect("room");
        }),
    ];
    for (what, damage) in damages {
        let folder = copy(&whole);
        damage(&folder);
        survive(&folder, what);
    }
}

#[test]
fn damage_anywhere_is_survived_and_told() {
    let whole = filled();
    let length = fs::metadata(whole.path().join("index/db"))
        .expect("there")
        .len();
    let kinds: [(&str, &[u8]); 3] = [
        ("a page of zeros", &[0; 4096]),
        ("a page of garbage", &[0x3c; 4096]),
        ("20 bytes of garbage", &[0xe7; 20]),
    ];
    for step in 0..12 {
        let at = length * step / 12 + 100 * step;
        for (kind, bytes) in kinds {
            let folder = copy(&whole);
            db(&folder).write_all_at(bytes, at).expect("written");
            survive(&folder, &format!("{kind} at {at}"));
        }
        let folder = copy(&whole);
        let cut = 4096 * (step + 1);
        db(&folder)
            .set_len(length.saturating_sub(cut))
            .expect("cut");
        survive(&folder, &format!("{cut} bytes less"));
    }
}
