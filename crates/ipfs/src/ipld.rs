//! Structured data in blocks: maps and lists as directories, what else they hold as files.
//!
//! A path leads through a block, and on through its links. Nothing is built of a block but what a path
//! or a listing needs of it.

pub(crate) mod cbor;
mod json;
mod tree;

use bytes::Bytes;
use cid::Cid;

pub(crate) use tree::{Place, Step};

/// Codecs of blocks (multicodec table).
pub(crate) const DAG_CBOR: u64 = 0x71;
pub(crate) const DAG_JSON: u64 = 0x0129;
pub(crate) const CBOR: u64 = 0x51;
pub(crate) const JSON: u64 = 0x0200;

/// The most entries of one map or list.
const MOST_ENTRIES: usize = 65_536;

/// How deep data may be of which all links are wanted.
const DEEPEST: u8 = 64;

/// How structured data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Cbor,
    Json,
}

/// A block is not what its codec says, or too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it is no sound dag-cbor")]
    Cbor,
    #[error("it is no sound dag-json")]
    Json,
    #[error("it has more than {MOST_ENTRIES} entries in one place")]
    Entries,
}

/// What a value is to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A map or a list.
    Tree,
    Link(Cid),
    /// Anything else, as a file would have it: bytes and text as they are, the rest as JSON.
    Leaf(Bytes),
}

impl Form {
    /// The form of a codec, if it is one of structured data.
    pub(crate) fn of(codec: u64) -> Option<Self> {
        match codec {
            DAG_CBOR => Some(Self::Cbor),
            DAG_JSON => Some(Self::Json),
            _ => None,
        }
    }

    /// What a value is.
    pub(crate) fn shape(self, value: &Bytes) -> Result<Shape, Malformed> {
        match self {
            Self::Cbor => cbor_shape(value),
            Self::Json => json::shape(value),
        }
    }

    /// The value under a key of a map, or a number in a list.
    pub(crate) fn child(self, value: &Bytes, name: &str) -> Result<Option<Bytes>, Malformed> {
        match self {
            Self::Cbor => cbor_child(value, name),
            Self::Json => json::child(value, name),
        }
    }

    /// All links of a block.
    pub(crate) fn links(self, block: &Bytes) -> Result<Vec<Cid>, Malformed> {
        let mut links = Vec::new();
        match self {
            Self::Cbor => {
                for link in cbor::links(block) {
                    add(&mut links, link?)?;
                }
            }
            Self::Json => {
                // Every value is looked at once on each level above it: as deep as data may be.
                let mut waiting = vec![(block.clone(), 0)];
                while let Some((value, depth)) = waiting.pop() {
                    match self.shape(&value)? {
                        Shape::Link(cid) => add(&mut links, cid)?,
                        Shape::Tree if depth < DEEPEST => {
                            let below = self.children(&value)?.into_iter();
                            waiting.extend(below.rev().map(|(_, child)| (child, depth + 1)));
                        }
                        Shape::Tree => return Err(Malformed::Json),
                        Shape::Leaf(_) => {}
                    }
                }
            }
        }
        Ok(links)
    }

    /// All of a map or a list.
    pub(crate) fn children(self, value: &Bytes) -> Result<Vec<(String, Bytes)>, Malformed> {
        match self {
            Self::Cbor => cbor_children(value),
            Self::Json => json::children(value),
        }
    }
}

impl From<cbor::Malformed> for Malformed {
    fn from(_: cbor::Malformed) -> Self {
        Self::Cbor
    }
}

fn add(links: &mut Vec<Cid>, link: Cid) -> Result<(), Malformed> {
    links.push(link);
    (links.len() <= MOST_ENTRIES)
        .then_some(())
        .ok_or(Malformed::Entries)
}

fn cbor_shape(value: &Bytes) -> Result<Shape, Malformed> {
    use cbor::Value;
    Ok(match cbor::value(value)? {
        Value::List(_) | Value::Map(_) => Shape::Tree,
        Value::Link(cid) => Shape::Link(cid),
        Value::Bytes(bytes) => Shape::Leaf(value.slice_ref(bytes)),
        Value::Text(text) => Shape::Leaf(value.slice_ref(text.as_bytes())),
        Value::Unsigned(number) => Shape::Leaf(number.to_string().into()),
        // -1 - n may be less than any number of 64 bits.
        Value::Negative(number) => Shape::Leaf((-1 - i128::from(number)).to_string().into()),
        Value::Bool(is) => Shape::Leaf(is.to_string().into()),
        Value::Null => Shape::Leaf(Bytes::from_static(b"null")),
        Value::Float(number) => Shape::Leaf(number.to_string().into()),
    })
}

fn cbor_child(value: &Bytes, name: &str) -> Result<Option<Bytes>, Malformed> {
    let found = match cbor::value(value)? {
        cbor::Value::Map(entries) => entries.value_of(name)?,
        cbor::Value::List(mut items) => match index(name) {
            Some(number) => items.nth(number).transpose()?,
            None => None,
        },
        _ => None,
    };
    Ok(found.map(|found| value.slice_ref(found)))
}

fn cbor_children(value: &Bytes) -> Result<Vec<(String, Bytes)>, Malformed> {
    let mut found = Vec::new();
    let mut add = |name: String, child: &[u8]| {
        found.push((name, value.slice_ref(child)));
        (found.len() <= MOST_ENTRIES)
            .then_some(())
            .ok_or(Malformed::Entries)
    };
    match cbor::value(value)? {
        cbor::Value::Map(entries) => {
            for entry in entries {
                let (name, child) = entry?;
                add(name.to_owned(), child)?;
            }
        }
        cbor::Value::List(items) => {
            for (number, item) in items.enumerate() {
                add(number.to_string(), item?)?;
            }
        }
        _ => {}
    }
    Ok(found)
}

/// The number that a name is in a list: as it is written there, and no other way.
fn index(name: &str) -> Option<usize> {
    let number: usize = name.parse().ok()?;
    (number.to_string() == name).then_some(number)
}

#[cfg(test)]
mod tests;
