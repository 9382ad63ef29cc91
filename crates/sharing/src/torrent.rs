//! The info dictionary of a torrent of version 1 (BEP 3).

use librqbit_sha1_wrapper::{ISha1, Sha1};

use crate::Source;

/// Sizes up to which a piece length is taken, in bytes: 16 KiB for the first, twice as much for each
/// that follows, 16 MiB beyond the last. These are the steps of libtorrent's `create_torrent`.
const STEPS: [u64; 10] = [
    2_684_355,
    10_737_418,
    42_949_673,
    171_798_692,
    687_194_767,
    2_748_779_069,
    10_995_116_278,
    43_980_465_111,
    175_921_860_444,
    703_687_441_777,
];

/// The length of the pieces of a torrent of so many bytes, in bytes.
#[must_use]
pub fn piece_length(total: u64) -> u32 {
    let step = STEPS.partition_point(|most| *most < total);
    (16 << 10) << step
}

/// Cuts what runs through into pieces and hashes them.
pub(crate) struct Pieces {
    length: usize,
    filled: usize,
    hash: Sha1,
    hashes: Vec<u8>,
}

impl Pieces {
    pub(crate) fn of(total: u64) -> Self {
        Self {
            length: piece_length(total) as usize,
            filled: 0,
            hash: Sha1::new(),
            hashes: Vec::new(),
        }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = (self.length - self.filled).min(bytes.len());
            let (now, rest) = bytes.split_at(room);
            self.hash.update(now);
            self.filled += room;
            bytes = rest;
            if self.filled == self.length {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        let hash = std::mem::replace(&mut self.hash, Sha1::new());
        self.hashes.extend_from_slice(&hash.finish());
        self.filled = 0;
    }

    /// The hashes of all pieces, one behind the other.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.cut();
        }
        self.hashes
    }
}

/// The info dictionary of a source with these piece hashes.
pub(crate) fn info(source: &Source, hashes: &[u8]) -> Vec<u8> {
    let mut info = b"d".to_vec();
    if source.is_folder {
        text(&mut info, b"files");
        info.push(b'l');
        for file in &source.files {
            info.push(b'd');
            text(&mut info, b"length");
            number(&mut info, file.stamp.length);
            text(&mut info, b"path");
            info.push(b'l');
            for name in &file.names {
                text(&mut info, name.as_bytes());
            }
            info.extend_from_slice(b"ee");
        }
        info.push(b'e');
    } else {
        text(&mut info, b"length");
        number(&mut info, source.length());
    }
    text(&mut info, b"name");
    text(&mut info, source.name.as_bytes());
    text(&mut info, b"piece length");
    number(&mut info, u64::from(piece_length(source.length())));
    text(&mut info, b"pieces");
    text(&mut info, hashes);
    info.push(b'e');
    info
}

/// The hash that names an info dictionary.
pub(crate) fn infohash(info: &[u8]) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(info);
    hash.finish()
}

fn text(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(bytes.len().to_string().as_bytes());
    into.push(b':');
    into.extend_from_slice(bytes);
}

fn number(into: &mut Vec<u8>, number: u64) {
    into.extend_from_slice(format!("i{number}e").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libtorrent 2.1.1 chooses, at both sides of each step.
    #[test]
    fn pieces_are_as_long_as_libtorrent_makes_them() {
        for (total, kib) in [
            (1, 16),
            (2_684_355, 16),
            (2_684_356, 32),
            (10_737_419, 64),
            (687_194_767, 256),
            (687_194_768, 512),
            (703_687_441_777, 8192),
            (703_687_441_778, 16_384),
            (8 << 40, 16_384),
        ] {
            assert_eq!(piece_length(total), kib << 10, "{total}");
        }
    }
}
