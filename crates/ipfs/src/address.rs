//! Every spelling of a CID, and the one that is canonical.

use cid::{Cid, Version};
use universal_p2p_core::{Error, Id, Result};

/// The canonical id of a CID in any spelling: version 1 in lower-case base32.
///
/// Version 0 is the same as version 1 of codec dag-pb: it names the same block.
///
/// # Errors
/// [`Error::BadId`] for what is no CID or is longer than an id may be.
pub fn canonical(spelling: &str) -> Result<Id> {
    id(&parse(spelling)?)
}

/// The id of a CID of any version.
///
/// # Errors
/// [`Error::BadId`] where it is longer than an id may be.
pub(crate) fn id(cid: &Cid) -> Result<Id> {
    Id::new(&newest(cid).to_string())
}

fn newest(cid: &Cid) -> Cid {
    match cid.version() {
        Version::V0 => Cid::new_v1(cid.codec(), *cid.hash()),
        Version::V1 => *cid,
    }
}

/// Whether a text is a CID of content, and not that of a key.
pub(crate) fn is_content(text: &str) -> bool {
    parse(text).is_ok_and(|cid| cid.codec() != LIBP2P_KEY)
}

/// The codec of a CID that names a key (multicodec table, `libp2p-key`).
const LIBP2P_KEY: u64 = 0x72;

/// The CID of any spelling, as version 1.
///
/// # Errors
/// [`Error::BadId`] for what is no CID.
pub(crate) fn parse(spelling: &str) -> Result<Cid> {
    let cid = Cid::try_from(spelling).map_err(|error| Error::BadId {
        why: format!("{error}; a CID looks like bafy… or Qm…"),
    })?;
    Ok(newest(&cid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V0: &str = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";
    const V1: &str = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34";

    #[test]
    fn every_spelling_has_one_id() {
        let id = canonical(V0).expect("a CID");
        assert_eq!(id.as_str(), V1);
        assert_eq!(canonical(V1).expect("a CID"), id);
        assert_eq!(canonical(&V1.to_uppercase()).expect("a CID"), id);
    }

    #[test]
    fn what_is_no_cid_is_refused() {
        for bad in [
            "",
            "Qm",
            "bafy",
            "../..",
            "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c",
        ] {
            assert!(
                matches!(canonical(bad), Err(Error::BadId { .. })),
                "{bad:?}"
            );
        }
    }
}
