//! Which site a request is booked to, from what the browser and the page say.

use axum::http::{
    HeaderMap,
    header::{ORIGIN, REFERER},
};
use universal_p2p_core::{Evidence, Site};

/// The longest name of a site in bytes.
const LONGEST: usize = 255;

/// Finds the asking site. A booking gives no rights, so that nothing here is refused.
///
/// A sandboxed page has the origin `null`; its browser's Referer, if any, then names the frame
/// around it, so that the page's own claim says more.
pub(crate) fn asking(headers: &HeaderMap, claim: Option<&str>) -> Site {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = header(ORIGIN).map(str::trim);
    let claimed = || site(claim, Evidence::Claimed);
    let referer = || site(header(REFERER).and_then(origin_of), Evidence::Referer);
    let found = match origin {
        Some("null") => claimed().or_else(referer),
        Some(named) => site(Some(named), Evidence::Origin),
        None => referer().or_else(claimed),
    };
    found.unwrap_or_else(Site::unknown)
}

fn site(name: Option<&str>, evidence: Evidence) -> Option<Site> {
    let name = clean(name?);
    (!name.is_empty()).then(|| Site {
        name: name.into(),
        evidence,
    })
}

/// Takes control characters and surrounding space away and cuts at the longest length.
fn clean(name: &str) -> String {
    let printable: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let trimmed = printable.trim();
    let end = trimmed.floor_char_boundary(LONGEST);
    trimmed[..end].trim_end().to_owned()
}

/// The scheme, host and port of a URL: a site is booked, not what somebody does there.
fn origin_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let sound = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !authority.is_empty()
        && !authority.contains('@');
    sound.then(|| &url.trim()[..scheme.len() + 3 + authority.len()])
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn booked(headers: &[(HeaderName, &'static str)], claim: Option<&str>) -> (Evidence, String) {
        let map = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let site = asking(&map, claim);
        (site.evidence, site.name.to_string())
    }

    #[test]
    fn the_best_evidence_wins() {
        let (origin, null) = ((ORIGIN, "http://a:1"), (ORIGIN, "null"));
        let referer = (REFERER, "http://b:2/secret?x#y");
        let claim = Some(" 1Site\n ");
        let is = |evidence, name: &str| (evidence, name.to_owned());
        assert_eq!(
            booked(&[origin.clone(), referer.clone()], claim),
            is(Evidence::Origin, "http://a:1")
        );
        assert_eq!(
            booked(std::slice::from_ref(&referer), claim),
            is(Evidence::Referer, "http://b:2")
        );
        assert_eq!(
            booked(&[null.clone(), referer.clone()], claim),
            is(Evidence::Claimed, "1Site")
        );
        assert_eq!(
            booked(&[null.clone(), referer], None),
            is(Evidence::Referer, "http://b:2")
        );
        assert_eq!(booked(&[], claim), is(Evidence::Claimed, "1Site"));
        assert_eq!(booked(&[null], Some(" ")), is(Evidence::Unknown, ""));
        assert_eq!(
            booked(&[(REFERER, "about:blank")], None),
            is(Evidence::Unknown, "")
        );
        assert_eq!(
            booked(&[(REFERER, "http://me:pw@b/")], None),
            is(Evidence::Unknown, "")
        );
    }

    #[test]
    fn a_name_is_cut_between_letters() {
        let long = "ä".repeat(200);
        let (_, name) = booked(&[], Some(&long));
        assert_eq!(name, "ä".repeat(127));
    }
}
