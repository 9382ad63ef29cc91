//! One share: its pieces and blocks, read from the user's files and hashed before they leave.

mod doubts;
mod pieces;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cid::Cid;
use librqbit_sha1_wrapper::{ISha256, Sha256};

use crate::{
    LeftOut, Stamp,
    blocks::{self, Index, Place},
    cache::Cache,
    disk,
    manifest::{self, Manifest},
    sink::Digest,
};

use doubts::{Doubts, Why};
use pieces::Pieces;

/// Something that is shared.
pub struct Share {
    number: u64,
    manifest: Manifest,
    /// Where each file begins, as if they lay one behind the other.
    starts: Vec<u64>,
    pieces: Option<Pieces>,
    blocks: Option<Blocks>,
    doubts: Mutex<Doubts>,
    cache: Arc<Cache>,
    /// Whoever reads a piece: peers that want the same one wait and find it in the cache.
    reading: Mutex<()>,
}

struct Blocks {
    cid: Cid,
    index: Index,
    nodes: File,
}

impl Share {
    /// Opens what was noted in a folder.
    pub(crate) fn open(number: u64, folder: &Path, cache: &Arc<Cache>) -> io::Result<Self> {
        let (manifest, info) = Manifest::read(folder)?;
        let length = manifest.source.length();
        let pieces = info.map(|info| Pieces::parse(info.into(), length));
        let blocks = match manifest.cid() {
            None => None,
            Some(cid) => Some(Blocks {
                cid,
                index: Index::open(&folder.join(manifest::BLOCKS))?,
                nodes: File::open(folder.join(manifest::NODES))?,
            }),
        };
        let mut starts = Vec::with_capacity(manifest.source.files.len());
        let mut at = 0;
        for file in &manifest.source.files {
            starts.push(at);
            at += file.stamp.length;
        }
        Ok(Self {
            number,
            manifest,
            starts,
            pieces: pieces.transpose()?,
            blocks,
            doubts: Mutex::default(),
            cache: Arc::clone(cache),
            reading: Mutex::default(),
        })
    }

    /// Its number, which no other share of this agent ever has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What others see it called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.source.name
    }

    /// All of it, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.manifest.source.length()
    }

    /// How many files it has.
    #[must_use]
    pub fn files(&self) -> usize {
        self.manifest.source.files.len()
    }

    /// Whether it is a folder, and not one file.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.manifest.source.is_folder
    }

    /// What the user named.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.manifest.paths
    }

    /// When it was shared, in seconds since 1970.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.manifest.since
    }

    /// What lies below it and is not shared.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.manifest.source.left_out
    }

    /// Its root in IPFS, where it is shared there.
    #[must_use]
    pub fn cid(&self) -> Option<Cid> {
        self.blocks.as_ref().map(|blocks| blocks.cid)
    }

    /// The info dictionary and its hash, where it is shared as a torrent.
    #[must_use]
    pub fn torrent(&self) -> Option<(Bytes, [u8; 20])> {
        let pieces = self.pieces.as_ref()?;
        Some((pieces.info.clone(), pieces.infohash))
    }

    /// Its infohash, where it is shared as a torrent.
    #[must_use]
    pub fn infohash(&self) -> Option<[u8; 20]> {
        self.pieces.as_ref().map(|pieces| pieces.infohash)
    }

    /// Files that are not served any more, at most so many, and how many there are.
    #[must_use]
    pub fn changed(&self, most: usize) -> (Vec<(PathBuf, &'static str)>, usize) {
        let doubts = self.doubts();
        let files = &self.manifest.source.files;
        let told = doubts.files().take(most).filter_map(|(number, why)| {
            let file = files.get(number as usize)?;
            Some((self.manifest.source.path_of(file), why.text()))
        });
        (told.collect(), doubts.files().count() + doubts.pieces())
    }

    /// Rises whenever what is served changes.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.doubts().revision
    }

    /// Whether a piece is offered. Answers from memory.
    #[must_use]
    pub fn has_piece(&self, piece: u32) -> bool {
        let Some(bytes) = self.pieces.as_ref().and_then(|all| all.bytes_of(piece)) else {
            return false;
        };
        let doubts = self.doubts();
        doubts.is_none() || !doubts.has_piece(piece) && !doubts.has_any(self.files_of(bytes))
    }

    /// Reads a piece and hashes it; none where it is not served any more. Blocks on the disk.
    #[must_use]
    pub fn read_piece(&self, piece: u32) -> Option<Bytes> {
        let pieces = self.pieces.as_ref()?;
        if !self.has_piece(piece) {
            return None;
        }
        if let Some(cached) = self.cache.get(self.number, piece) {
            return Some(cached);
        }
        let _reading = guard(&self.reading);
        if let Some(cached) = self.cache.get(self.number, piece) {
            return Some(cached);
        }
        let range = pieces.bytes_of(piece)?;
        let length = usize::try_from(range.end - range.start).ok()?;
        let mut bytes = vec![0; length];
        let mut at = 0;
        let files = self.files_of(range.clone());
        for number in files.clone() {
            let (file, start) = (
                self.manifest.source.files.get(number)?,
                *self.starts.get(number)?,
            );
            let from = range.start.saturating_sub(start);
            let upto = (range.end - start).min(file.stamp.length);
            let length = usize::try_from(upto.saturating_sub(from)).ok()?;
            if length == 0 {
                continue;
            }
            self.read_file(number, from, bytes.get_mut(at..at + length)?)?;
            at += length;
        }
        if !pieces.is_right(piece, &bytes) {
            if files.len() == 1 {
                self.doubt(files.start, Why::Hash);
            } else {
                // Nobody can tell which of the files it is.
                self.doubts().add_piece(piece);
            }
            return None;
        }
        let bytes = Bytes::from(bytes);
        self.cache.put(self.number, piece, bytes.clone());
        Some(bytes)
    }

    /// The length of a block, if it is offered. Reads 3 KiB of the index.
    #[must_use]
    pub fn block_length(&self, digest: &Digest) -> Option<u64> {
        let place = self.places(digest).into_iter().next()?;
        Some(u64::from(place.length))
    }

    /// Reads a block and hashes it; none where it is not served any more. Blocks on the disk.
    #[must_use]
    pub fn read_block(&self, digest: &Digest) -> Option<Bytes> {
        let places = self.places(digest);
        places
            .into_iter()
            .find_map(|place| self.read_place(place, digest))
    }

    fn read_place(&self, place: Place, digest: &Digest) -> Option<Bytes> {
        let length = usize::try_from(place.length).ok();
        let mut bytes = vec![0; length.filter(|length| *length <= blocks::LONGEST)?];
        if place.file == blocks::NODES {
            let nodes = &self.blocks.as_ref()?.nodes;
            disk::read_exact_at(nodes, &mut bytes, place.offset)
                .inspect_err(|error| tracing::warn!(%error, "the notes of a share are damaged"))
                .ok()?;
        } else {
            self.read_file(place.file as usize, place.offset, &mut bytes)?;
        }
        let mut hash = Sha256::new();
        hash.update(&bytes);
        if hash.finish() == *digest {
            return Some(bytes.into());
        }
        if place.file != blocks::NODES {
            self.doubt(place.file as usize, Why::Hash);
        }
        None
    }

    /// Where a block is, without the places that are not served any more.
    fn places(&self, digest: &Digest) -> Vec<Place> {
        let Some(blocks) = &self.blocks else {
            return Vec::new();
        };
        let found = blocks.index.find(digest).unwrap_or_else(|error| {
            tracing::warn!(%error, "the notes of a share are damaged");
            Vec::new()
        });
        let doubts = self.doubts();
        let is_served =
            |place: &Place| place.file == blocks::NODES || !doubts.has_file(place.file as usize);
        found.into_iter().filter(is_served).collect()
    }

    /// Reads a stretch of a file that is still what it was; none where it is not.
    fn read_file(&self, number: usize, offset: u64, into: &mut [u8]) -> Option<()> {
        let file = self.manifest.source.files.get(number)?;
        let read =
            disk::open(&self.manifest.source.path_of(file)).and_then(|(opened, metadata)| {
                if Stamp::of(&metadata) != file.stamp {
                    return Ok(Err(Why::Changed));
                }
                disk::read_exact_at(&opened, into, offset).map(Ok)
            });
        match read {
            Ok(Ok(())) => Some(()),
            Ok(Err(why)) => {
                self.doubt(number, why);
                None
            }
            Err(error) => {
                tracing::debug!(%error, "a shared file cannot be read");
                self.doubt(number, Why::Gone);
                None
            }
        }
    }

    /// Looks at every file: those that changed are not served any more, those that are again what they
    /// were are served again. Blocks on the disk.
    pub fn look(&self) {
        for (number, file) in self.manifest.source.files.iter().enumerate() {
            let metadata = self.manifest.source.path_of(file).metadata();
            let why = match metadata.map(|metadata| (metadata.is_file(), Stamp::of(&metadata))) {
                Ok((true, stamp)) if stamp == file.stamp => {
                    self.doubts().is_back(number);
                    continue;
                }
                Ok(_) => Why::Changed,
                Err(_) => Why::Gone,
            };
            self.doubt(number, why);
        }
    }

    fn doubt(&self, number: usize, why: Why) {
        let is_new = self.doubts().add(number, why);
        if let Some(file) = self.manifest.source.files.get(number).filter(|_| is_new) {
            let path = self.manifest.source.path_of(file);
            tracing::warn!(path = %path.display(), "a shared file {}; it is not served any more", why.text());
            self.cache.forget(self.number);
        }
    }

    /// The files that have any of these bytes.
    fn files_of(&self, bytes: std::ops::Range<u64>) -> std::ops::Range<usize> {
        // The last that begins at or before the first byte; those of no length before it do not matter.
        let first = self.starts.partition_point(|start| *start <= bytes.start);
        let end = self.starts.partition_point(|start| *start < bytes.end);
        first.saturating_sub(1)..end
    }

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        guard(&self.doubts)
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
