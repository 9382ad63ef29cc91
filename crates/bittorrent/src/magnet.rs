//! Magnet links (BEP 9): an infohash together with hints where to find it.

use librqbit_core::hash_id::Id20;
use universal_p2p_core::{Error, Hints, Result};
use url::form_urlencoded;

use crate::infohash;

/// The parameters that are taken over as hints.
const HINTS: [&str; 4] = ["tr", "x.pe", "ws", "dn"];

/// Whether a text wants to be a magnet link.
pub(crate) fn is_magnet(text: &str) -> bool {
    text.get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("magnet:"))
}

/// Reads a magnet link, already percent-decoded once as a path segment.
pub(crate) fn parse(text: &str) -> Result<(Id20, Hints)> {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let mut hints = Hints::default();
    let mut version_2 = false;
    let mut found = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let name = without_number(&name);
        if name == "xt" {
            let lower = value.to_ascii_lowercase();
            if let Some(hash) = lower.strip_prefix("urn:btih:") {
                found = Some(infohash::parse(hash)?);
            }
            version_2 |= lower.starts_with("urn:btmh:");
        } else if HINTS.contains(&name) {
            hints.push(name, value);
        }
    }
    match found {
        Some(infohash) => Ok((infohash, hints)),
        None if version_2 => Err(infohash::version_2()),
        None => Err(Error::BadId {
            why: "this magnet link has no xt=urn:btih:<infohash>".into(),
        }),
    }
}

/// `tr.1` and `tr` are the same parameter.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((plain, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

    #[test]
    fn a_magnet_link_carries_its_hints() {
        let link = format!(
            "magnet:?xt=urn:btmh:1220ab&xt.2=urn:btih:{}&dn=Big+Buck&tr=udp%3A%2F%2Fa%3A1&tr.1=http://b/&x.pe=1.2.3.4:5&so=1",
            HASH.to_uppercase()
        );
        let (infohash, hints) = parse(&link).expect("a whole magnet link");
        assert_eq!(infohash::id(&infohash).as_str(), HASH);
        assert_eq!(
            hints.all("tr").collect::<Vec<_>>(),
            ["udp://a:1", "http://b/"]
        );
        assert_eq!(hints.all("x.pe").collect::<Vec<_>>(), ["1.2.3.4:5"]);
        assert_eq!(hints.all("dn").collect::<Vec<_>>(), ["Big Buck"]);
        assert_eq!(hints.all("so").count(), 0);
    }

    #[test]
    fn version_2_only_is_not_served() {
        assert!(matches!(
            parse("magnet:?xt=urn:btmh:1220ab"),
            Err(Error::Unsupported { .. })
        ));
        assert!(matches!(parse("magnet:?dn=x"), Err(Error::BadId { .. })));
        assert!(matches!(parse("magnet:"), Err(Error::BadId { .. })));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "magnet:\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_order_of_parameters_gives_the_same_id(before in "(&?[a-z]{1,4}=[a-z0-9%]{0,9}){0,4}") {
            let (infohash, _) = parse(&format!("magnet:?{before}&xt=urn:btih:{HASH}")).expect("it has an infohash");
            let id = infohash::id(&infohash);
            prop_assert_eq!(id.as_str(), HASH);
        }
    }
}
