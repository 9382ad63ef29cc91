//! Where the blocks of a share are: sorted by digest in a file, with a mark for every 64th in memory.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use crate::{Sink, disk, sink::Digest};

/// Bytes of one place in the file: digest, number of the file, length, offset.
const ROW: usize = 32 + 4 + 4 + 8;

/// Places between two marks.
const STRIDE: usize = 64;

/// The file of a block that no file of the user has: it is among the nodes.
pub(crate) const NODES: u32 = u32::MAX;

/// The longest block that is made, in bytes, with room to spare: a leaf or a node of 1024 links has less,
/// a plain directory 256 KiB.
pub(crate) const LONGEST: usize = 2 << 20;

/// Most blocks of one share: while it is hashed their places are in memory.
pub(crate) const MOST_BLOCKS: usize = 1 << 24;

/// Where a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of a file, or [`NODES`].
    pub(crate) file: u32,
    pub(crate) length: u32,
    pub(crate) offset: u64,
}

/// The places of the blocks of one share.
pub(crate) struct Index {
    file: File,
    rows: usize,
    /// The first bytes of every 64th digest.
    marks: Vec<u64>,
}

impl Index {
    /// Opens an index that [`Writing::finish`] wrote.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (file, metadata) = disk::open(path)?;
        let rows = usize::try_from(metadata.len()).map_err(io::Error::other)? / ROW;
        let mut marks = Vec::with_capacity(rows.div_ceil(STRIDE));
        for row in (0..rows).step_by(STRIDE) {
            let mut head = [0; 8];
            disk::read_exact_at(&file, &mut head, (row * ROW) as u64)?;
            marks.push(u64::from_be_bytes(head));
        }
        Ok(Self { file, rows, marks })
    }

    /// Where blocks of this digest are, at most four places. Reads 3 KiB of the file.
    pub(crate) fn find(&self, digest: &Digest) -> io::Result<Vec<Place>> {
        let (head, _) = digest.split_at(8);
        let head = u64::from_be_bytes(head.try_into().map_err(io::Error::other)?);
        // Equal digests may begin in the stride before the first mark that is as large.
        let mark = self.marks.partition_point(|mark| *mark < head);
        let mut row = mark.saturating_sub(1) * STRIDE;
        let mut found = Vec::new();
        let mut stride = vec![0; STRIDE * ROW];
        while row < self.rows {
            let rows = STRIDE.min(self.rows - row);
            let stride = &mut stride[..rows * ROW];
            disk::read_exact_at(&self.file, stride, (row * ROW) as u64)?;
            for (of, place) in stride.chunks_exact(ROW).filter_map(parsed) {
                if of > *digest || found.len() == 4 {
                    return Ok(found);
                }
                if of == *digest {
                    found.push(place);
                }
            }
            row += rows;
        }
        Ok(found)
    }
}

fn parsed(row: &[u8]) -> Option<(Digest, Place)> {
    let (digest, rest) = row.split_first_chunk::<32>()?;
    let (file, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let offset = rest.first_chunk::<8>()?;
    let place = Place {
        file: u32::from_le_bytes(*file),
        length: u32::from_le_bytes(*length),
        offset: u64::from_le_bytes(*offset),
    };
    Some((*digest, place))
}

/// An index that is being made: nodes go to their file at once, places stay in memory until the end.
pub(crate) struct Writing {
    nodes: BufWriter<File>,
    at: u64,
    places: Vec<(Digest, Place)>,
}

impl Writing {
    /// Begins with a new file for nodes.
    pub(crate) fn begin(nodes: &Path) -> io::Result<Self> {
        Ok(Self {
            nodes: BufWriter::new(File::create_new(nodes)?),
            at: 0,
            places: Vec::new(),
        })
    }

    /// Writes the index, and waits until all of it is on disk.
    pub(crate) fn finish(self, index: &Path) -> io::Result<()> {
        let Self {
            nodes, mut places, ..
        } = self;
        let nodes = nodes.into_inner().map_err(io::IntoInnerError::into_error)?;
        nodes.sync_all()?;
        places.sort_unstable_by_key(|(digest, place)| (*digest, place.file, place.offset));
        let mut out = BufWriter::new(File::create_new(index)?);
        for (digest, place) in places {
            out.write_all(&digest)?;
            out.write_all(&place.file.to_le_bytes())?;
            out.write_all(&place.length.to_le_bytes())?;
            out.write_all(&place.offset.to_le_bytes())?;
        }
        let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.sync_all()
    }

    fn note(&mut self, digest: Digest, place: Place) -> io::Result<()> {
        if self.places.len() >= MOST_BLOCKS {
            return Err(io::Error::other("it has more than 16 million blocks"));
        }
        self.places.push((digest, place));
        Ok(())
    }
}

impl Sink for Writing {
    fn leaf(&mut self, digest: Digest, file: u32, offset: u64, length: u32) -> io::Result<()> {
        let place = Place {
            file,
            length,
            offset,
        };
        self.note(digest, place)
    }

    fn node(&mut self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let place = Place {
            file: NODES,
            length: u32::try_from(bytes.len()).map_err(io::Error::other)?,
            offset: self.at,
        };
        self.nodes.write_all(bytes)?;
        self.at += bytes.len() as u64;
        self.note(digest, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_found_and_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writing = Writing::begin(&folder.path().join("nodes")).expect("a file");
        // Digests that begin alike, some of them equal.
        let digest = |number: u32| {
            let mut digest = [0; 32];
            digest[..2].copy_from_slice(&((number / 150) as u16).to_be_bytes());
            digest[28..].copy_from_slice(&(number / 3).to_be_bytes());
            digest
        };
        for number in (0..999).rev() {
            let noted = writing.leaf(digest(number), number, u64::from(number), 7);
            noted.expect("noted");
        }
        writing.node([0xff; 32], b"node").expect("noted");
        let path = folder.path().join("blocks");
        writing.finish(&path).expect("written");
        let index = Index::open(&path).expect("opened");
        for number in 0..999 {
            let found = index.find(&digest(number)).expect("read");
            let files: Vec<_> = found.iter().map(|place| place.file).collect();
            let first = number / 3 * 3;
            assert_eq!(files, [first, first + 1, first + 2]);
        }
        let node = index.find(&[0xff; 32]).expect("read");
        let place = Place {
            file: NODES,
            length: 4,
            offset: 0,
        };
        assert_eq!(node, [place]);
        assert!(index.find(&[7; 32]).expect("read").is_empty());
        assert!(index.find(&[0; 32]).expect("read").len() == 3);
    }
}
