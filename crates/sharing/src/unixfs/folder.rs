//! The nodes of folders: plain while they fit into a block of 256 KiB, else found by hash.

use std::io::Cursor;

use super::{
    FANOUT, Linked, PLAIN,
    encode::{self, put},
};
use crate::{Refused, Sink};

/// One entry of a folder and the hash of its name.
type Hashed = (u64, String, Linked);

/// The root of a folder: files and empty folders by their names below it, sorted.
pub(crate) fn root(
    files: &[(&[String], Linked)],
    empty: &[&[String]],
    sink: &mut impl Sink,
) -> Result<Linked, Refused> {
    let mut entries: Vec<(&[String], Option<Linked>)> = files
        .iter()
        .map(|(names, linked)| (*names, Some(*linked)))
        .collect();
    entries.extend(empty.iter().map(|names| (*names, None)));
    entries.sort_by_key(|(names, _)| *names);
    folder(&entries, 0, sink)
}

/// The folder of entries that have their first names, so many, in common.
fn folder(
    entries: &[(&[String], Option<Linked>)],
    depth: usize,
    sink: &mut impl Sink,
) -> Result<Linked, Refused> {
    let mut links = Vec::new();
    for group in entries.chunk_by(|(a, _), (b, _)| a.get(depth) == b.get(depth)) {
        let [(names, linked), ..] = group else {
            continue;
        };
        // The folder itself, which is empty.
        let Some(name) = names.get(depth) else {
            continue;
        };
        let linked = match linked {
            Some(linked) if names.len() == depth + 1 => *linked,
            _ => folder(group, depth + 1, sink)?,
        };
        links.push((name.clone(), linked));
    }
    if encode::length_of_directory(&links) <= PLAIN {
        return put(&links, &encode::directory(), 0, sink);
    }
    let mut hashed: Vec<Hashed> = links
        .into_iter()
        .map(|(name, linked)| (hash(&name), name, linked))
        .collect();
    hashed.sort_by_key(|(hash, ..)| *hash);
    shard(&hashed, 0, sink)
}

/// The shard of entries whose hashes begin alike, so many bytes of them.
fn shard(entries: &[Hashed], depth: u32, sink: &mut impl Sink) -> Result<Linked, Refused> {
    let place = |hash: u64| hash.to_be_bytes().get(depth as usize).copied();
    let mut taken = [0_u8; FANOUT as usize / 8];
    let mut links = Vec::new();
    for group in entries.chunk_by(|(a, ..), (b, ..)| place(*a) == place(*b)) {
        let [(first, name, linked), more @ ..] = group else {
            continue;
        };
        let Some(place) = place(*first) else {
            return Err(Refused::Collision(name.clone()));
        };
        // The last bit of the last byte is place 0.
        taken[taken.len() - 1 - usize::from(place / 8)] |= 1 << (place % 8);
        links.push(if more.is_empty() {
            (format!("{place:02X}{name}"), *linked)
        } else {
            (format!("{place:02X}"), shard(group, depth + 1, sink)?)
        });
    }
    let leading = taken.iter().take_while(|byte| **byte == 0).count();
    let unixfs = encode::shard(&taken[leading..], FANOUT);
    put(&links, &unixfs, 0, sink)
}

/// murmur3-x64-64 of a name.
fn hash(name: &str) -> u64 {
    // Reading from memory does not fail.
    let both = murmur3::murmur3_x64_128(&mut Cursor::new(name), 0).unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the first half of the hash is used"
    )]
    let first = both as u64;
    first
}
