//! Where one name leads: a path of content, or another name.

use cid::Cid;
use universal_p2p_core::{Error, Result};

use super::Name;
use crate::address;

/// The longest path, in bytes, and the most names in one.
const LONGEST: usize = 4096;
const MOST_SEGMENTS: usize = 256;

/// What stands at the start of the TXT records that lead somewhere (DNSLink specification).
const DNSLINK: &str = "dnslink=";

/// A path as a record or a domain gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) to: To,
    /// The names below it.
    pub(super) path: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    Content(Cid),
    Name(Name),
}

/// Reads a path such as `/ipfs/<cid>/a/b` or `/ipns/<name>`.
///
/// # Errors
/// [`Error::Corrupt`] for what is no path, [`Error::Unsupported`] for one of another kind.
pub(super) fn parse(text: &str) -> Result<Lead> {
    let bad = || Error::Corrupt {
        what: format!("a name leads to {:?}, which is no path", shown(text)),
    };
    if text.len() > LONGEST {
        return Err(bad());
    }
    let mut segments = text.strip_prefix('/').ok_or_else(bad)?.split('/');
    let kind = segments.next().unwrap_or_default();
    let root = segments.next().ok_or_else(bad)?;
    let to = match kind {
        "ipfs" => To::Content(address::parse(root).map_err(|_| bad())?),
        "ipns" => To::Name(Name::parse(root).map_err(|_| bad())?),
        _ => {
            return Err(Error::Unsupported {
                what: format!("names that lead to {:?}", shown(text)),
            });
        }
    };
    let mut path: Vec<String> = segments.map(str::to_owned).collect();
    if path.last().is_some_and(String::is_empty) {
        path.pop();
    }
    let is_sound =
        |name: &String| !matches!(name.as_str(), "" | "." | "..") && !name.contains('\0');
    if path.len() > MOST_SEGMENTS || !path.iter().all(is_sound) {
        return Err(bad());
    }
    Ok(Lead { to, path })
}

/// Where the TXT records of a domain lead, if any of them leads somewhere.
pub(super) fn of_texts(texts: &[String]) -> Option<Result<Lead>> {
    // Of several everybody has to choose the same.
    let link = texts
        .iter()
        .filter_map(|text| text.strip_prefix(DNSLINK))
        .min()?;
    Some(parse(link.trim()))
}

/// As much of a hostile text as a sentence bears.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkqabtimvwgy3yk";

    #[test]
    fn paths_are_read() {
        let content = To::Content(Cid::try_from(CID).unwrap());
        for (text, path) in [
            (format!("/ipfs/{CID}"), vec![]),
            (format!("/ipfs/{CID}/"), vec![]),
            (format!("/ipfs/{CID}/a/b%20 c/"), vec!["a", "b%20 c"]),
        ] {
            let lead = parse(&text).unwrap();
            assert_eq!(
                (&lead.to, &lead.path),
                (&content, &path.iter().map(ToString::to_string).collect())
            );
        }
        let name = parse("/ipns/docs.ipfs.tech/x").unwrap();
        assert_eq!(name.to, To::Name(Name::Domain("docs.ipfs.tech".into())));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let long = format!("/ipfs/{CID}/{}", "a".repeat(LONGEST));
        let deep = format!("/ipfs/{CID}{}", "/a".repeat(300));
        for bad in [
            "",
            CID,
            "/",
            "/ipfs",
            "/ipfs/",
            "/ipfs/x",
            "/ipns/localhost",
            "/ipfs/bafkqabtimvwgy3yk/../a",
            "/ipfs/bafkqabtimvwgy3yk//a",
            &long,
            &deep,
        ] {
            assert!(matches!(parse(bad), Err(Error::Corrupt { .. })), "{bad:?}");
        }
        assert!(matches!(
            parse("/arweave/x"),
            Err(Error::Unsupported { .. })
        ));
    }

    #[test]
    fn one_of_several_links_is_taken_by_all() {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (a, b) = (
            format!("dnslink=/ipfs/{CID}/a"),
            format!("dnslink=/ipfs/{CID}/b"),
        );
        for order in [[&a, &b], [&b, &a]] {
            let mut all = texts(&["v=spf1 -all", "dnslinks=/ipfs/x"]);
            all.extend(order.map(ToString::to_string));
            assert_eq!(of_texts(&all).unwrap().unwrap().path, ["a"]);
        }
        assert!(of_texts(&texts(&["v=spf1 -all"])).is_none());
        assert!(of_texts(&texts(&["dnslink=nonsense"])).unwrap().is_err());
    }
}
