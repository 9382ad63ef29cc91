//! The pins at one moment as a small text, the same in the file and in the index.
//!
//! ```toml
//! # …
//! version = 3
//! checksum = "90c2f3d2a5b11a7e"
//! pins = [
//!   "bittorrent/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c",
//! ]
//! ```

use std::{collections::BTreeSet, fmt::Write};

use universal_p2p_core::Item;

use crate::index;

const HEADER: &str = "\
# What is pinned: it is never given up by itself. Kept by the agent, which checks the checksum.
# To change it: universal-p2p pin ID, universal-p2p unpin ID
";

/// All pins at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Counts the changes: of two snapshots the one with the higher number is later.
    pub(super) version: u64,
    pub(super) pins: BTreeSet<Item>,
}

impl Snapshot {
    pub(super) fn encode(&self) -> String {
        let pins = self.pins.iter().fold(String::new(), |mut lines, item| {
            let _ = writeln!(lines, "  \"{item}\",");
            lines
        });
        let (version, checksum) = (self.version, checksum(self.version, &pins));
        format!("{HEADER}version = {version}\nchecksum = \"{checksum:016x}\"\npins = [\n{pins}]\n")
    }

    /// The snapshot that a text stands for; none where a single byte of it is not as it was written.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let version = text
            .lines()
            .find_map(|line| line.strip_prefix("version = "))?;
        let version = version
            .parse()
            .ok()
            .filter(|version| *version < u64::MAX / 2);
        let snapshot = Self {
            version: version?,
            pins: salvage(text.as_bytes()),
        };
        (snapshot.encode() == text).then_some(snapshot)
    }
}

/// Every pin that can still be read of a damaged text.
pub(super) fn salvage(text: &[u8]) -> BTreeSet<Item> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(pin).collect()
}

fn pin(line: &[u8]) -> Option<Item> {
    let line = str::from_utf8(line).ok()?.trim();
    let quoted = line.strip_prefix('"')?.strip_suffix(',')?;
    let (protocol, id) = quoted.strip_suffix('"')?.split_once('/')?;
    index::item(protocol, id)
}

/// 64-bit FNV-1a: against damage, not against malice.
fn checksum(version: u64, pins: &str) -> u64 {
    let bytes = version.to_be_bytes().into_iter().chain(pins.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    fn snapshots() -> impl Strategy<Value = Snapshot> {
        let ids = btree_set("[a-z0-9]{1,40}", 0..20);
        (0..u64::MAX / 2, ids).prop_map(|(version, ids)| {
            let item = |id: &String| index::item("bittorrent", id);
            let pins = ids.iter().filter_map(item).collect();
            Snapshot { version, pins }
        })
    }

    proptest! {
        #[test]
        fn a_snapshot_comes_back_as_it_was(snapshot in snapshots()) {
            let text = snapshot.encode();
            prop_assert_eq!(salvage(text.as_bytes()), snapshot.pins.clone());
            prop_assert_eq!(Snapshot::decode(text.as_bytes()), Some(snapshot));
        }

        #[test]
        fn one_changed_byte_is_noticed(
            snapshot in snapshots(), at in any::<prop::sample::Index>(), with in any::<u8>()
        ) {
            let mut text = snapshot.encode().into_bytes();
            let at = at.index(text.len());
            prop_assume!(text[at] != with);
            text[at] = with;
            prop_assert_eq!(Snapshot::decode(&text), None);
        }

        #[test]
        fn a_text_that_was_cut_is_noticed(
            snapshot in snapshots(), at in any::<prop::sample::Index>()
        ) {
            let text = snapshot.encode().into_bytes();
            let at = at.index(text.len());
            prop_assert_eq!(Snapshot::decode(&text[..at]), None);
            prop_assert!(salvage(&text[..at]).is_subset(&snapshot.pins));
        }

        #[test]
        fn garbage_is_no_snapshot(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Snapshot::decode(&text), None);
            let _ = salvage(&text);
        }
    }
}
