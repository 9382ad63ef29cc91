//! Items and sites that are removed by name.

use universal_p2p_core::Site;

use super::{
    collecting::{BIG, fetch, held, named, object, with_room_for},
    *,
};
use crate::RemoveError;

#[test]
fn a_removed_item_is_gone_and_may_come_again() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let film = object(&store, "film", 10);
    (0..10).for_each(|chunk| fetch(&film, chunk));
    store.pin(&named("film"), true).expect("room");
    let refused = store.remove(&named("film"));
    assert!(
        matches!(refused, Err(RemoveError::Pinned { .. })),
        "{refused:?}"
    );
    store.pin(&named("film"), false).expect("room");
    let removed = store.remove(&named("film")).expect("unpinned");
    assert_eq!((removed.items, removed.freed), (1, 10 * BIG));
    assert!(film.is_gone() && !film.reserve(3) && held(&film).is_empty());
    let refused = store.remove(&named("film"));
    assert!(
        matches!(refused, Err(RemoveError::Unknown { .. })),
        "{refused:?}"
    );
    let again = object(&store, "film", 10);
    fetch(&again, 2);
    drop(film);
    assert_eq!(held(&again), [2]);
}

#[test]
fn a_site_is_purged_with_what_only_it_asked_for() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = with_room_for(&folder, 64, Policy::Lru);
    let site = |name: &str| Site {
        name: name.into(),
        evidence: universal_p2p_core::Evidence::Claimed,
    };
    let asks = [("a", "mine"), ("b", "mine"), ("b", "other"), ("c", "other")];
    for (item, by) in asks {
        let open = object(&store, item, 2);
        fetch(&open, 0);
        drop(store.lease(named(item), site(by)));
    }
    let removed = store.remove_site("mine").expect("it asked");
    assert_eq!((removed.items, removed.freed), (1, BIG));
    assert!(store.item(&named("a")).is_none());
    let sites = store.sites_of(&named("b")).expect("an index");
    assert_eq!(sites.len(), 1, "{sites:?}");
    assert!(matches!(
        store.remove_site("mine"),
        Err(RemoveError::Unknown { .. })
    ));
}
