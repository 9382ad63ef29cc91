//! What goes wrong later: the index is opened again or begun anew, and nothing is believed too much.

use super::*;

fn failed(kind: io::ErrorKind) -> impl FnOnce(&Tables) -> Result<()> {
    move |_| Err(kind.into())
}

/// An index with one trusted item after two unclean stops.
fn trusted(folder: &TempDir) -> Index {
    let (index, _) = open(folder);
    index.count_unclean_stop().expect("room");
    index.count_unclean_stop().expect("room");
    index.set_page(&thing(1), 0, &[3]).expect("room");
    index.trust(&thing(1), 2).expect("room");
    index.settle().expect("settles");
    index
}

#[test]
fn after_an_error_the_index_is_opened_again_and_trusts_nothing() {
    let folder = TempDir::new().expect("a temporary folder");
    let index = trusted(&folder);
    index
        .with(failed(io::ErrorKind::StorageFull))
        .expect_err("the error is told");
    assert_eq!(index.losses(), 0);
    assert_eq!(index.pages(&thing(1)).expect("mended"), [(0, vec![3])]);
    assert_eq!(index.losses(), 1);
    assert_eq!(index.unclean_stops().expect("readable"), 3);
    // The run goes on with the number that it began with: nobody may believe that any more.
    index.trust(&thing(2), 2).expect("room");
    index.seal().expect("seals");
    drop(index);
    let (index, health) = open(&folder);
    assert_eq!(health, Health::Sound);
    let stops = index.unclean_stops().expect("readable");
    for number in [1, 2] {
        assert!(!index.is_trusted(&thing(number), stops).expect("readable"));
    }
}

#[test]
fn what_is_damaged_is_begun_anew_and_trusts_nothing() {
    let folder = TempDir::new().expect("a temporary folder");
    let index = trusted(&folder);
    index
        .with(|_| -> Result<()> { panic!("damage that nobody foresaw") })
        .expect_err("the panic is an error");
    assert_eq!(index.pages(&thing(1)).expect("begun anew"), []);
    assert_eq!(
        (index.losses(), index.unclean_stops().expect("readable")),
        (1, 3)
    );
    index.trust(&thing(1), 2).expect("room");
    index.settle().expect("settles");
    assert!(!index.is_trusted(&thing(1), 3).expect("readable"));
    assert!(
        folder.path().join("index.unreadable").exists(),
        "it is kept to be looked at"
    );
}

#[test]
fn many_threads_may_use_it_while_it_is_mended() {
    let folder = TempDir::new().expect("a temporary folder");
    let index = trusted(&folder);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let index = &index;
            scope.spawn(move || {
                for number in 0..200 {
                    let _ = index.set_page(&thing(number), thread, &[1]);
                    if number == 100 {
                        let _ = index.with(failed(io::ErrorKind::StorageFull));
                    }
                }
            });
        }
    });
    while index.settle().is_err() {
        std::thread::yield_now();
    }
    assert!(index.losses() >= 1);
    assert_eq!(index.pages(&thing(1)).expect("readable")[0].1.len(), 1);
}
