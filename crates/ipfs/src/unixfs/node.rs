//! One dag-pb block and the UnixFS message in it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cid::Cid;

use super::protobuf::{Malformed, Value, fields, varint};

/// The most links of one block. The limit of a block's length allows directories of about this many.
const MOST_LINKS: usize = 65_536;

/// A dag-pb node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) links: Vec<Link>,
    pub(crate) unixfs: Option<UnixFs>,
}

/// A link of a node.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) cid: Cid,
    /// Its name: hostile bytes.
    pub(crate) name: Bytes,
    /// What it claims that everything below takes, in bytes. Nobody checks this.
    pub(crate) size: u64,
}

/// What a UnixFS node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file, or a part of one.
    File,
    Directory,
    Symlink,
    /// A directory, or a part of one, whose entries are found by hash.
    Shard,
    /// A kind that nobody writes any more, or one of the future.
    Other(u64),
}

/// The UnixFS message of a node.
#[derive(Clone, Debug)]
pub(crate) struct UnixFs {
    pub(crate) kind: Kind,
    pub(crate) content: Bytes,
    pub(crate) filesize: Option<u64>,
    pub(crate) blocksizes: Vec<u64>,
    pub(crate) hash_type: Option<u64>,
    pub(crate) fanout: Option<u64>,
    pub(crate) modified: Option<SystemTime>,
}

/// Reads a dag-pb block. One without a UnixFS message is a node of links only.
pub(crate) fn parse(block: &Bytes) -> Result<Node, Malformed> {
    let mut node = Node::default();
    for field in fields(block) {
        match field? {
            (2, Value::Bytes(bytes)) if node.links.len() < MOST_LINKS => {
                node.links.push(link(block, bytes)?);
            }
            (1, Value::Bytes(bytes)) if node.unixfs.is_none() => {
                node.unixfs = Some(unixfs(block, bytes)?);
            }
            _ => return Err(Malformed),
        }
    }
    Ok(node)
}

fn link(block: &Bytes, message: &[u8]) -> Result<Link, Malformed> {
    let (mut cid, mut name, mut size) = (None, Bytes::new(), 0);
    for field in fields(message) {
        match field? {
            (1, Value::Bytes(bytes)) => cid = Some(Cid::try_from(bytes).map_err(|_| Malformed)?),
            (2, Value::Bytes(bytes)) => name = block.slice_ref(bytes),
            (3, Value::Number(number)) => size = number,
            _ => return Err(Malformed),
        }
    }
    let cid = cid.ok_or(Malformed)?;
    Ok(Link { cid, name, size })
}

fn unixfs(block: &Bytes, message: &[u8]) -> Result<UnixFs, Malformed> {
    let mut found = UnixFs {
        kind: Kind::File,
        content: Bytes::new(),
        filesize: None,
        blocksizes: Vec::new(),
        hash_type: None,
        fanout: None,
        modified: None,
    };
    for field in fields(message) {
        match field? {
            (1, Value::Number(kind)) => found.kind = Kind::of(kind),
            (2, Value::Bytes(bytes)) => found.content = block.slice_ref(bytes),
            (3, Value::Number(number)) => found.filesize = Some(number),
            (4, Value::Number(number)) => found.add_size(number)?,
            // The same numbers, packed.
            (4, Value::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    found.add_size(varint(&mut packed)?)?;
                }
            }
            (5, Value::Number(number)) => found.hash_type = Some(number),
            (6, Value::Number(number)) => found.fanout = Some(number),
            (8, Value::Bytes(time)) => found.modified = modified(time)?,
            // The mode, and whatever the future brings.
            _ => {}
        }
    }
    Ok(found)
}

fn modified(message: &[u8]) -> Result<Option<SystemTime>, Malformed> {
    let mut at = None;
    for field in fields(message) {
        if let (1, Value::Number(seconds)) = field? {
            // A time before 1970 is a negative number, too large to be a time here.
            at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        }
    }
    Ok(at)
}

impl UnixFs {
    fn add_size(&mut self, size: u64) -> Result<(), Malformed> {
        if self.blocksizes.len() >= MOST_LINKS {
            return Err(Malformed);
        }
        self.blocksizes.push(size);
        Ok(())
    }
}

impl Kind {
    fn of(number: u64) -> Self {
        match number {
            0 | 2 => Self::File,
            1 => Self::Directory,
            4 => Self::Symlink,
            5 => Self::Shard,
            other => Self::Other(other),
        }
    }
}
