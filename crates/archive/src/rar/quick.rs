//! The copies of headers that RAR 5 keeps in one place, so that not every entry has to be visited.

use std::collections::HashMap;

use bytes::Bytes;

use super::header::Fields;

/// The name of the block that holds the copies.
pub(super) const NAME: &[u8] = b"QO";

/// The headers that a block's data has copies of, by their place in the archive.
///
/// `at` is the place of the block's own header, from which theirs are counted back. Damage ends the list:
/// what is missing is read where it lies.
pub(super) fn copies(data: &Bytes, at: u64) -> HashMap<u64, Bytes> {
    let mut copies = HashMap::new();
    let mut fields = Fields::new(data);
    while let Some((back, copy)) = copy(&mut fields) {
        if let Some(place) = at.checked_sub(back) {
            copies.insert(place, data.slice_ref(copy));
        }
    }
    copies
}

/// How far back a header is, and its copy.
fn copy<'a>(fields: &mut Fields<'a>) -> Option<(u64, &'a [u8])> {
    let checksum = fields.u32()?;
    let covered = fields.rest();
    let size = fields.size()?;
    let covered = covered.get(..(covered.len() - fields.rest().len()).checked_add(size)?)?;
    if crc32fast::hash(covered) != checksum {
        return None;
    }
    let mut own = Fields::new(fields.take(size)?);
    own.number()?;
    let back = own.number()?;
    let length = own.size()?;
    Some((back, own.take(length)?))
}
