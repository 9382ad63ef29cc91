//! A hostile name as a path below the archive.

use std::fmt::Write;

use super::{RawName, Reading, guess::cp437};

/// How deep a path may go. Each level costs memory, and a name of 4 KiB could have 2,000.
const DEEPEST: usize = 64;

/// The path of an entry: never empty, each segment without `/` and NUL, neither empty nor `.` nor `..`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EntryPath {
    pub(crate) segments: Vec<Box<str>>,
    /// Other readings of the same, each with as many segments: what the first PC would have shown, and
    /// the bytes themselves, percent-encoded.
    pub(crate) aliases: Vec<Vec<Box<str>>>,
}

/// The path that a name means, or none where it is unsafe, too long or means the archive itself.
pub(crate) fn path(name: &RawName, reading: &Reading, longest: usize) -> Option<EntryPath> {
    if name.bytes.len() > longest {
        return None;
    }
    let text = reading.text(name);
    let segments = segments(&text, name.is_dos)?;
    let mut aliases = Vec::new();
    if name.text.is_none() && !name.bytes.is_ascii() {
        for other in [cp437(&name.bytes), percent(&name.bytes)] {
            // Bytes of one letter may be a separator in another reading: then nothing fits together.
            let alias = self::segments(&other, name.is_dos);
            aliases.extend(alias.filter(|alias| alias.len() == segments.len()));
        }
        aliases.retain(|alias| *alias != segments);
    }
    Some(EntryPath { segments, aliases })
}

fn segments(text: &str, is_dos: bool) -> Option<Vec<Box<str>>> {
    let text = if is_dos && !text.contains('/') {
        text.replace('\\', "/")
    } else {
        text.to_owned()
    };
    let text = without_drive(&text).trim_start_matches('/');
    let text = text.strip_suffix('/').unwrap_or(text);
    let mut found = Vec::new();
    for segment in text.split('/') {
        match segment {
            // As tar writes what is packed from inside a directory.
            "." => {}
            "" | ".." => return None,
            unsafe_name if unsafe_name.contains('\0') => return None,
            _ if found.len() == DEEPEST => return None,
            safe => found.push(safe.into()),
        }
    }
    Some(found).filter(|found| !found.is_empty())
}

/// A path without the `C:` that it begins with.
fn without_drive(text: &str) -> &str {
    match text.as_bytes() {
        [letter, b':', b'/', ..] if letter.is_ascii_alphabetic() => &text[2..],
        _ => text,
    }
}

/// Bytes as text, where every byte that is no letter of ASCII stands as `%XX`.
fn percent(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8], is_dos: bool) -> Option<EntryPath> {
        let name = RawName {
            bytes: bytes.into(),
            text: None,
            is_dos,
        };
        path(&name, &Reading::of([&name].into_iter()), 4096)
    }

    fn joined(text: &str, is_dos: bool) -> Option<String> {
        found(text.as_bytes(), is_dos).map(|path| path.segments.join("|"))
    }

    #[test]
    fn names_become_safe_paths_or_none() {
        for (name, is_dos, wanted) in [
            ("a/b.txt", false, Some("a|b.txt")),
            ("a/b/", false, Some("a|b")),
            ("./a/./b", false, Some("a|b")),
            ("/abs/x", false, Some("abs|x")),
            ("//server/x", false, Some("server|x")),
            ("C:/x", true, Some("x")),
            ("C:\\x\\y", true, Some("x|y")),
            ("c:x", true, Some("c:x")),
            ("a\\b", true, Some("a|b")),
            ("a\\b", false, Some("a\\b")),
            ("a/b\\c", true, Some("a|b\\c")),
            ("a..b", false, Some("a..b")),
            ("", false, None),
            ("/", false, None),
            ("./", false, None),
            ("../../etc/passwd", false, None),
            ("a/../b", false, None),
            ("..\\x", true, None),
            ("a//b", false, None),
            ("a\0b", false, None),
        ] {
            assert_eq!(joined(name, is_dos).as_deref(), wanted, "{name:?}");
        }
    }

    #[test]
    fn long_and_deep_names_are_none() {
        assert!(joined(&"a".repeat(4096), false).is_some());
        assert!(joined(&"a".repeat(4097), false).is_none());
        assert!(joined(&"a/".repeat(64), false).is_some());
        assert!(joined(&"a/".repeat(65), false).is_none());
    }

    #[test]
    fn bytes_of_unknown_text_have_other_readings() {
        let path = found(b"\x82\xa0/\x82\xa2.txt", true).expect("a safe name");
        let raw: Vec<Box<str>> = vec!["%82%A0".into(), "%82%A2.txt".into()];
        assert!(path.aliases.contains(&raw), "{path:?}");
        let old: Vec<Box<str>> = vec!["éá".into(), "éó.txt".into()];
        assert!(
            path.segments == old || path.aliases.contains(&old),
            "{path:?}"
        );
        assert!(found(b"plain", true).expect("safe").aliases.is_empty());
    }
}
