//! A skeleton as bytes.

use super::{Kind, Parts, Spans};
use crate::magic::{Format, Packing};

/// Raised when the formats read other bytes than before: what was kept then is of no use.
pub(super) const VERSION: &str = "skeleton 2";

/// Says that no length is known.
const NO_LENGTH: u64 = u64::MAX;

impl Parts {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![code(self.kind.format), u8::from(self.kind.is_cut)];
        let mut number = |number: u64| bytes.extend_from_slice(&number.to_le_bytes());
        number(begin(self.kind.format));
        number(self.unpacked_length.unwrap_or(NO_LENGTH));
        number(self.files.len() as u64);
        for spans in self.files.iter().chain([&self.unpacked]) {
            bytes.extend_from_slice(&(spans.iter().len() as u64).to_le_bytes());
            for (at, span) in spans.iter() {
                bytes.extend_from_slice(&at.to_le_bytes());
                bytes.extend_from_slice(&(span.len() as u64).to_le_bytes());
                bytes.extend_from_slice(span);
            }
        }
        bytes
    }

    /// What was encoded, if that is what it is. It takes note of `most` bytes more at most.
    pub(super) fn decode(bytes: &[u8], most: u64) -> Option<Self> {
        let ([format, is_cut], mut rest) = bytes.split_first_chunk::<2>()?;
        let kind = Kind {
            format: format_of(*format, number(&mut rest)?)?,
            is_cut: *is_cut != 0,
        };
        let unpacked_length = Some(number(&mut rest)?).filter(|length| *length != NO_LENGTH);
        let count = number(&mut rest)?;
        let mut left = most;
        let mut files = Vec::new();
        for _ in 0..count {
            files.push(spans(&mut rest, &mut left)?);
        }
        let unpacked = spans(&mut rest, &mut left)?;
        rest.is_empty().then_some(Self {
            kind,
            files,
            unpacked,
            unpacked_length,
            left,
            has_grown: false,
        })
    }
}

fn spans(rest: &mut &[u8], left: &mut u64) -> Option<Spans> {
    let mut spans = Spans::default();
    for _ in 0..number(rest)? {
        let at = number(rest)?;
        let length = usize::try_from(number(rest)?).ok()?;
        let span = rest.split_off(..length)?;
        at.checked_add(length as u64)?;
        spans.note(at, span, left);
    }
    Some(spans)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u64::from_le_bytes(*number))
}

/// The number of a format on disk.
fn code(format: Format) -> u8 {
    match format {
        Format::Zip => 0,
        Format::Rar => 1,
        Format::Seven(_) => 2,
        Format::Tar => 3,
        Format::PackedTar(Packing::Gzip) => 4,
        Format::PackedTar(Packing::Zstd) => 5,
        Format::PackedTar(Packing::Xz) => 6,
        Format::PackedTar(Packing::Bzip2) => 7,
    }
}

/// Where the archive begins within its file.
fn begin(format: Format) -> u64 {
    match format {
        Format::Seven(begin) => begin,
        Format::Zip | Format::Rar | Format::Tar | Format::PackedTar(_) => 0,
    }
}

fn format_of(number: u8, begin: u64) -> Option<Format> {
    let packed = [Packing::Gzip, Packing::Zstd, Packing::Xz, Packing::Bzip2];
    let all = [Format::Zip, Format::Rar, Format::Seven(begin), Format::Tar];
    let mut all = all.into_iter().chain(packed.map(Format::PackedTar));
    all.find(|format| code(*format) == number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::skeleton::Skeleton;

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(
            format in 0_u8..8,
            is_cut: bool,
            notes in proptest::collection::vec((0_usize..3, 0_u64..1000, 0_usize..50), 0..20),
        ) {
            let kind = Kind { format: format_of(format, 77).expect("known"), is_cut };
            let skeleton = Skeleton::new(kind, 1 << 20);
            for (file, at, length) in &notes {
                skeleton.note(*file, *at, &vec![*at as u8; *length]);
            }
            let mut parts = skeleton.parts().take().expect("not sealed");
            let mut back = Parts::decode(&parts.encode(), 1 << 20).expect("sound");
            parts.has_grown = false;
            (back.left, parts.left) = (0, 0);
            prop_assert_eq!(back, parts);
        }

        #[test]
        fn anything_else_is_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _decoded = Parts::decode(&bytes, 1 << 20);
        }
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let kind = Kind {
            format: Format::Tar,
            is_cut: false,
        };
        let skeleton = Skeleton::new(kind, 1000);
        skeleton.note(1, 5, b"bytes");
        let bytes = skeleton.seal().expect("it has grown").encode();
        for length in 0..bytes.len() {
            assert!(Parts::decode(&bytes[..length], 1000).is_none(), "{length}");
        }
    }
}
