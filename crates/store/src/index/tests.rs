use std::fs::{self, File};

use tempfile::TempDir;
use universal_p2p_core::{Evidence, Item, Site};

use super::{uses::MOST_SITES, *};
use crate::ledger::Use;

mod damage;
mod mending;
mod rewriting;

fn thing(number: u32) -> Item {
    item("bittorrent", &format!("{number:040x}")).expect("valid")
}

fn site(name: &str, evidence: Evidence) -> Site {
    Site {
        name: name.into(),
        evidence,
    }
}

fn used(bytes: u64) -> Use {
    Use {
        first: 5,
        last: 9,
        bytes,
    }
}

fn row(number: u32) -> ItemRow {
    ItemRow {
        length: u64::from(number) * 1000,
        chunk_length: 16384,
        first: 1_790_000_000_000,
        last: 1_790_000_000_000 + u64::from(number),
        uses: 3,
        served: 77,
        fetched: 99,
        floor: 0.5,
        name: format!("a film, part {number}"),
        runs: vec![(0, 7, 1_790_000_000_000), (9, 1, 1_790_000_000_001)],
    }
}

fn open(folder: &TempDir) -> (Index, Health) {
    Index::open(&folder.path().join("index")).expect("it always opens")
}

#[test]
fn rows_of_items_are_kept_over_a_restart() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    for number in 0..100 {
        index.set_item(&thing(number), &row(number)).expect("room");
    }
    index.set_item(&thing(7), &row(9)).expect("room");
    index.set_floor(2.5).expect("room");
    index.settle().expect("settles");
    drop(index);
    let (index, health) = open(&folder);
    assert_eq!(health, Health::Sound);
    let items = index.items().expect("readable");
    assert_eq!(items.len(), 100);
    for (number, (item, found)) in (0..).zip(items) {
        let expected = if number == 7 { 9 } else { number };
        assert_eq!((item, found), (thing(number), row(expected)));
    }
    assert_eq!(
        index.floor().expect("readable").to_bits(),
        2.5_f64.to_bits()
    );
}

#[test]
fn a_removed_item_leaves_nothing_and_takes_nothing_along() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    // The id of one is the beginning of the other's.
    let (gone, stays) = (
        item("test", "ab").expect("valid"),
        item("test", "abc").expect("valid"),
    );
    for item in [&gone, &stays] {
        index.set_item(item, &row(1)).expect("room");
        index.set_page(item, 0, &[1]).expect("room");
        index.set_page(item, 9, &[1]).expect("room");
        index.trust(item, 4).expect("room");
        index
            .add_use(item, &Site::unknown(), used(1))
            .expect("room");
    }
    index.remove_item(&gone).expect("removes");
    assert_eq!(index.items().expect("readable"), [(stays.clone(), row(1))]);
    for (item, pages) in [(&gone, 0), (&stays, 2)] {
        assert_eq!(index.pages(item).expect("readable").len(), pages);
        assert_eq!(index.is_trusted(item, 4).expect("readable"), pages > 0);
        assert_eq!(index.uses_of(item).expect("readable").len(), pages / 2);
    }
    assert_eq!(index.unclean_stops().expect("readable"), 0);
}

#[test]
fn uses_are_told_by_item_and_site() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    let (a, b) = ("https://a.example", "https://b.example");
    let bookings = [
        (1, site(a, Evidence::Origin), 10),
        (1, site(a, Evidence::Claimed), 20),
        (1, site(b, Evidence::Referer), 30),
        (2, site(a, Evidence::Origin), 40),
        (2, Site::unknown(), 50),
        (1, site(a, Evidence::Origin), 1),
    ];
    for (number, site, bytes) in &bookings {
        index
            .add_use(&thing(*number), site, used(*bytes))
            .expect("room");
    }
    let mut all = Vec::new();
    index
        .uses(|item, site, used| all.push((item, site, used.bytes)))
        .expect("readable");
    all.sort();
    let mut expected = vec![
        (thing(1), site(a, Evidence::Origin), 11),
        (thing(1), site(a, Evidence::Claimed), 20),
        (thing(1), site(b, Evidence::Referer), 30),
        (thing(2), site(a, Evidence::Origin), 40),
        (thing(2), Site::unknown(), 50),
    ];
    expected.sort();
    assert_eq!(all, expected);
    index.remove_uses(&thing(1), a).expect("removes");
    let left = index.uses_of(&thing(1)).expect("readable");
    assert_eq!(left, [(site(b, Evidence::Referer), used(30))]);
    assert_eq!(index.uses_of(&thing(2)).expect("readable").len(), 2);
}

#[test]
fn a_page_that_claims_many_names_fills_a_bounded_list() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    let many = u32::try_from(MOST_SITES).expect("few") + 300;
    for number in 0..many {
        let site = site(&format!("https://{number}.example"), Evidence::Claimed);
        index.add_use(&thing(1), &site, used(1)).expect("room");
    }
    let known = site("https://0.example", Evidence::Claimed);
    index.add_use(&thing(1), &known, used(9)).expect("room");
    let uses = index.uses_of(&thing(1)).expect("readable");
    assert_eq!(uses.len(), MOST_SITES + 1);
    let of = |site: &Site| {
        uses.iter()
            .find(|(found, _)| found == site)
            .map(|(_, used)| used.bytes)
    };
    assert_eq!(
        of(&Site::unknown()),
        Some(300),
        "what does not fit is not lost"
    );
    assert_eq!(of(&known), Some(10), "a site that is known already goes on");
}

#[test]
fn rows_that_make_no_sense_are_left_out() {
    let folder = TempDir::new().expect("a temporary folder");
    let (index, _) = open(&folder);
    index.set_item(&thing(1), &row(1)).expect("room");
    for (key, value) in [
        (&b"no item at all"[..], &row(2).encode()[..]),
        (b"BAD\0id\0", &row(2).encode()),
        (b"test\0../../etc\0", &row(2).encode()),
        (b"test\0a\0", b""),
        (b"test\0b\0", b"\xff\xff\xff"),
    ] {
        index.set(Table::Items, key, value).expect("room");
        index.set(Table::Uses, key, value).expect("room");
    }
    assert_eq!(index.items().expect("readable"), [(thing(1), row(1))]);
    index
        .uses(|item, _, _| panic!("{item} was never used"))
        .expect("readable");
}

#[test]
fn a_panic_becomes_an_error() {
    let failed: Result<()> = caught(|| panic!("damage that nobody foresaw"));
    assert_eq!(
        failed.expect_err("an error").kind(),
        io::ErrorKind::InvalidData
    );
}
