//! Any names as the tree of an archive.

use proptest::prelude::*;

use super::*;
use crate::testing::fuzz::{self, assert_safe, cases};

/// A name that somebody may have thought of, in any encoding.
fn name() -> impl Strategy<Value = RawName> {
    let parts = [
        &b".."[..],
        b".",
        b"/",
        b"//",
        b"\\",
        b"\0",
        b"C:",
        b"a",
        b"dir",
        b"dir/",
        b"./",
        b"../",
        b"",
        b"\x82\xa0",
        b"\xe9",
        b"\xff\xfe",
        b"\xc3\xa4",
        b"%2e%2e",
        b"%2F",
        b"<b>",
        b"con",
        b" ",
        b"\r\n",
        b"\xe2\x80\xae",
    ];
    let parts = prop::sample::select(parts.map(<[u8]>::to_vec).to_vec());
    let part = prop_oneof![6 => parts, 2 => prop::collection::vec(any::<u8>(), 0..6)];
    let deep = prop_oneof![9 => Just(1_usize), 1 => 1_usize..80];
    let bytes = (prop::collection::vec(part, 0..7), deep)
        .prop_map(|(parts, deep)| parts.concat().repeat(deep));
    (bytes, any::<bool>(), any::<bool>()).prop_map(|(bytes, is_dos, is_told)| RawName {
        text: is_told.then(|| String::from_utf8_lossy(&bytes).into()),
        bytes: bytes.into(),
        is_dos,
    })
}

fn state() -> impl Strategy<Value = State> {
    let states = [
        State::Ready,
        State::Hidden,
        State::Encrypted,
        State::Unsupported,
        State::Bomb,
    ];
    prop::sample::select(states.to_vec())
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn hostile_names_make_safe_trees(
        all in prop::collection::vec((name(), state(), any::<bool>()), 0..25),
        is_small: bool,
    ) {
        let mut limits = if is_small { fuzz::small() } else { Limits::default() };
        limits.entries = limits.entries.max(all.len());
        let made = all.into_iter().map(|(name, state, is_dir)| Entry {
            name,
            is_dir,
            ..entry(b"x", state)
        });
        let index = Index { format: "test", entries: made.collect() };
        fuzz::check(Ok(index), &limits);
    }

    #[test]
    fn no_reading_of_a_name_is_unsafe(names in prop::collection::vec(name(), 1..12)) {
        let reading = Reading::of(names.iter());
        for name in &names {
            let Some(path) = names::path(name, &reading, 300) else { continue };
            prop_assert!(name.bytes.len() <= 300);
            for way in path.aliases.iter().chain([&path.segments]) {
                prop_assert_eq!(way.len(), path.segments.len());
                prop_assert!((1..=64).contains(&way.len()));
                way.iter().for_each(|segment| assert_safe(segment));
            }
        }
    }
}
