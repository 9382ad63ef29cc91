//! How people name an item.

use std::fmt;

use anyhow::{Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    agent::Agent,
    all_items,
    reports::{Items, parsed},
    words::printable,
};

/// The network of a bare id that is no CID.
const USUAL: &str = "bittorrent";

/// The network of CIDs.
const IPFS: &str = "ipfs";

/// The shortest CID that people use: version 0, in base 58.
const CID: usize = 46;

/// The shortest id that is a whole one, not a beginning: 32 base32 letters.
const WHOLE: usize = 32;

/// The shortest beginning that is looked for.
const SHORTEST: usize = 4;

/// An item in any spelling that its network takes.
#[derive(Debug, PartialEq)]
pub(crate) struct Named {
    protocol: String,
    /// Whether nobody said which network.
    is_bare: bool,
    id: String,
}

impl Named {
    /// Reads `PROTOCOL/ID`, or a bare id.
    fn read(text: &str) -> Self {
        let is_protocol =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // A magnet link may hold slashes too.
        let (protocol, id) = match text.split_once('/') {
            Some((protocol, id)) if is_protocol(protocol) => (Some(protocol), id),
            _ => (None, text),
        };
        // Nothing else that is as long as a CID has only letters and digits.
        let is_cid = id.len() >= CID && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let network = protocol.unwrap_or(if is_cid { IPFS } else { USUAL });
        Self {
            protocol: network.to_owned(),
            is_bare: protocol.is_none(),
            id: id.to_owned(),
        }
    }

    /// Whether it can only be the beginning of an id, such as the table of items shows.
    fn is_beginning(&self) -> bool {
        (SHORTEST..WHOLE).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// The name as it was given.
    fn spoken(&self) -> String {
        if self.is_bare {
            printable(&self.id)
        } else {
            self.to_string()
        }
    }

    /// Its path in the management plane.
    pub(crate) fn path(&self) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        format!("/items/{}/{}", encoded(&self.protocol), encoded(&self.id))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.protocol, printable(&self.id))
    }
}

/// Finds out which item is meant. Only a beginning has to be looked for among what there is.
pub(crate) async fn find(agent: &Agent, text: &str) -> Result<Named> {
    let named = Named::read(text.trim());
    if !named.is_beginning() {
        return Ok(named);
    }
    let items: Items = parsed(all_items(agent).await?)?;
    let beginning = named.id.to_ascii_lowercase();
    let mut found = items
        .items
        .into_iter()
        .filter(|item| named.is_bare || item.protocol == named.protocol)
        .filter(|item| item.id.starts_with(&beginning));
    match (found.next(), found.next()) {
        (Some(item), None) => Ok(Named {
            protocol: item.protocol,
            is_bare: false,
            id: item.id,
        }),
        (None, _) => bail!(
            "no item begins with {}; universal-p2p items lists what there is",
            named.spoken()
        ),
        (Some(_), Some(_)) => bail!(
            "several items begin with {}; give more of the id",
            named.spoken()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_named_in_many_ways() {
        let infohash = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
        let usual = format!("/items/bittorrent/{infohash}");
        assert_eq!(Named::read(infohash).path(), usual);
        assert_eq!(Named::read(&format!("bittorrent/{infohash}")).path(), usual);
        let magnet = "magnet:?xt=urn:btih:dd82&tr=udp://a/b";
        let path = "/items/bittorrent/magnet%3A%3Fxt%3Durn%3Abtih%3Add82%26tr%3Dudp%3A%2F%2Fa%2Fb";
        assert_eq!(Named::read(magnet).path(), path);
        assert_eq!(Named::read("ipfs/bafy..").path(), "/items/ipfs/bafy%2E%2E");
        for cid in [
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
            "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
        ] {
            assert_eq!(Named::read(cid).path(), format!("/items/ipfs/{cid}"));
        }
        assert_eq!(Named::read("../x").path(), "/items/bittorrent/%2E%2E%2Fx");
    }

    #[test]
    fn only_what_is_too_short_for_an_id_is_a_beginning() {
        for (text, is) in [
            ("dd8255ecdc7c", true),
            ("bittorrent/dd82", true),
            ("dd8", false),
            ("dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c", false),
            ("3wbfl3g4pssf7mf37ajshwdqmlnr63i4", false),
            ("magnet:?xt=urn", false),
        ] {
            assert_eq!(Named::read(text).is_beginning(), is, "{text}");
        }
    }

    #[test]
    fn a_hostile_name_does_not_reach_the_terminal() {
        assert_eq!(
            Named::read("a\u{1b}[2J").to_string(),
            "bittorrent/a\\u{1b}[2J"
        );
    }
}
