//! dag-cbor, read in place: nothing is built of what nobody asks for.
//!
//! A block of a few bytes could name millions of items. So items are slices of the block, and what
//! lies between two of them is stepped over without recursion.

use cid::Cid;

/// The tag of links, the only one that dag-cbor has, and the kind of items that have a tag.
const LINK: u64 = 42;
const LINKED: u8 = 6;

/// It is cut short, or uses what dag-cbor does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no sound dag-cbor")]
pub(crate) struct Malformed;

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Unsigned(u64),
    /// The number -1 - n.
    Negative(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Items<'a>),
    Map(Entries<'a>),
    Link(Cid),
    Bool(bool),
    Null,
    Float(f64),
}

/// The items of a list, each as its own encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Items<'a> {
    left: u64,
    rest: &'a [u8],
}

/// The entries of a map, each a key and the encoding of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entries<'a> {
    left: u64,
    rest: &'a [u8],
}

/// Reads the one item that these bytes are, without any behind it.
pub(crate) fn value(mut bytes: &[u8]) -> Result<Value<'_>, Malformed> {
    let whole = bytes;
    skip(&mut bytes)?;
    if !bytes.is_empty() {
        return Err(Malformed);
    }
    front(whole)
}

/// All links of an item, however deep.
pub(crate) fn links(item: &[u8]) -> Links<'_> {
    Links {
        rest: item,
        left: 1,
    }
}

/// The links of an item.
#[derive(Clone, Debug)]
pub(crate) struct Links<'a> {
    rest: &'a [u8],
    left: u64,
}

impl Iterator for Links<'_> {
    type Item = Result<Cid, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            self.left -= 1;
            let here = self.rest;
            let link = match enter(&mut self.rest) {
                Ok((LINKED, _)) => front(here).and_then(|value| match value {
                    Value::Link(cid) => skip(&mut self.rest).map(|()| Some(cid)),
                    _ => Err(Malformed),
                }),
                Ok((_, inside)) => {
                    self.left = self.left.saturating_add(inside);
                    Ok(None)
                }
                Err(error) => Err(error),
            };
            if link.is_err() {
                self.left = 0;
            }
            if let Some(link) = link.transpose() {
                return Some(link);
            }
        }
        None
    }
}

/// Reads the item at the front of bytes that were stepped over once.
fn front(bytes: &[u8]) -> Result<Value<'_>, Malformed> {
    let mut rest = bytes;
    let (major, number, float) = head(&mut rest)?;
    Ok(match major {
        0 => Value::Unsigned(number),
        1 => Value::Negative(number),
        2 => Value::Bytes(take(&mut rest, number)?),
        3 => Value::Text(str::from_utf8(take(&mut rest, number)?).map_err(|_| Malformed)?),
        4 => Value::List(Items { left: number, rest }),
        5 => Value::Map(Entries { left: number, rest }),
        6 if number == LINK => link(rest)?,
        7 => match (float, number) {
            (Some(float), _) => Value::Float(float),
            (None, 20) => Value::Bool(false),
            (None, 21) => Value::Bool(true),
            (None, 22) => Value::Null,
            _ => return Err(Malformed),
        },
        _ => return Err(Malformed),
    })
}

/// A link is bytes: a zero, then the CID.
fn link(mut bytes: &[u8]) -> Result<Value<'_>, Malformed> {
    let (2, length, None) = head(&mut bytes)? else {
        return Err(Malformed);
    };
    let (&0, cid) = take(&mut bytes, length)?.split_first().ok_or(Malformed)? else {
        return Err(Malformed);
    };
    Ok(Value::Link(Cid::try_from(cid).map_err(|_| Malformed)?))
}

/// Steps over one item and all in it.
fn skip(bytes: &mut &[u8]) -> Result<(), Malformed> {
    let mut left = 1_u64;
    while left > 0 {
        let (_, inside) = enter(bytes)?;
        left = (left - 1).checked_add(inside).ok_or(Malformed)?;
        // Each has a byte at least.
        if left > bytes.len() as u64 {
            return Err(Malformed);
        }
    }
    Ok(())
}

/// Steps into one item: over all of it where nothing is inside, else to the first item inside. Says of
/// what kind it is and how many are inside.
fn enter(bytes: &mut &[u8]) -> Result<(u8, u64), Malformed> {
    let (major, number, float) = head(bytes)?;
    let inside = match major {
        0 | 1 => 0,
        2 | 3 => take(bytes, number).map(|_| 0)?,
        4 => number,
        5 => number.checked_mul(2).ok_or(Malformed)?,
        LINKED if number == LINK => 1,
        7 if float.is_some() || matches!(number, 20..=22) => 0,
        _ => return Err(Malformed),
    };
    Ok((major, inside))
}

/// The kind of an item and its number, or its value where it is a float.
fn head(bytes: &mut &[u8]) -> Result<(u8, u64, Option<f64>), Malformed> {
    let &first = take(bytes, 1)?.first().ok_or(Malformed)?;
    let (major, short) = (first >> 5, first & 31);
    let width = match short {
        0..=23 => return Ok((major, u64::from(short), None)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        // Lengths that are not known at the start.
        _ => return Err(Malformed),
    };
    let number = take(bytes, width)?
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    match (major, short) {
        // dag-cbor has floats of eight bytes only, and no names for simple values.
        (7, 27) => Ok((7, 0, Some(f64::from_bits(number)))),
        (7, _) => Err(Malformed),
        _ => Ok((major, number, None)),
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Malformed)?;
    *bytes = rest;
    Ok(taken)
}

/// Takes one item off the front, as its own encoding.
fn item<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let whole = *rest;
    skip(rest)?;
    whole.get(..whole.len() - rest.len()).ok_or(Malformed)
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = item(&mut self.rest);
        if next.is_err() {
            self.left = 0;
        }
        Some(next)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a str, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = item(&mut self.rest).and_then(|key| match front(key)? {
            Value::Text(key) => Ok((key, item(&mut self.rest)?)),
            _ => Err(Malformed),
        });
        if next.is_err() {
            self.left = 0;
        }
        Some(next)
    }
}

impl<'a> Entries<'a> {
    /// The encoding of the value of a key, if the map has it.
    pub(crate) fn value_of(mut self, key: &str) -> Result<Option<&'a [u8]>, Malformed> {
        let mut found = None;
        while found.is_none()
            && let Some(entry) = self.next()
        {
            let (name, value) = entry?;
            found = (name == key).then_some(value);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_item_is_read() {
        // {"a": [1, -2, h'00ff', 1.5, null, true], "b": "ü"}
        let block =
            b"\xa2\x61a\x86\x01\x21\x42\x00\xff\xfb\x3f\xf8\0\0\0\0\0\0\xf6\xf5\x61b\x62\xc3\xbc";
        let Ok(Value::Map(map)) = value(block) else {
            panic!("no map");
        };
        let list = map.clone().value_of("a").unwrap().unwrap();
        let Ok(Value::List(items)) = value(list) else {
            panic!("no list");
        };
        let items: Vec<_> = items.map(|item| value(item.unwrap()).unwrap()).collect();
        let want = [
            Value::Unsigned(1),
            Value::Negative(1),
            Value::Bytes(b"\x00\xff"),
            Value::Float(1.5),
            Value::Null,
            Value::Bool(true),
        ];
        assert_eq!(items, want);
        let text = map.clone().value_of("b").unwrap().unwrap();
        assert_eq!(value(text), Ok(Value::Text("ü")));
        assert_eq!(map.value_of("c"), Ok(None));
    }

    #[test]
    fn links_are_read() {
        let cid = Cid::try_from("bafkqabtimvwgy3yk").unwrap();
        let mut block = vec![0xd8, 42, 0x58, cid.to_bytes().len() as u8 + 1, 0];
        block.extend(cid.to_bytes());
        assert_eq!(value(&block), Ok(Value::Link(cid)));
        // Without the zero, and with another tag.
        block[1] = 43;
        assert_eq!(value(&block), Err(Malformed));
    }

    #[test]
    fn what_is_not_dag_cbor_is_refused() {
        for bad in [
            b"".as_slice(),
            b"\x01\x01",                                 // two items
            b"\x5f\x41a\xff",                            // bytes of unknown length
            b"\x82\x01",                                 // a list that is cut short
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a list of 2^64 items
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xa1\x01\x01\x01",
            b"\xf7",     // undefined
            b"\xc1\x01", // a time
        ] {
            assert_eq!(value(bad), Err(Malformed), "{bad:x?}");
        }
        let Ok(Value::Map(map)) = value(b"\xa1\x01\x01") else {
            panic!("no map");
        };
        assert_eq!(map.value_of("a"), Err(Malformed), "a key that is a number");
    }

    #[test]
    fn depth_costs_nothing() {
        let mut block = vec![0x81; 1 << 20];
        block.push(1);
        assert!(matches!(value(&block), Ok(Value::List(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_are_the_end_of_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            match value(&bytes) {
                Ok(Value::Map(entries)) => entries.for_each(drop),
                Ok(Value::List(items)) => assert!(items.flatten().count() <= bytes.len()),
                _ => {}
            }
        }
    }
}
