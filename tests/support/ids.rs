//! Ids in other spellings.

use cid::{Cid, Version, multibase::Base, multihash::Multihash};

/// Base 32 as addresses of torrents have it.
pub(crate) fn base32(bytes: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(bytes)
}

/// A CID of this codec, hash function and digest.
pub(crate) fn cid_of(codec: u64, function: u64, digest: &[u8]) -> String {
    let hash = Multihash::wrap(function, digest).unwrap();
    Cid::new_v1(codec, hash).to_string()
}

/// A CID in the base that this letter stands for; `Q` stands for version 0.
pub(crate) fn cid_in(base: char, cid: &str) -> String {
    let cid = Cid::try_from(cid).unwrap();
    if base == 'Q' {
        return Cid::new_v0(*cid.hash()).unwrap().to_string();
    }
    let newest = match cid.version() {
        Version::V0 => Cid::new_v1(cid.codec(), *cid.hash()),
        Version::V1 => cid,
    };
    let base = Base::from_code(base).unwrap();
    newest.to_string_of_base(base).unwrap()
}
