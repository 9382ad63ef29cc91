//! The keys of the index, and back: `protocol NUL id NUL …`. None of these parts can hold a NUL.

use std::sync::{Mutex, PoisonError};

use universal_p2p_core::{Evidence, Id, Item, Site};

/// Protocols that are spoken.
const KNOWN: [&str; 3] = ["bittorrent", "ipfs", "ipns"];

/// How many more names of protocols are believed: those of a later version, and of tests.
const MOST_OTHERS: usize = 64;

/// The longest name of a protocol.
const LONGEST_PROTOCOL: usize = 32;

/// The name of a protocol that was read from disk, as items carry it.
///
/// Anything but 1 to 32 characters of `a-z 0-9 -` is none, and so is the 65th name that is not
/// known here: each of those stays in memory until the process ends.
pub(crate) fn protocol(name: &str) -> Option<&'static str> {
    static OTHERS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

    if let Some(known) = KNOWN.iter().find(|known| **known == name) {
        return Some(known);
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > LONGEST_PROTOCOL || !name.bytes().all(allowed) {
        return None;
    }
    let mut others = OTHERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(other) = others.iter().find(|other| **other == name) {
        return Some(other);
    }
    if others.len() == MOST_OTHERS {
        return None;
    }
    let other: &'static str = String::from(name).leak();
    others.push(other);
    Some(other)
}

/// The item of a protocol's name and an id that were read from disk.
pub(crate) fn item(protocol_name: &str, id: &str) -> Option<Item> {
    Some(Item {
        protocol: protocol(protocol_name)?,
        id: Id::new(id).ok()?,
    })
}

/// An item's prefix in every table.
pub(super) fn of_item(item: &Item) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    for part in [item.protocol, item.id.as_str()] {
        key.extend(part.as_bytes());
        key.push(0);
    }
    key
}

/// The item of a key, and what follows its prefix.
pub(super) fn split(key: &[u8]) -> Option<(Item, &[u8])> {
    let mut parts = key.splitn(3, |byte| *byte == 0);
    let mut text = || str::from_utf8(parts.next()?).ok();
    let item = item(text()?, text()?)?;
    Some((item, parts.next()?))
}

/// The key of a presence page.
pub(super) fn of_page(item: &Item, page: u32) -> Vec<u8> {
    let mut key = of_item(item);
    key.extend(page.to_be_bytes());
    key
}

/// The page that a key's rest names.
pub(super) fn page(rest: &[u8]) -> Option<u32> {
    rest.try_into().ok().map(u32::from_be_bytes)
}

/// A row that is one number.
pub(super) fn number(row: &[u8]) -> Option<u64> {
    row.try_into().ok().map(u64::from_be_bytes)
}

/// The key of what a site used of an item.
pub(super) fn of_use(item: &Item, site: &Site) -> Vec<u8> {
    let mut key = of_item(item);
    key.push(match site.evidence {
        Evidence::Origin => b'o',
        Evidence::Referer => b'r',
        Evidence::Claimed => b'c',
        Evidence::Unknown => b'u',
    });
    key.extend(site.name.as_bytes());
    key
}

/// The site that a key's rest names.
pub(super) fn site(rest: &[u8]) -> Option<Site> {
    let (code, name) = rest.split_first()?;
    let evidence = match code {
        b'o' => Evidence::Origin,
        b'r' => Evidence::Referer,
        b'c' => Evidence::Claimed,
        b'u' => Evidence::Unknown,
        _ => return None,
    };
    let name = str::from_utf8(name).ok()?.into();
    Some(Site { name, evidence })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_protocols_are_few_and_plain() {
        for known in KNOWN {
            assert_eq!(protocol(known), Some(known));
        }
        for bad in ["", "a/b", "..", "UPPER", "a\0", "ä", &"a".repeat(33)] {
            assert_eq!(protocol(bad), None, "{bad:?}");
        }
        let first = protocol("another-one").expect("there is room");
        let again = protocol("another-one").expect("it is known now");
        assert!(std::ptr::eq(first, again), "it is kept once");
    }

    proptest! {
        #[test]
        fn a_use_key_says_what_it_was_made_of(id in "[a-z0-9]{1,40}", name in "[^\0]{0,80}") {
            let item = item("bittorrent", &id).expect("valid");
            for evidence in [Evidence::Origin, Evidence::Referer, Evidence::Claimed, Evidence::Unknown] {
                let site = Site { name: name.as_str().into(), evidence };
                let key = of_use(&item, &site);
                let (back, rest) = split(&key).expect("an item's key");
                prop_assert_eq!(&back, &item);
                prop_assert_eq!(super::site(rest), Some(site));
            }
        }

        #[test]
        fn damaged_keys_are_no_items(key in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some((item, rest)) = split(&key) {
                prop_assert_eq!(of_item(&item).len() + rest.len(), key.len());
                let _ = (site(rest), page(rest));
            }
        }
    }
}
