//! `Content-Disposition`: what a file is called when it is saved (RFC 6266, RFC 8187).

use axum::http::HeaderValue;
use percent_encoding::utf8_percent_encode;

use crate::address::PLAIN;

/// Whether a browser shows a body or saves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Shows it where it can.
    Inline,
    /// Saves it.
    Attachment,
}

impl Disposition {
    /// The header for a name, which is hostile text. An empty name is left out.
    pub(crate) fn header(self, name: &str) -> HeaderValue {
        let kind = match self {
            Self::Inline => "inline",
            Self::Attachment => "attachment",
        };
        let name = clean(name);
        if name.is_empty() {
            return HeaderValue::from_static(kind);
        }
        let plain = fallback(&name);
        let whole = utf8_percent_encode(&name, PLAIN);
        let header = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{whole}");
        HeaderValue::try_from(header).unwrap_or(HeaderValue::from_static(kind))
    }
}

/// Takes out what could mislead: control characters, reversed writing, separators of paths.
fn clean(name: &str) -> String {
    let turns_text = |letter| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars()
        .filter(|letter| !letter.is_control() && !turns_text(*letter))
        .map(|letter| {
            if matches!(letter, '/' | '\\') {
                '_'
            } else {
                letter
            }
        })
        .collect()
}

/// The name for clients that know only ASCII. A percent sign would be decoded by some of them.
fn fallback(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '"' => plain.push_str("\\\""),
            '%' => plain.push('_'),
            letter if letter.is_ascii() => plain.push(letter),
            _ => plain.push('_'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_given_in_both_forms() {
        let header = |name| Disposition::Inline.header(name);
        assert_eq!(
            header("a b.mp4"),
            r#"inline; filename="a b.mp4"; filename*=UTF-8''a%20b.mp4"#
        );
        assert_eq!(
            header("ä\"\r\n\\%41.txt"),
            r#"inline; filename="_\"__41.txt"; filename*=UTF-8''%C3%A4%22_%2541.txt"#
        );
        assert_eq!(
            header("\u{202e}gpj.exe"),
            r#"inline; filename="gpj.exe"; filename*=UTF-8''gpj.exe"#
        );
        assert_eq!(header("\n"), "inline");
        assert!(
            Disposition::Attachment
                .header("x")
                .to_str()
                .is_ok_and(|text| text.starts_with("attachment; "))
        );
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_its_quotes(name in "\\PC{0,30}|.{0,30}") {
            let header = Disposition::Attachment.header(&name);
            let text = header.to_str().expect("ASCII");
            if let Some(rest) = text.strip_prefix("attachment; filename=\"") {
                let end = rest.replace("\\\"", "__");
                let (inside, after) = end.split_once('"').expect("closed");
                prop_assert!(!inside.contains('\\'));
                prop_assert!(after.starts_with("; filename*=UTF-8''"));
                prop_assert!(!after[2..].contains([';', '"', ' ']));
            } else {
                prop_assert_eq!(text, "attachment");
            }
        }
    }
}
