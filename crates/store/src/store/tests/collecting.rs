//! The limit holds, and what goes is what was used least recently.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize},
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::{Announcer, Reason, Withdrawn, platform};

/// The chunks of these tests: large enough for the file system to free them.
pub(super) const BIG: u64 = 64 << 10;

/// Room for so many big chunks, besides what the store takes for itself.
pub(super) fn with_room_for(folder: &TempDir, chunks: u64, policy: Policy) -> Arc<Store> {
    // The index takes some, and grows a little.
    let own = open_store(folder).disk_use().own + (2 << 20);
    let settings = Settings {
        limit: own + chunks * BIG,
        keep_free: 0,
        policy,
    };
    let store = loop {
        // The threads of the store before hold it for a moment.
        match Store::open(folder.path(), settings) {
            Err(OpenError::InUse { .. }) => thread::yield_now(),
            opened => break opened.expect("a usable folder"),
        }
    };
    while !store.disk_use().counted {
        thread::yield_now();
    }
    store
}

pub(super) fn named(name: &str) -> Item {
    Item {
        protocol: "test",
        id: Id::new(name).expect("valid"),
    }
}

pub(super) fn object(store: &Arc<Store>, name: &str, chunks: u64) -> Arc<Object> {
    let layout = Layout::new(chunks * BIG, BIG).expect("few chunks");
    let opened = store.object(&named(name), layout, Arc::new(|_, _| true));
    opened.expect("a fresh folder")
}

/// Fetches a chunk as an engine does: waits for room, which has to come.
pub(super) fn fetch(object: &Arc<Object>, chunk: u32) {
    let start = object.layout().bytes_of(chunk).start;
    let mut tries = 0;
    while !object.reserve(chunk) {
        assert!(tries < 2000, "no room for chunk {chunk}");
        tries += 1;
        thread::yield_now();
        thread::park_timeout(Duration::from_millis(5));
    }
    let bytes = vec![1; BIG as usize];
    object.write_at(start, &bytes).expect("reserved");
    object.mark_checked(chunk);
}

fn allocated(folder: &Path) -> u64 {
    let own = platform::allocated(&fs::metadata(folder).expect("there"));
    let below = fs::read_dir(folder).expect("a folder");
    let sizes = below.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => allocated(&entry.path()),
        Ok(found) => platform::allocated(&found),
        Err(_) => 0,
    });
    own + sizes.sum::<u64>()
}

pub(super) fn held(object: &Object) -> Vec<u32> {
    let chunks = 0..object.layout().chunks();
    chunks
        .filter(|chunk| object.held(*chunk) == Held::Checked)
        .collect()
}

#[test]
fn a_film_larger_than_the_limit_comes_through() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let film = object(&store, "film", 400);
    let limit = store.disk_use().limit;
    for round in 0..2 {
        let window = film.window(0);
        for chunk in 0..400 {
            window.move_to(u64::from(chunk) * BIG);
            if film.held(chunk) != Held::Checked {
                fetch(&film, chunk);
            }
            film.touch(chunk);
            assert!(allocated(folder.path()) <= limit + BIG, "round {round}");
        }
    }
    let kept = held(&film);
    assert!(kept.len() > 40 && kept.contains(&399), "{kept:?}");
    assert!(!kept.contains(&0), "the oldest went");
}

#[test]
fn pins_and_windows_hold_and_the_error_names_them() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let (pinned, read) = (object(&store, "pinned", 40), object(&store, "read", 20));
    (0..40).for_each(|chunk| fetch(&pinned, chunk));
    (0..20).for_each(|chunk| fetch(&read, chunk));
    store.pin(&named("pinned"), true).expect("room");
    let window = read.window(0);
    assert!(window.reach() >= 2 * BIG);
    let done = store.collect(Some(0)).expect("an index");
    assert_eq!(held(&pinned).len(), 40);
    let ahead = u32::try_from(window.reach() / BIG).expect("few");
    assert_eq!(held(&read), (0..ahead.min(20)).collect::<Vec<_>>());
    assert_eq!(done.reason, Reason::Asked);
    let other = object(&store, "other", 100);
    // What is reserved and in nobody's window goes again: only pins and windows stop it.
    store.pin(&named("other"), true).expect("room");
    let mut tries = 0;
    let why = loop {
        assert!(tries < 2000, "nobody says why there is no room");
        tries += 1;
        let _ = (0..100).filter(|chunk| other.reserve(*chunk)).count();
        if let Some(why) = other.out_of_room() {
            break why;
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    assert!(
        why.contains("pinned in 2 items") && why.contains("unpin"),
        "{why}"
    );
    drop(window);
    store.pin(&named("pinned"), false).expect("room");
    store.pin(&named("other"), false).expect("room");
    fetch(&other, 99);
    assert_eq!(other.out_of_room(), None);
}

#[test]
fn closed_items_go_by_their_last_use_and_come_back_sound() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    for name in ["a", "b", "c"] {
        let item = object(&store, name, 20);
        (0..20).for_each(|chunk| fetch(&item, chunk));
        thread::park_timeout(Duration::from_millis(1100));
    }
    let first = object(&store, "a", 20);
    first.touch(7);
    drop(first);
    let used = store.disk_use().used;
    store.collect(Some(used - 25 * BIG)).expect("an index");
    let order: Vec<_> = store.items().into_iter().map(|item| item.id).collect();
    assert_eq!(
        order,
        ["b", "c", "a"],
        "of a only what was used again is left"
    );
    assert_eq!(held(&object(&store, "a", 20)), [7]);
    assert_eq!(held(&object(&store, "c", 20)).len(), 20);
    assert_eq!(held(&object(&store, "b", 20)).len(), 14);
    let b = object(&store, "b", 20);
    fetch(&b, 0);
    assert_eq!(held(&b).len(), 15);
    drop(b);
    store.settle().expect("room");
    store.collect(Some(0)).expect("an index");
    assert!(
        !folder.path().join("objects/test/c").exists(),
        "whole files go"
    );
    let used: u64 = store.items().iter().map(|item| item.disk).sum();
    assert_eq!(used, 0);
    let b = object(&store, "b", 20);
    assert!(held(&b).is_empty());
    fetch(&b, 3);
    assert_eq!(held(&b), [3]);
}

/// Keeps some chunks, and notes that it was asked.
struct Careful {
    asked: AtomicUsize,
    released: Arc<AtomicBool>,
}

struct Back(Vec<u32>, Arc<AtomicBool>);

impl Withdrawn for Back {
    fn chunks(&self) -> &[u32] {
        &self.0
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.1.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Announcer for Careful {
    fn withdraw(&self, chunks: &[u32]) -> Box<dyn Withdrawn> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let even = chunks.iter().copied().filter(|chunk| chunk % 2 == 0);
        Box::new(Back(even.collect(), Arc::clone(&self.released)))
    }
}

#[test]
fn peers_are_told_first_and_may_keep_what_they_need() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let film = object(&store, "film", 10);
    (0..10).for_each(|chunk| fetch(&film, chunk));
    let careful = Arc::new(Careful {
        asked: AtomicUsize::new(0),
        released: Arc::default(),
    });
    let weak: Weak<dyn Announcer> = Arc::downgrade(&careful) as Weak<dyn Announcer>;
    film.announce_through(weak);
    store.collect(Some(0)).expect("an index");
    assert_eq!(held(&film), [1, 3, 5, 7, 9]);
    assert_eq!(careful.asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(careful.released.load(std::sync::atomic::Ordering::SeqCst));
    drop(careful);
    store.collect(Some(0)).expect("an index");
    assert!(held(&film).is_empty(), "nobody announces it any more");
}

#[tokio::test]
async fn what_is_read_while_it_goes_is_thrown_away() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let film = object(&store, "film", 10);
    fetch(&film, 4);
    let range = 4 * BIG..5 * BIG;
    assert!(
        film.read_checked(range.clone())
            .await
            .expect("readable")
            .is_some()
    );
    let reading = film.read_checked(range.clone());
    let _gone = give_up(&store, &film, &[4]);
    assert!(reading.await.expect("readable").is_none());
    // Given up and fetched again between two looks: the number of times tells.
    fetch(&film, 4);
    assert!(film.read_checked(range).await.expect("readable").is_some());
}

#[test]
fn chunks_that_share_blocks_of_the_disk_leave_nothing_behind() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open_store(&folder);
    let length = 50_001;
    let layout = Layout::new(40 * length, length).expect("few chunks");
    let odd = store
        .object(&named("odd"), layout, Arc::new(|_, _| true))
        .expect("a fresh folder");
    let write = |chunk: u32| {
        let bytes = vec![u8::try_from(chunk).expect("few"); length as usize];
        odd.write_at(u64::from(chunk) * length, &bytes)
            .expect("room");
        odd.mark_checked(chunk);
    };
    (0..40).for_each(write);
    give_up(
        &store,
        &odd,
        &(0..40).filter(|chunk| chunk % 3 == 0).collect::<Vec<_>>(),
    );
    for chunk in held(&odd) {
        let mut content = vec![0; length as usize];
        odd.read_exact_at(u64::from(chunk) * length, &mut content)
            .expect("there");
        let right = u8::try_from(chunk).expect("few");
        assert!(content.iter().all(|byte| *byte == right), "chunk {chunk}");
    }
    give_up(&store, &odd, &held(&odd));
    assert_eq!(store.item(&named("odd")).expect("known").disk, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn the_total_is_right_and_the_limit_holds(steps in prop::collection::vec((0_u8..6, 0_u32..3, 0_u32..60), 1..120)) {
        let folder = TempDir::new().expect("a temporary folder");
        let store = with_room_for(&folder, 32, Policy::Gdsf);
        let mut open: Vec<Option<Arc<Object>>> = vec![None, None, None];
        for (step, which, chunk) in steps {
            let name = ["x", "y", "z"][which as usize];
            let place = &mut open[which as usize];
            match step {
                0 => *place = None,
                1 => { store.collect(Some(store.disk_use().used / 2)).expect("an index"); }
                2 => { let _ = store.remove(&named(name)); *place = None; }
                3 => {
                    let object = place.get_or_insert_with(|| object(&store, name, 60));
                    object.reserve(chunk);
                }
                _ => {
                    let object = place.get_or_insert_with(|| object(&store, name, 60));
                    let window = object.window(u64::from(chunk) * BIG);
                    if object.held(chunk) != Held::Checked {
                        fetch(object, chunk);
                    }
                    prop_assert_eq!(object.held(chunk), Held::Checked);
                    drop(window);
                }
            }
            let figures = store.disk_use();
            prop_assert!(figures.used <= figures.limit + BIG);
            prop_assert!(allocated(&folder.path().join("objects")) <= figures.used);
            let items: u64 = store.items().iter().map(|item| item.disk).sum();
            let figures = store.disk_use();
            prop_assert!(items + figures.own + figures.documents >= figures.used.saturating_sub(BIG));
        }
    }
}
