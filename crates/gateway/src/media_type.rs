//! What a file is: by its name, and by its first bytes where the name says nothing.

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use mime_guess::{Mime, from_path, mime};
use tokio::time::timeout;
use universal_p2p_core::{Error, File, ReadCx};

use crate::range::Selection;

/// How many bytes at the start of a file tell its type.
const ENOUGH: u64 = 4096;

/// How long is waited for them where the answer does without.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// The type of bytes that nothing is known of.
const UNKNOWN: &str = "application/octet-stream";

/// Finds the media type of a file under a name.
///
/// Reads only where the name says nothing, and then only the start of the file, which stays on
/// disk for the answer that follows.
///
/// # Errors
/// Whatever kept those first bytes away, but that nobody has them.
pub(crate) async fn of(
    file: &Arc<dyn File>,
    name: &str,
    selection: &Selection,
    cx: &ReadCx,
) -> Result<String, Error> {
    if let Some(known) = by_name(name) {
        return Ok(known);
    }
    let length = file.meta().length.min(ENOUGH);
    if length == 0 {
        return Ok(UNKNOWN.to_owned());
    }
    let mut start = Vec::new();
    let read = read(file, length, &mut start, cx);
    let outcome = if needs_start(selection, length) {
        read.await
    } else {
        // A range must not wait for bytes beside it: what there is has to do.
        timeout(LONGEST_LOOK, read).await.unwrap_or(Ok(()))
    };
    match outcome {
        Ok(())
        | Err(
            Error::NoPeers { .. }
            | Error::NoProviders { .. }
            | Error::Stalled { .. }
            | Error::Unavailable { .. }
            | Error::NotHeld { .. },
        ) => Ok(by_content(&start, file.meta().length).to_owned()),
        Err(error) => Err(error),
    }
}

/// Whether an answer has all of the start of a file.
fn needs_start(selection: &Selection, length: u64) -> bool {
    match selection {
        Selection::Whole => true,
        Selection::Parts(parts) => parts
            .iter()
            .any(|part| part.start == 0 && part.end >= length),
    }
}

async fn read(
    file: &Arc<dyn File>,
    length: u64,
    start: &mut Vec<u8>,
    cx: &ReadCx,
) -> Result<(), Error> {
    let mut stream = file.open(0..length, cx).await?;
    while let Some(bytes) = stream.try_next().await? {
        start.extend_from_slice(&bytes);
    }
    Ok(())
}

/// The media type that a name stands for.
pub(crate) fn by_name(name: &str) -> Option<String> {
    let guess = guess(name)?;
    let text = guess.type_() == mime::TEXT || guess.subtype() == mime::JAVASCRIPT;
    let shown_as_text = ["plain", "html", "css", "javascript"];
    Some(
        if text && shown_as_text.contains(&guess.subtype().as_str()) {
            format!("text/{}; charset=utf-8", guess.subtype())
        } else {
            guess.essence_str().to_owned()
        },
    )
}

/// Whether a name is one of audio or video.
pub(crate) fn is_playable(name: &str) -> bool {
    guess(name).is_some_and(|guess| {
        // A playlist inside a playlist leads players nowhere.
        matches!(guess.type_(), mime::AUDIO | mime::VIDEO) && guess.subtype() != "x-mpegurl"
    })
}

fn guess(name: &str) -> Option<Mime> {
    // Here it is a piece of a film far more often than a program.
    if extension(name).is_some_and(|end| end.eq_ignore_ascii_case("ts")) {
        return "video/mp2t".parse().ok();
    }
    from_path(name).first()
}

/// What stands behind the last dot of a name.
pub(crate) fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

fn by_content(start: &[u8], length: u64) -> &'static str {
    if let Some(found) = infer::get(start) {
        return match found.mime_type() {
            "text/html" => "text/html; charset=utf-8",
            known => known,
        };
    }
    // A letter of UTF-8 may be cut in two at the end of the start.
    let text = match str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let printed = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t'..=b'\r' | 0x1b);
    if text && !start.is_empty() && start.iter().all(printed) {
        if is_json(start, length) {
            return "application/json";
        }
        "text/plain; charset=utf-8"
    } else {
        UNKNOWN
    }
}

/// Whether text is a map or a list of JSON, or the start of one.
fn is_json(start: &[u8], length: u64) -> bool {
    if !matches!(start.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return false;
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(start) {
        Ok(_) => true,
        Err(error) => error.is_eof() && (start.len() as u64) < length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_type() {
        for (name, want) in [
            ("a.mkv", "video/x-matroska"),
            ("a.MP4", "video/mp4"),
            ("a.ts", "video/mp2t"),
            ("a.webm", "video/webm"),
            ("a.flac", "audio/flac"),
            ("a.vtt", "text/vtt"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.json", "application/json"),
            ("a.pdf", "application/pdf"),
            ("a.tar.gz", "application/gzip"),
        ] {
            assert_eq!(by_name(name).as_deref(), Some(want), "{name}");
        }
        for unknown in ["", "README", "a.", ".mp4", "a.qqqqq"] {
            assert_eq!(by_name(unknown), None, "{unknown}");
        }
        assert!(is_playable("a.mkv") && is_playable("a.Opus"));
        assert!(!is_playable("a.m3u8") && !is_playable("a.srt") && !is_playable("a"));
    }

    #[test]
    fn bytes_tell_the_type() {
        assert_eq!(by_content(b"\x89PNG\r\n\x1a\n\0\0", 10), "image/png");
        assert_eq!(
            by_content(b"<!DOCTYPE html><p>", 18),
            "text/html; charset=utf-8"
        );
        assert_eq!(
            by_content("grün".as_bytes(), 5),
            "text/plain; charset=utf-8"
        );
        assert_eq!(
            by_content(&"grün".as_bytes()[..3], 5),
            "text/plain; charset=utf-8"
        );
        assert_eq!(by_content(b"\x00\x01\x02", 3), UNKNOWN);
        assert_eq!(by_content(b"gr\xfcn", 4), UNKNOWN);
        assert_eq!(by_content(b"", 4), UNKNOWN);
        for (text, length, want) in [
            (" {\"a\": [1]}\n", 13, "application/json"),
            ("[1, 2, ", 5000, "application/json"),
            ("[1, 2, ", 7, "text/plain; charset=utf-8"),
            ("{a}", 3, "text/plain; charset=utf-8"),
            ("12", 2, "text/plain; charset=utf-8"),
        ] {
            assert_eq!(by_content(text.as_bytes(), length), want, "{text}");
        }
    }
}
