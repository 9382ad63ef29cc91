//! The bytes of nodes: protobuf in the one order that dag-pb allows.

use cid::{Cid, multihash::Multihash};
use librqbit_sha1_wrapper::{ISha256, Sha256};

use super::Linked;
use crate::{Refused, Sink, sink::Digest};

const RAW: u64 = 0x55;
const DAG_PB: u64 = 0x70;
const SHA2_256: u64 = 0x12;

const DIRECTORY: u64 = 1;
const FILE: u64 = 2;
const SHARD: u64 = 5;

/// murmur3-x64-64, as HAMTs name their hash function.
const MURMUR3: u64 = 0x22;

/// The hash of a block.
pub(super) fn digest(bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

fn cid(codec: u64, digest: &Digest) -> Cid {
    let hash = Multihash::wrap(SHA2_256, digest).expect("32 bytes fit into 64");
    Cid::new_v1(codec, hash)
}

/// The leaf that a stretch of a file is.
pub(crate) fn leaf(bytes: &[u8]) -> (Digest, Linked) {
    let digest = digest(bytes);
    let length = bytes.len() as u64;
    let linked = Linked {
        cid: cid(RAW, &digest),
        size: length,
        length,
    };
    (digest, linked)
}

/// A node of links and what UnixFS says of it, handed to the sink.
pub(super) fn put(
    links: &[(String, Linked)],
    unixfs: &[u8],
    length: u64,
    sink: &mut impl Sink,
) -> Result<Linked, Refused> {
    let bytes = node(links, unixfs);
    let digest = digest(&bytes);
    sink.node(digest, &bytes).map_err(Refused::Notes)?;
    let below = links.iter().map(|(_, linked)| linked.size);
    Ok(Linked {
        cid: cid(DAG_PB, &digest),
        size: below.fold(bytes.len() as u64, u64::saturating_add),
        length,
    })
}

/// The block of a node.
fn node(links: &[(String, Linked)], unixfs: &[u8]) -> Vec<u8> {
    let mut node = Vec::new();
    for (name, linked) in links {
        let mut link = Vec::new();
        bytes(&mut link, 1, &linked.cid.to_bytes());
        bytes(&mut link, 2, name.as_bytes());
        number(&mut link, 3, linked.size);
        bytes(&mut node, 2, &link);
    }
    bytes(&mut node, 1, unixfs);
    node
}

/// How long the block of a directory of these links is.
pub(super) fn length_of_directory(links: &[(String, Linked)]) -> usize {
    node(links, &directory()).len()
}

/// What a plain directory says.
pub(super) fn directory() -> Vec<u8> {
    let mut unixfs = Vec::new();
    number(&mut unixfs, 1, DIRECTORY);
    unixfs
}

/// What a node of a file says: how long what each link leads to is.
pub(super) fn file(parts: &[(String, Linked)], length: u64) -> Vec<u8> {
    let mut unixfs = Vec::new();
    number(&mut unixfs, 1, FILE);
    number(&mut unixfs, 3, length);
    for (_, part) in parts {
        number(&mut unixfs, 4, part.length);
    }
    unixfs
}

/// What a shard of a HAMT says: which of its places are taken.
pub(super) fn shard(taken: &[u8], fanout: u64) -> Vec<u8> {
    let mut unixfs = Vec::new();
    number(&mut unixfs, 1, SHARD);
    bytes(&mut unixfs, 2, taken);
    number(&mut unixfs, 5, MURMUR3);
    number(&mut unixfs, 6, fanout);
    unixfs
}

fn number(into: &mut Vec<u8>, field: u8, number: u64) {
    into.push(field << 3);
    varint(into, number);
}

fn bytes(into: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    into.push((field << 3) | 2);
    varint(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

fn varint(into: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push((number & 0x7f) as u8);
}
