//! A limit that is lowered while things are kept.

use std::time::Duration;

use super::{
    collecting::{BIG, fetch, object, with_room_for},
    *,
};
use crate::Reason;

#[test]
fn a_lower_limit_has_things_go_at_once() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 200, Policy::Lru);
    let before = object(&store, "a", 100);
    for chunk in 0..100 {
        fetch(&before, chunk);
    }
    let version = store.version();
    let limit = store.disk_use().used - 50 * BIG;
    store.set_limits(limit, 0);
    let mut tries = 0;
    while store.disk_use().used > limit {
        assert!(tries < 2000, "nothing goes");
        tries += 1;
        thread::park_timeout(Duration::from_millis(5));
    }
    let held = before.held_within(&(0..100 * BIG));
    let bytes: u64 = held.iter().map(|part| part.end - part.start).sum();
    assert_eq!(bytes, before.bytes_held());
    assert!(bytes <= 50 * BIG, "{held:?}");
    assert_ne!(store.version(), version);
    let (count, collections) = store.collections_since(0);
    assert!(count > 0 && collections.iter().all(|one| one.reason == Reason::Limit));
    assert_eq!(
        store.collected(),
        (count, collections.iter().map(|one| one.freed).sum())
    );
    assert_eq!(store.traffic()[0].fetched, 100 * BIG);
}
