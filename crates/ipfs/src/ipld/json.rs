//! dag-json, as far as a path needs it. Values are slices of the block, as in [`super::cbor`].

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use cid::{Cid, multibase::Base};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MOST_ENTRIES, Malformed, Shape, index};

/// The entries of a map: hostile keys, and values as they are written.
type Entries<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// What stands in the place of a link or of bytes: `{"/": "<cid>"}`, `{"/": {"bytes": "<base64>"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reserved<'a> {
    #[serde(rename = "/", borrow)]
    inner: Inner<'a>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Inner<'a> {
    Link(Cow<'a, str>),
    Bytes {
        #[serde(borrow)]
        bytes: Cow<'a, str>,
    },
}

pub(super) fn shape(value: &Bytes) -> Result<Shape, Malformed> {
    let text = check(value)?;
    match text.as_bytes().first() {
        Some(b'{') => Ok(reserved(text).unwrap_or(Shape::Tree)),
        Some(b'[') => Ok(Shape::Tree),
        Some(b'"') => {
            let text: String = serde_json::from_str(text).map_err(|_| Malformed::Json)?;
            Ok(Shape::Leaf(text.into()))
        }
        _ => Ok(Shape::Leaf(value.slice_ref(text.as_bytes()))),
    }
}

/// The link or the bytes that a map of one entry stands for.
fn reserved(text: &str) -> Option<Shape> {
    // No map of this kind is longer than the bytes in it; most others tell themselves at once.
    let inner = text.strip_prefix('{')?.trim_start();
    if !inner.starts_with("\"/\"") {
        return None;
    }
    match serde_json::from_str::<Reserved<'_>>(text).ok()?.inner {
        Inner::Link(cid) => Cid::try_from(cid.as_ref()).ok().map(Shape::Link),
        Inner::Bytes { bytes } => {
            let bytes = Base::Base64.decode(bytes.trim_end_matches('=')).ok()?;
            Some(Shape::Leaf(bytes.into()))
        }
    }
}

pub(super) fn child(value: &Bytes, name: &str) -> Result<Option<Bytes>, Malformed> {
    let text = check(value)?;
    let found = match text.as_bytes().first() {
        Some(b'{') => entries(text)?.get(name).copied(),
        Some(b'[') => match index(name) {
            Some(number) => items(text)?.get(number).copied(),
            None => None,
        },
        _ => None,
    };
    Ok(found.map(|found| value.slice_ref(found.get().as_bytes())))
}

pub(super) fn children(value: &Bytes) -> Result<Vec<(String, Bytes)>, Malformed> {
    let text = check(value)?;
    let slice = |found: &RawValue| value.slice_ref(found.get().as_bytes());
    let found: Vec<_> = match text.as_bytes().first() {
        Some(b'{') => entries(text)?
            .into_iter()
            .map(|(name, found)| (name.into_owned(), slice(found)))
            .collect(),
        Some(b'[') => items(text)?
            .into_iter()
            .enumerate()
            .map(|(number, found)| (number.to_string(), slice(found)))
            .collect(),
        _ => Vec::new(),
    };
    if found.len() > MOST_ENTRIES {
        return Err(Malformed::Entries);
    }
    Ok(found)
}

/// The text of one value, without what stands around it.
fn check(value: &[u8]) -> Result<&str, Malformed> {
    let text = str::from_utf8(value).map_err(|_| Malformed::Json)?;
    let value: &RawValue = serde_json::from_str(text).map_err(|_| Malformed::Json)?;
    Ok(value.get())
}

fn entries(text: &str) -> Result<Entries<'_>, Malformed> {
    serde_json::from_str(text).map_err(|_| Malformed::Json)
}

fn items(text: &str) -> Result<Vec<&RawValue>, Malformed> {
    serde_json::from_str(text).map_err(|_| Malformed::Json)
}
