//! Several ranges in one body: `multipart/byteranges` (RFC 9110, section 14.6).

use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use universal_p2p_core::{ByteStream, Error};

/// What stands around the parts, worked out before the first byte so that the length is known.
pub(crate) struct Frames {
    boundary: String,
    parts: Vec<Part>,
    closing: Bytes,
}

struct Part {
    head: Bytes,
    length: u64,
}

impl Frames {
    /// Plans the body for parts of a file.
    pub(crate) fn new(ranges: &[Range<u64>], media_type: &str, file_length: u64) -> Self {
        let boundary = boundary();
        let parts = ranges.iter().enumerate().map(|(index, range)| {
            let line = if index == 0 { "" } else { "\r\n" };
            let head = format!(
                "{line}--{boundary}\r\nContent-Type: {media_type}\r\n\
                 Content-Range: bytes {}-{}/{file_length}\r\n\r\n",
                range.start,
                range.end - 1
            );
            Part {
                head: head.into(),
                length: range.end - range.start,
            }
        });
        Self {
            parts: parts.collect(),
            closing: format!("\r\n--{boundary}--\r\n").into(),
            boundary,
        }
    }

    /// The media type of the whole body.
    pub(crate) fn media_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The length of the whole body in bytes.
    pub(crate) fn length(&self) -> u64 {
        let part = |part: &Part| part.head.len() as u64 + part.length;
        self.parts.iter().map(part).sum::<u64>() + self.closing.len() as u64
    }

    /// Puts the frames around the bytes of all parts in a row.
    pub(crate) fn around(self, source: ByteStream) -> ByteStream {
        let start = Framing {
            source,
            parts: self.parts.into_iter(),
            remaining: 0,
            held: Bytes::new(),
            closing: Some(self.closing),
        };
        stream::try_unfold(start, Framing::next).boxed()
    }
}

/// How far a body has come.
struct Framing {
    source: ByteStream,
    parts: std::vec::IntoIter<Part>,
    remaining: u64,
    held: Bytes,
    closing: Option<Bytes>,
}

impl Framing {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        if self.remaining == 0 {
            let frame = match self.parts.next() {
                Some(part) => {
                    self.remaining = part.length;
                    Some(part.head)
                }
                None => self.closing.take(),
            };
            return Ok(frame.map(|frame| (frame, self)));
        }
        if self.held.is_empty() {
            let more = self.source.try_next().await?;
            self.held = more.ok_or_else(|| {
                Error::internal("reading several ranges", "the stream ended early")
            })?;
        }
        let limit = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        let bytes = self.held.split_to(limit.min(self.held.len()));
        self.remaining -= bytes.len() as u64;
        Ok(Some((bytes, self)))
    }
}

/// A line that no file can contain on purpose, because nobody can guess it.
fn boundary() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_length_is_known_beforehand() {
        let frames = Frames::new(&[0..3, 8..10], "text/plain", 10);
        let (length, boundary) = (frames.length(), frames.boundary.clone());
        // The chunks do not end where the parts do.
        let chunks = ["ab", "ci", "j"].map(|text| Ok(Bytes::from(text)));
        let body = frames.around(stream::iter(chunks).boxed());
        let body: Vec<Bytes> = body
            .try_collect()
            .now_or_never()
            .expect("nothing waits")
            .expect("complete");
        let body = String::from_utf8(body.concat()).expect("text");
        assert_eq!(body.len() as u64, length);
        let part = |range, text| {
            format!(
                "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n"
            )
        };
        let want = format!(
            "{}{}--{boundary}--\r\n",
            part("0-2", "abc"),
            part("8-9", "ij")
        );
        assert_eq!(body, want);
    }

    #[test]
    fn missing_bytes_are_an_error() {
        let frames = Frames::new(&[0..3, 8..10], "text/plain", 10);
        let body = frames.around(stream::iter([Ok(Bytes::from("abci"))]).boxed());
        let collected: Result<Vec<Bytes>, _> =
            body.try_collect().now_or_never().expect("nothing waits");
        assert!(collected.is_err());
    }
}
