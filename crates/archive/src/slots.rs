//! What the store keeps for archives besides their bytes: pieces that say themselves whether they are
//! sound.
//!
//! An object of the store has a chunk for every slot. There is no hash of a network to check these by,
//! so each carries a checksum, over its own place too: after an unclean stop, and after a write that
//! was torn, a slot is either what was put there or nothing. A slot is given up like any chunk, by
//! when it was last used, and whoever misses it makes it again.

use std::{io, sync::Arc};

use sha2::{Digest, Sha256};
use universal_p2p_core::{Id, Item, Meta, Result};
use universal_p2p_store::{Check, DERIVED, Held, Layout, Object, Store, kinship};

/// Bytes of the checksum, which is cut off a longer one: damage is to be seen, nobody forges it.
const SUM: usize = 16;

/// Bytes before what a slot holds: its length and its checksum.
pub(crate) const HEAD: usize = 4 + SUM;

/// What neither ids nor entity tags have in them.
const BETWEEN: char = '\n';

/// The slots of one item.
pub(crate) struct Slots {
    object: Arc<Object>,
}

impl Slots {
    /// Opens so many slots for contents of at most so many bytes. Blocks on the disk.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn open(
        store: &Arc<Store>,
        item: &Item,
        slots: u32,
        most: usize,
    ) -> io::Result<Self> {
        let each = (most + HEAD) as u64;
        let layout =
            Layout::new(each * u64::from(slots), each).ok_or(io::ErrorKind::InvalidInput)?;
        let id = item.id.clone();
        let check: Check = Arc::new(move |slot, bytes| sound(&id, slot, bytes).is_some());
        let object = store.object(item, layout, check)?;
        Ok(Self { object })
    }

    /// Whether they were removed.
    #[cfg(feature = "zip")]
    pub(crate) fn are_gone(&self) -> bool {
        self.object.is_gone()
    }

    /// Whether something is in a slot, as far as that is known without reading it.
    pub(crate) fn has(&self, slot: u32) -> bool {
        self.object.held(slot) != Held::Absent
    }

    /// What is in a slot, if anything sound is. Blocks on the disk.
    pub(crate) fn get(&self, slot: u32) -> Option<Vec<u8>> {
        let mut held = self.object.held(slot);
        if held == Held::Unchecked {
            held = self.object.settle_doubt_now(slot).ok()?;
        }
        if held != Held::Checked {
            return None;
        }
        let place = self.object.layout().bytes_of(slot);
        let mut bytes = vec![0; usize::try_from(place.end - place.start).ok()?];
        self.object.read_exact_at(place.start, &mut bytes).ok()?;
        // Also where it was given up meanwhile: zeros are not sound.
        let content = sound(&self.object.item().id, slot, &bytes)?.to_vec();
        self.object.touch(slot);
        Some(content)
    }

    /// Takes note that a slot is used.
    pub(crate) fn touch(&self, slot: u32) {
        self.object.touch(slot);
    }

    /// Puts something into an empty slot, if there is room on the disk; says whether it is there now.
    /// Never waits for room. Blocks on the disk.
    pub(crate) fn put(&self, slot: u32, content: &[u8]) -> bool {
        if self.object.held(slot) == Held::Unchecked {
            let _settled = self.object.settle_doubt_now(slot);
        }
        if self.object.held(slot) == Held::Checked {
            return true;
        }
        let place = self.object.layout().bytes_of(slot);
        let Ok(length) = u32::try_from(content.len()) else {
            return false;
        };
        if (content.len() + HEAD) as u64 > place.end - place.start || !self.object.reserve(slot) {
            return false;
        }
        // What is behind it stays a hole.
        let mut bytes = Vec::with_capacity(HEAD + content.len());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&sum(&self.object.item().id, slot, content));
        bytes.extend_from_slice(content);
        let written = self.object.write_at(place.start, &bytes).is_ok();
        if written {
            self.object.mark_checked(slot);
        }
        written
    }
}

/// A name for a version of a file that says too what item it is of.
pub(crate) fn named(meta: &Meta, etag: &str) -> String {
    match &meta.item {
        Some(item) => format!("{}{BETWEEN}{etag}", item.id),
        None => etag.to_owned(),
    }
}

/// What the ids begin with of all that is made of files of the same item, by the name of one.
pub(crate) fn kin(named: &str) -> String {
    let item = named.split_once(BETWEEN);
    item.map_or_else(String::new, |(item, _)| kinship(item))
}

/// The item that something is kept under that was made of another. Equal parts are one item.
pub(crate) fn item<'a>(kin: &str, parts: impl IntoIterator<Item = &'a str>) -> Result<Item> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut id = kin.to_owned();
    id.push_str(&data_encoding::HEXLOWER.encode(&hash.finalize()));
    let id = Id::new(&id)?;
    Ok(Item {
        protocol: DERIVED,
        id,
    })
}

/// What a slot holds, if that is what was put there.
fn sound<'a>(id: &Id, slot: u32, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kept, rest) = rest.split_first_chunk::<SUM>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let content = rest.get(..length)?;
    (sum(id, slot, content) == *kept).then_some(content)
}

fn sum(id: &Id, slot: u32, content: &[u8]) -> [u8; SUM] {
    let mut hash = Sha256::new();
    hash.update(id.as_str());
    hash.update(slot.to_le_bytes());
    hash.update(content);
    let mut sum = [0; SUM];
    sum.iter_mut()
        .zip(hash.finalize())
        .for_each(|(to, from)| *to = from);
    sum
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing;

    fn slots(store: &Arc<Store>) -> Slots {
        let item = item("", ["a"]).expect("an id");
        Slots::open(store, &item, 4, 10_000).expect("a usable disk")
    }

    #[test]
    fn a_slot_holds_what_was_put_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = testing::store(&folder, 1 << 30);
        let slots = slots(&store);
        assert!(!slots.has(2) && slots.get(2).is_none());
        assert!(slots.put(2, b"content"));
        assert!(slots.has(2) && !slots.has(1));
        assert_eq!(slots.get(2).expect("kept"), b"content");
        assert!(slots.put(0, b""), "nothing is something too");
        assert_eq!(slots.get(0).expect("kept"), b"");
        assert!(!slots.put(1, &[1; 10_001]), "longer than a slot");
        assert!(!slots.has(1));
    }

    #[test]
    fn after_an_unclean_stop_only_what_is_sound_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = testing::store(&folder, 1 << 30);
        let first = slots(&store);
        for number in 0..4 {
            assert!(first.put(number, &[7; 9_000]));
        }
        drop((first, store));
        let path = folder.path().join("objects").join(DERIVED);
        let path = path.join(item("", ["a"]).expect("an id").id.as_str());
        let mut bytes = fs::read(&path).expect("a file");
        // One byte is damaged, and one slot lies where another was.
        bytes[HEAD + 100] ^= 1;
        let each = 10_000 + HEAD;
        bytes.copy_within(each..2 * each, 2 * each);
        fs::write(&path, bytes).expect("room");
        let store = testing::store(&folder, 1 << 30);
        let again = slots(&store);
        let sound = (0..4).map(|number| again.get(number).is_some());
        assert_eq!(sound.collect::<Vec<_>>(), [false, true, false, true]);
        assert!(again.put(0, &[8; 9_000]), "it can be made again");
        assert_eq!(again.get(0).expect("kept"), [8; 9_000]);
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = testing::store(&folder, 1 << 20);
        assert!(!slots(&store).put(0, b"content"));
    }
}
