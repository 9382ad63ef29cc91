//! What the two processes say to each other over the child's standard streams.
//!
//! The parent begins with a [`Start`]. The child answers in frames, each a [`Kind`] with the number of
//! bytes that follow; whenever it asks for a volume, the parent sends its length in four bytes, and it.

/// What the child has to know before all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Bytes of memory for what the decoder refers back to.
    pub(crate) memory: u64,
    /// Seconds of work.
    pub(crate) seconds: u64,
    /// Entries of the archive.
    pub(crate) members: u32,
}

impl Start {
    pub(crate) const LENGTH: usize = 20;

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.extend(self.memory.to_le_bytes());
        bytes.extend(self.seconds.to_le_bytes());
        bytes.extend(self.members.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (memory, rest) = bytes.split_first_chunk()?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let (members, _) = rest.split_first_chunk()?;
        Some(Self {
            memory: u64::from_le_bytes(*memory),
            seconds: u64::from_le_bytes(*seconds),
            members: u32::from_le_bytes(*members),
        })
    }
}

/// What the child says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It needs the next volume; nothing follows.
    Volume = b'V' as isize,
    /// Decoded bytes follow.
    Bytes = b'B' as isize,
    /// Everything was decoded and is right; nothing follows. Without this word nothing is.
    Done = b'D' as isize,
    /// It failed; the library's number for that follows, in four bytes.
    Failed = b'F' as isize,
}

/// A frame's kind and the length of what follows.
pub(crate) const HEAD: usize = 5;

pub(crate) fn head(kind: Kind, length: u32) -> [u8; HEAD] {
    let [a, b, c, d] = length.to_le_bytes();
    [kind as u8, a, b, c, d]
}

pub(crate) fn parse(head: [u8; HEAD]) -> Option<(Kind, u32)> {
    let [kind, length @ ..] = head;
    let kinds = [Kind::Volume, Kind::Bytes, Kind::Done, Kind::Failed];
    let kind = kinds.into_iter().find(|known| *known as u8 == kind)?;
    Some((kind, u32::from_le_bytes(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let start = Start {
            memory: 1 << 40,
            seconds: 77,
            members: u32::MAX,
        };
        let bytes = start.to_bytes().try_into().expect("its length");
        assert_eq!(Start::from_bytes(&bytes), Some(start));
        assert_eq!(parse(head(Kind::Bytes, 300)), Some((Kind::Bytes, 300)));
        assert_eq!(parse(*b"X\0\0\0\0"), None);
    }
}
