use std::collections::HashSet;

use bytes::Bytes;
use tempfile::TempDir;
use universal_p2p_core::Id;

use super::*;
use crate::Held;

mod collecting;
mod keeping;
mod lowering;
mod removing;

const CHUNK: u64 = 8192;

fn item() -> Item {
    Item {
        protocol: "test",
        id: Id::new("thing").expect("valid"),
    }
}

/// A chunk is right when it is filled with its own number.
fn own_number() -> Check {
    Arc::new(|chunk, bytes| bytes.iter().all(|byte| u32::from(*byte) == chunk + 1))
}

fn settings() -> Settings {
    Settings {
        limit: 1 << 30,
        keep_free: 0,
        policy: Policy::Lru,
    }
}

/// A store that has counted what there is.
fn open_store(folder: &TempDir) -> Arc<Store> {
    let store = Store::open(folder.path(), settings()).expect("a usable folder");
    while !store.disk_use().counted {
        thread::yield_now();
    }
    store
}

/// Gives chunks up as the collector does.
fn give_up(store: &Store, object: &Arc<Object>, chunks: &[u32]) -> u64 {
    let given_up = object.give_up(chunks);
    store.write_gone_pages(object).expect("room");
    store.index.settle().expect("room");
    given_up.free()
}

fn open(folder: &TempDir, chunks: u64) -> (Arc<Store>, Arc<Object>) {
    let store = open_store(folder);
    let layout = Layout::new(chunks * CHUNK, CHUNK).expect("few chunks");
    let object = store
        .object(&item(), layout, own_number())
        .expect("a fresh folder");
    (store, object)
}

fn write(object: &Arc<Object>, chunk: u32) {
    let byte = u8::try_from(chunk + 1).expect("few chunks");
    let start = object.layout().bytes_of(chunk).start;
    object
        .write_at(start, &vec![byte; CHUNK as usize])
        .expect("room");
    object.mark_checked(chunk);
}

impl Store {
    /// Ends the threads, and nothing else.
    pub(crate) fn stop(&self) {
        guard(&self.stopper).take();
        self.gauge.stop();
    }
}

/// What a killed process leaves: everything on disk, nothing in memory, no clean stop.
fn crash(store: Arc<Store>, object: Arc<Object>) {
    guard(&store.stopper).take();
    drop(object);
    while Arc::strong_count(&store) > 1 {
        thread::yield_now();
    }
    drop(store);
}

#[test]
fn a_clean_stop_keeps_what_was_checked() {
    let folder = TempDir::new().expect("a temporary folder");
    let (store, object) = open(&folder, 10_000);
    for chunk in [0, 7, 200] {
        write(&object, chunk);
    }
    assert_eq!(object.bytes_held(), 3 * CHUNK);
    store.close().expect("closes");
    crash(store, object);
    let (_store, object) = open(&folder, 10_000);
    let held: HashSet<u32> = (0..10_000)
        .filter(|chunk| object.held(*chunk) == Held::Checked)
        .collect();
    assert_eq!(held, HashSet::from([0, 7, 200]));
}

#[tokio::test]
async fn after_an_unclean_stop_everything_is_hashed_again() {
    let folder = TempDir::new().expect("a temporary folder");
    let (store, object) = open(&folder, 20);
    write(&object, 3);
    write(&object, 5);
    // A torn write: there are bytes, but never the right ones.
    object.write_at(9 * CHUNK, &[1; 100]).expect("room");
    crash(store, object);
    let (store, object) = open(&folder, 20);
    assert_eq!(object.held(3), Held::Unchecked);
    assert_eq!(
        object.settle_doubt(3).await.expect("readable"),
        Held::Checked
    );
    assert_eq!(
        object.settle_doubt(9).await.expect("readable"),
        Held::Absent
    );
    assert_eq!(object.held(0), Held::Absent);
    store.close().expect("closes");
    crash(store, object);
    // Chunk 5 was never looked at: the clean stop did not make it trusted, and did not lose it.
    let (_store, object) = open(&folder, 20);
    assert_eq!(object.held(5), Held::Unchecked);
    assert_eq!(
        object.settle_doubt(5).await.expect("readable"),
        Held::Checked
    );
}

#[tokio::test]
async fn a_forgotten_chunk_is_gone_for_good() {
    let folder = TempDir::new().expect("a temporary folder");
    let (store, object) = open(&folder, 20);
    for chunk in 0..20 {
        write(&object, chunk);
    }
    assert_eq!(give_up(&store, &object, &[4, 19]), 2 * CHUNK);
    let mut content = vec![9; CHUNK as usize];
    object
        .read_exact_at(4 * CHUNK, &mut content)
        .expect("within the file");
    assert!(content.iter().all(|byte| *byte == 0), "the hole is punched");
    crash(store, object);
    let (_store, object) = open(&folder, 20);
    assert_eq!(
        (object.held(4), object.held(5)),
        (Held::Absent, Held::Unchecked)
    );
    write(&object, 4);
    assert_eq!(object.held(4), Held::Checked);
}

#[tokio::test]
async fn a_checked_chunk_cannot_be_overwritten() {
    let folder = TempDir::new().expect("a temporary folder");
    let (_store, object) = open(&folder, 3);
    write(&object, 1);
    object
        .write_at(0, &vec![77; 3 * CHUNK as usize])
        .expect("room");
    let bytes = object.read_checked(CHUNK..2 * CHUNK).await;
    let bytes = bytes.expect("readable").expect("held");
    assert!(!bytes.is_empty() && bytes.iter().all(|byte| *byte == 2));
    assert!(
        object.write_at(3 * CHUNK - 1, &[0; 2]).is_err(),
        "past the end"
    );
    assert!(
        object.write_at(u64::MAX, &[0; 2]).is_err(),
        "past every end"
    );
}

#[tokio::test]
async fn who_waits_for_a_chunk_is_woken() {
    let folder = TempDir::new().expect("a temporary folder");
    let (_store, object) = open(&folder, 3);
    let other = Arc::clone(&object);
    let ((), ()) = tokio::join!(object.arrival(2), async move {
        tokio::task::yield_now().await;
        write(&other, 0);
        tokio::task::yield_now().await;
        write(&other, 2);
    });
    object.arrival(0).await;
}

#[test]
fn a_second_store_on_the_same_folder_is_refused() {
    let folder = TempDir::new().expect("a temporary folder");
    let _store = open_store(&folder);
    assert!(matches!(
        Store::open(folder.path(), settings()),
        Err(OpenError::InUse { .. })
    ));
}

#[tokio::test]
async fn a_damaged_index_is_set_aside() {
    let folder = TempDir::new().expect("a temporary folder");
    let (store, object) = open(&folder, 20);
    write(&object, 6);
    store.close().expect("closes");
    crash(store, object);
    let db = folder.path().join("index/db");
    let length = fs::metadata(&db).expect("there").len();
    File::options()
        .write(true)
        .open(&db)
        .and_then(|file| file.set_len(length / 2))
        .expect("cut");
    let (_store, object) = open(&folder, 20);
    assert_ne!(object.held(6), Held::Absent);
    assert_eq!(
        object.settle_doubt(6).await.expect("readable"),
        Held::Checked
    );
}

#[tokio::test]
async fn documents_are_kept() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open_store(&folder);
    assert_eq!(
        store.document(&item(), "torrent").await.expect("readable"),
        None
    );
    store
        .keep_document(&item(), "torrent", Bytes::from_static(b"d4:infod"))
        .await
        .expect("room");
    let kept = store.document(&item(), "torrent").await.expect("readable");
    assert_eq!(kept, Some(Bytes::from_static(b"d4:infod")));
}

#[tokio::test]
async fn two_may_keep_the_same_document_at_the_same_moment() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open_store(&folder);
    assert_eq!(
        store.document(&item(), "torrent").await.expect("readable"),
        None
    );
    let (item, bytes) = (item(), Bytes::from_static(b"d4:infod"));
    let keeping = (0..50).map(|_| store.keep_document(&item, "torrent", bytes.clone()));
    for kept in futures_util::future::join_all(keeping).await {
        kept.expect("each of them is kept");
    }
    let kept = store.document(&item, "torrent").await.expect("readable");
    assert_eq!(kept, Some(Bytes::from_static(b"d4:infod")));
}
