//! Spellings of an infohash.

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use librqbit_core::hash_id::Id20;
use universal_p2p_core::{Error, Id, Item, Result};

/// The protocol's name in addresses and on disk.
pub(crate) const PROTOCOL: &str = "bittorrent";

/// Reads 40 hexadecimal digits or 32 base32 letters, in any case.
pub(crate) fn parse(text: &str) -> Result<Id20> {
    let bytes = match text.len() {
        40 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
        32 => BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .ok(),
        _ => None,
    };
    match bytes.and_then(|bytes| <[u8; 20]>::try_from(bytes).ok()) {
        Some(bytes) => Ok(Id20::new(bytes)),
        None if is_version_2(text) => Err(version_2()),
        None => Err(Error::BadId {
            why: "an infohash is 40 hexadecimal digits or 32 base32 letters; a magnet link works too, percent-encoded"
                .into(),
        }),
    }
}

/// The canonical id: 40 lower-case hexadecimal digits.
pub(crate) fn id(infohash: &Id20) -> Id {
    Id::new(&HEXLOWER.encode(&infohash.0)).expect("hexadecimal digits are canonical")
}

/// What everything of a torrent is kept and booked with.
pub(crate) fn item(infohash: &Id20) -> Item {
    Item {
        protocol: PROTOCOL,
        id: id(infohash),
    }
}

/// The infohash behind a canonical id.
pub(crate) fn of(id: &Id) -> Result<Id20> {
    parse(id.as_str())
}

/// A SHA-256 infohash, bare or as the multihash that `urn:btmh:` uses (BEP 52).
fn is_version_2(text: &str) -> bool {
    let digits = text
        .strip_prefix("1220")
        .filter(|_| text.len() == 68)
        .unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(crate) fn version_2() -> Error {
    Error::Unsupported {
        what: "a torrent of version 2 only (BEP 52); use a version 1 or hybrid torrent of the same content".into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_spelling_is_one_id(bytes: [u8; 20], upper: bool) {
            let infohash = Id20::new(bytes);
            let case = |text: String| if upper { text.to_uppercase() } else { text.to_lowercase() };
            prop_assert_eq!(parse(&case(HEXLOWER.encode(&bytes))).expect("hex"), infohash);
            prop_assert_eq!(parse(&case(BASE32_NOPAD.encode(&bytes))).expect("base32"), infohash);
            prop_assert_eq!(of(&id(&infohash)).expect("canonical"), infohash);
        }

        #[test]
        fn nothing_else_is_an_infohash(text in "\\PC{0,80}") {
            if let Ok(infohash) = parse(&text) {
                prop_assert!(text.len() == 40 || text.len() == 32);
                prop_assert_eq!(id(&infohash).as_str().len(), 40);
            }
        }
    }

    #[test]
    fn version_2_is_known_but_not_served() {
        for text in ["a".repeat(64), format!("1220{}", "0".repeat(64))] {
            assert!(
                matches!(parse(&text), Err(Error::Unsupported { .. })),
                "{text}"
            );
        }
        assert!(matches!(parse("zz"), Err(Error::BadId { .. })));
    }
}
