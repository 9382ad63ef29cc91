//! What is found at the start, and what is kept of it.

use universal_p2p_core::{Evidence, Site};

use super::*;

fn id(digit: char) -> Item {
    Item {
        protocol: "bittorrent",
        id: Id::new(&digit.to_string().repeat(40)).expect("valid"),
    }
}

#[test]
fn objects_that_nobody_knows_are_adopted_and_go_first() {
    let folder = TempDir::new().expect("a temporary folder");
    drop(open_store(&folder));
    for protocol in ["bittorrent", "nonsense"] {
        let place = folder.path().join("objects").join(protocol);
        fs::create_dir_all(&place).expect("writable");
        fs::write(place.join("a".repeat(40)), vec![1; 1 << 20]).expect("writable");
    }
    let documents = folder.path().join("metadata/bittorrent");
    fs::create_dir_all(&documents).expect("writable");
    let partial = documents.join(format!("{}.7.partial", "b".repeat(40)));
    fs::write(&partial, "d4:info").expect("writable");
    let store = open_again(&folder);
    assert!(!partial.exists(), "what was never finished is removed");
    let found: Vec<_> = store.items().iter().map(|item| item.disk).collect();
    assert_eq!(found, [1 << 20, 1 << 20]);
    let done = store.collect(Some(0)).expect("an index");
    assert_eq!((done.items, done.freed), (2, 2 << 20));
    assert!(
        !folder
            .path()
            .join("objects/nonsense")
            .join("a".repeat(40))
            .exists()
    );
}

/// A store on a folder that another one may be letting go of.
fn open_again(folder: &TempDir) -> Arc<Store> {
    let store = loop {
        match Store::open(folder.path(), settings()) {
            Err(OpenError::InUse { .. }) => thread::yield_now(),
            opened => break opened.expect("a usable folder"),
        }
    };
    while !store.disk_use().counted {
        thread::yield_now();
    }
    store
}

#[tokio::test]
async fn who_asked_what_is_pinned_and_what_it_is_called_survive() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = open_store(&folder);
    let document = Bytes::from_static(b"d4:infod");
    store
        .keep_document(&id('a'), "torrent", document)
        .await
        .expect("room");
    store.describe(&id('a'), "a film");
    store.pin(&id('a'), true).expect("room");
    store
        .pin(&id('b'), true)
        .expect("an item that was never seen");
    let site = Site {
        name: "1Site".into(),
        evidence: Evidence::Claimed,
    };
    drop(store.lease(id('a'), site));
    drop(store.lease(id('c'), Site::unknown()));
    store.close().expect("closes");
    drop(store);
    let store = open_again(&folder);
    let items = store.items();
    assert_eq!(items.len(), 2, "what nobody has is not noted: {items:?}");
    let film = store.item(&id('a')).expect("known");
    assert_eq!(
        (film.name.as_deref(), film.pinned, film.uses),
        (Some("a film"), true, 1)
    );
    assert!(film.first_access > 0 && film.last_access >= film.first_access);
    assert!(store.item(&id('b')).expect("pinned").pinned);
    let sites = store.sites_of(&id('a')).expect("an index");
    assert_eq!(
        (sites[0].site.as_str(), sites[0].evidence),
        ("1Site", Evidence::Claimed)
    );
}

#[tokio::test]
async fn documents_have_a_budget_of_their_own() {
    let folder = TempDir::new().expect("a temporary folder");
    let settings = Settings {
        limit: 40 << 20,
        ..settings()
    };
    let store = Store::open(folder.path(), settings).expect("a fresh folder");
    let document = Bytes::from(vec![b'd'; 100 << 10]);
    for digit in "0123456789abcdef".chars().chain('g'..='z') {
        let item = id(digit);
        let kept = store.keep_document(&item, "torrent", document.clone());
        kept.await.expect("room");
        drop(store.lease(item, Site::unknown()));
    }
    store.trim_documents();
    let budget = (40 << 20) / 20;
    let used = store.disk_use().documents;
    assert!(
        used <= budget && used > budget - (200 << 10),
        "{used} of {budget}"
    );
    let last = store.document(&id('z'), "torrent").await;
    assert!(last.expect("readable").is_some(), "the last one stays");
    assert!(store.item(&id('0')).is_none(), "the first one went");
}
