//! Archives made in memory: stored entries, any number of volumes, right checksums.

pub(super) use super::super::write::{five, four, number as vint};

/// The generation of an archive that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    Four,
    Five,
}

/// A file to put into an archive.
pub(super) struct Put<'a> {
    pub(super) name: &'a [u8],
    pub(super) bytes: &'a [u8],
    /// Bytes of it in every volume from where it begins, the last for all that follow; empty for all
    /// of it in one.
    pub(super) lengths: Vec<usize>,
}

impl<'a> Put<'a> {
    pub(super) fn whole(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            name: name.as_bytes(),
            bytes,
            lengths: Vec::new(),
        }
    }

    pub(super) fn split(name: &'a str, bytes: &'a [u8], first: usize, others: usize) -> Self {
        Self {
            lengths: vec![first, others],
            ..Self::whole(name, bytes)
        }
    }
}

/// Makes the volumes of a set with these files, one after the other.
pub(super) fn volumes(generation: Generation, files: &[Put<'_>]) -> Vec<Vec<u8>> {
    let is_volume = files.iter().any(|file| !file.lengths.is_empty());
    let mut volumes = vec![generation.start(is_volume, 0)];
    for file in files {
        let mut rest = file.bytes;
        let mut lengths = file.lengths.iter().copied();
        let mut length = lengths.next().unwrap_or(rest.len());
        let mut before = false;
        loop {
            let (part, behind) = rest.split_at(length.min(rest.len()));
            let after = !behind.is_empty();
            let checksum = crc32fast::hash(if after { part } else { file.bytes });
            let volume = volumes.last_mut().expect("one");
            let flags = Flags { before, after };
            let whole = file.bytes.len() as u64;
            volume.extend(generation.file(file.name, part.len() as u64, whole, checksum, flags));
            volume.extend(part);
            if !after {
                break;
            }
            volume.extend(generation.end(true));
            let number = volumes.len() as u64;
            volumes.push(generation.start(true, number));
            (rest, length, before) = (behind, lengths.next().unwrap_or(length), true);
        }
    }
    volumes
        .last_mut()
        .expect("one")
        .extend(generation.end(false));
    volumes
}

/// Whether a part goes on from, or in, another volume.
#[derive(Clone, Copy)]
pub(super) struct Flags {
    pub(super) before: bool,
    pub(super) after: bool,
}

impl Generation {
    /// The mark and the main header.
    pub(super) fn start(self, is_volume: bool, number: u64) -> Vec<u8> {
        match self {
            Self::Four => {
                let flags = if is_volume { 0x11 } else { 0 };
                [b"Rar!\x1a\x07\x00".to_vec(), four(0x73, flags, &[0; 6])].concat()
            }
            Self::Five => {
                let mut fields = vec![1, 0];
                match (is_volume, number) {
                    (false, _) => fields.push(0),
                    (true, 0) => fields.push(1),
                    (true, _) => {
                        fields.push(3);
                        fields.extend(vint(number));
                    }
                }
                [b"Rar!\x1a\x07\x01\x00".to_vec(), five(&fields)].concat()
            }
        }
    }

    /// The header of a file that is stored.
    pub(super) fn file(
        self,
        name: &[u8],
        packed: u64,
        whole: u64,
        checksum: u32,
        flags: Flags,
    ) -> Vec<u8> {
        let (before, after) = (u16::from(flags.before), u16::from(flags.after));
        match self {
            Self::Four => {
                let mut fields = Vec::new();
                fields.extend((packed as u32).to_le_bytes());
                fields.extend((whole as u32).to_le_bytes());
                fields.push(3);
                fields.extend(checksum.to_le_bytes());
                fields.extend(0x5a97_6c42_u32.to_le_bytes());
                fields.extend([29, 0x30]);
                fields.extend((name.len() as u16).to_le_bytes());
                fields.extend(0o100_644_u32.to_le_bytes());
                fields.extend(((packed >> 32) as u32).to_le_bytes());
                fields.extend(((whole >> 32) as u32).to_le_bytes());
                fields.extend(name);
                four(0x74, 0x8100 | before | after << 1, &fields)
            }
            Self::Five => {
                let mut fields = vec![2];
                fields.extend(vint(u64::from(0x02 | before << 3 | after << 4)));
                // As RAR does, in a width that suits all parts.
                fields.extend(wide(packed));
                fields.extend([0x04]);
                fields.extend(vint(whole));
                fields.extend(vint(0o100_644));
                fields.extend(checksum.to_le_bytes());
                fields.extend([0, 1]);
                fields.extend(vint(name.len() as u64));
                fields.extend(name);
                five(&fields)
            }
        }
    }

    /// The end mark.
    pub(super) fn end(self, more: bool) -> Vec<u8> {
        match self {
            Self::Four => four(0x7b, u16::from(more) | 0x4000, &[]),
            Self::Five => five(&[5, 0, u8::from(more)]),
        }
    }
}

/// A number of RAR 5 in five bytes.
fn wide(number: u64) -> Vec<u8> {
    let bytes = (0..5).map(|at| (number >> (7 * at)) as u8 & 0x7f | if at < 4 { 0x80 } else { 0 });
    bytes.collect()
}
