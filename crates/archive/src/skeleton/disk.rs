//! A skeleton in the store: packed, and cut into slots.

use std::sync::Arc;

use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use sha2::{Digest, Sha256};
use universal_p2p_core::{Item, Result};
use universal_p2p_store::Store;

use super::{Kind, Parts, Skeleton, code::VERSION};
use crate::slots::{self, Slots};

/// Bytes in one slot.
const SLOT: usize = 64 << 10;

/// Slots of one skeleton. What takes more when it is packed is not kept.
const SLOTS: u32 = 256;

/// The second level of ten: most of it is names and zeros.
const LEVEL: u8 = 1;

/// Bytes in front of each slot's part: which skeleton it belongs to, and how many slots that has.
const HEAD: usize = 4 + 4;

/// The item under which the skeleton of an archive is kept.
pub(super) fn item(key: &str) -> Result<Item> {
    // A key begins as everything does that is made of the same item.
    let (kin, _) = key.split_at(key.find('.').map_or(0, |at| at + 1));
    slots::item(kin, [VERSION, key])
}

fn open(store: &Arc<Store>, key: &str) -> Option<Slots> {
    let item = item(key).ok()?;
    let opened = Slots::open(store, &item, SLOTS, SLOT);
    opened
        .inspect_err(|error| tracing::debug!(%error, "what is known of an archive cannot be read"))
        .ok()
}

/// The skeleton of an archive, if it is kept, and what the archive is. It takes note of `most` bytes
/// at most. Blocks on the disk.
pub(crate) fn load(store: &Arc<Store>, key: &str, most: u64) -> Option<(Arc<Skeleton>, Kind)> {
    // What was never kept is not made only to look at it.
    if !store.has_object(&item(key).ok()?) {
        return None;
    }
    let slots = open(store, key)?;
    let mut packed = Vec::new();
    let mut known = None;
    for slot in 0..SLOTS {
        let bytes = slots.get(slot)?;
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        // All are of one skeleton, or it is none.
        if *known.get_or_insert(*head) != *head {
            return None;
        }
        packed.extend_from_slice(rest);
        let [.., a, b, c, d] = *head;
        if slot + 1 >= u32::from_le_bytes([a, b, c, d]) {
            break;
        }
    }
    // Its places take room besides the bytes.
    let longest = usize::try_from(most.saturating_mul(2)).unwrap_or(usize::MAX);
    let bytes = decompress_to_vec_with_limit(&packed, longest).ok()?;
    let parts = Parts::decode(&bytes, most)?;
    let kind = parts.kind;
    tracing::debug!(
        kept = packed.len(),
        bytes = bytes.len(),
        "an archive is known"
    );
    Some((Skeleton::of(parts), kind))
}

/// Keeps the skeleton of an archive under the archive's name, where there is room. Blocks on the disk.
pub(crate) fn keep(store: &Arc<Store>, key: &str, name: &str, parts: &Parts) {
    let Ok(item) = item(key) else { return };
    let bytes = parts.encode();
    let packed = compress_to_vec(&bytes, LEVEL);
    let each = SLOT - HEAD;
    let Ok(count) = u32::try_from(packed.len().div_ceil(each).max(1)) else {
        return;
    };
    if count > SLOTS {
        return;
    }
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(&packed).into();
    let [e, f, g, h] = count.to_le_bytes();
    let head: [u8; HEAD] = [a, b, c, d, e, f, g, h];
    // Slots that are sound are not written over: what is left of another skeleton goes first.
    let has_old = open(store, key).is_some_and(|slots| (0..SLOTS).any(|slot| slots.has(slot)));
    if has_old {
        let _removed = store.remove(&item);
    }
    let Some(slots) = open(store, key) else {
        return;
    };
    store.describe(&item, &format!("{name} (index)"));
    for slot in 0..count {
        let at = each * slot as usize;
        let part = packed
            .get(at..packed.len().min(at + each))
            .unwrap_or_default();
        if !slots.put(slot, &[head.as_slice(), part].concat()) {
            return;
        }
    }
    tracing::debug!(
        kept = packed.len(),
        bytes = bytes.len(),
        "an archive is kept"
    );
}

/// Takes note that an archive is used whose skeleton may be kept. Blocks on the disk.
pub(crate) fn touch(store: &Arc<Store>, key: &str) {
    let is_known = item(key).is_ok_and(|item| store.has_object(&item));
    let Some(slots) = is_known.then(|| open(store, key)).flatten() else {
        return;
    };
    (0..SLOTS)
        .take_while(|slot| slots.has(*slot))
        .for_each(|slot| slots.touch(slot));
}
