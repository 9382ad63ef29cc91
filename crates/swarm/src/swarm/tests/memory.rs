//! A torrent in memory, and contents that fail in the ways disks and peers do.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use librqbit_sha1_wrapper::{ISha1, Sha1};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{Content, Holding, Pieces, Torrent};

/// What a torrent's bytes are.
pub(super) struct Sample {
    pub(super) pieces: Pieces,
    pub(super) data: Vec<u8>,
    pub(super) info: Bytes,
    pub(super) infohash: Id20,
    hashes: Vec<[u8; 20]>,
}

impl Sample {
    /// A torrent of random bytes. Its info dictionary takes several messages.
    pub(super) fn new(length: usize, piece_length: u32) -> Arc<Self> {
        let mut random = StdRng::seed_from_u64(length as u64);
        let mut data = vec![0; length];
        random.fill(&mut data[..]);
        let pieces = Pieces::new(length as u64, piece_length).expect("pieces");
        let mut padding = vec![0; 40_000];
        random.fill(&mut padding[..]);
        let mut info = format!("d4:name6:sample7:padding{}:", padding.len()).into_bytes();
        info.extend(&padding);
        info.push(b'e');
        let slice = |piece| &data[range(pieces.bytes_of(piece))];
        let hashes = (0..pieces.count())
            .map(|piece| sha1(slice(piece)))
            .collect();
        Arc::new(Self {
            pieces,
            infohash: Id20::new(sha1(&info)),
            info: info.into(),
            hashes,
            data,
        })
    }
}

/// A [`Content`] in memory.
pub(super) struct Memory {
    pub(super) sample: Arc<Sample>,
    /// Whether what is read is not what was written.
    pub(super) lies: AtomicBool,
    /// Bytes that can be written before the disk is full.
    pub(super) room: AtomicI64,
    /// Pieces that there is room for, held ones included.
    pub(super) most_pieces: AtomicU32,
    /// Whether hashing fails.
    pub(super) broken: AtomicBool,
    /// Bytes that were written.
    pub(super) written: AtomicU64,
    /// Pieces that were read from, and how often.
    pub(super) read: Mutex<BTreeMap<u32, u32>>,
    kept: Mutex<Kept>,
}

struct Kept {
    bytes: Vec<u8>,
    holding: Vec<Holding>,
    /// The pieces that room was taken for.
    taken: BTreeSet<u32>,
}

impl Kept {
    fn room(&self, most: u32) -> u32 {
        most.saturating_sub(u32::try_from(self.taken.len()).expect("few"))
    }
}

impl Memory {
    /// One that holds the pieces that are named, checked.
    pub(super) fn with(sample: &Arc<Sample>, has: impl Fn(u32) -> bool) -> Arc<Self> {
        let mut kept = Kept {
            bytes: vec![0; sample.data.len()],
            holding: vec![Holding::Absent; sample.pieces.count() as usize],
            taken: BTreeSet::new(),
        };
        for piece in (0..sample.pieces.count()).filter(|piece| has(*piece)) {
            let bytes = range(sample.pieces.bytes_of(piece));
            kept.bytes[bytes.clone()].copy_from_slice(&sample.data[bytes]);
            kept.holding[piece as usize] = Holding::Checked;
            kept.taken.insert(piece);
        }
        Arc::new(Self {
            sample: Arc::clone(sample),
            lies: AtomicBool::new(false),
            room: AtomicI64::new(i64::MAX),
            most_pieces: AtomicU32::new(u32::MAX),
            broken: AtomicBool::new(false),
            written: AtomicU64::new(0),
            read: Mutex::default(),
            kept: Mutex::new(kept),
        })
    }

    pub(super) fn full(sample: &Arc<Sample>) -> Arc<Self> {
        Self::with(sample, |_| true)
    }

    pub(super) fn empty(sample: &Arc<Sample>) -> Arc<Self> {
        Self::with(sample, |_| false)
    }

    /// What it is as a torrent to be joined.
    pub(super) fn torrent(self: &Arc<Self>) -> Torrent {
        Torrent {
            infohash: self.sample.infohash,
            info: self.sample.info.clone(),
            private: false,
            pieces: self.sample.pieces,
            name: "sample".into(),
            files: Vec::new(),
            single_file: true,
            content: Arc::clone(self) as Arc<dyn Content>,
        }
    }

    /// Whether every piece is checked and every byte right.
    pub(super) fn is_whole(&self) -> bool {
        let kept = self.kept();
        let checked = |holding: &Holding| *holding == Holding::Checked;
        kept.holding.iter().all(checked) && kept.bytes == self.sample.data
    }

    /// Whether every byte of a piece is right.
    pub(super) fn is_right(&self, piece: u32) -> bool {
        let bytes = range(self.sample.pieces.bytes_of(piece));
        self.kept().bytes[bytes.clone()] == self.sample.data[bytes]
    }

    /// Frees the bytes of a piece, as a cache does after `Swarm::forget`.
    pub(super) fn give_up(&self, piece: u32) {
        let mut kept = self.kept();
        kept.holding[piece as usize] = Holding::Absent;
        kept.taken.remove(&piece);
        kept.bytes[range(self.sample.pieces.bytes_of(piece))].fill(0);
    }

    /// Makes a piece one that an unclean stop has left behind.
    pub(super) fn doubt(&self, piece: u32) {
        self.kept().holding[piece as usize] = Holding::Unchecked;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panics while it is held")
    }
}

impl Content for Memory {
    fn holding(&self, piece: u32) -> Holding {
        self.kept().holding[piece as usize]
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let length = i64::try_from(bytes.len()).expect("a block");
        let room = |room: i64| (room >= length).then(|| room - length);
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .map_err(|_| io::ErrorKind::StorageFull)?;
        self.written
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut kept = self.kept();
        let piece = self.sample.pieces.piece_at(offset);
        let is_limited = self.most_pieces.load(Ordering::Relaxed) < u32::MAX;
        if is_limited && !kept.taken.contains(&piece) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let piece = piece as usize;
        if kept.holding[piece] != Holding::Checked {
            kept.bytes[range(offset..offset + bytes.len() as u64)].copy_from_slice(bytes);
        }
        Ok(())
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let piece = self.sample.pieces.piece_at(offset);
        let mut read = self.read.lock().expect("nobody panics while it is held");
        *read.entry(piece).or_default() += 1;
        drop(read);
        let bytes = range(offset..offset + into.len() as u64);
        into.copy_from_slice(&self.kept().bytes[bytes]);
        if self.lies.load(Ordering::Relaxed)
            && let Some(first) = into.first_mut()
        {
            *first ^= 1;
        }
        Ok(())
    }

    fn reserve(&self, piece: u32) -> bool {
        let mut kept = self.kept();
        let room = kept.room(self.most_pieces.load(Ordering::Relaxed));
        kept.taken.contains(&piece) || (room > 0 && kept.taken.insert(piece))
    }

    fn room(&self) -> u32 {
        self.kept().room(self.most_pieces.load(Ordering::Relaxed))
    }

    fn check(&self, piece: u32) -> io::Result<bool> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is broken"));
        }
        let mut kept = self.kept();
        let hash = sha1(&kept.bytes[range(self.sample.pieces.bytes_of(piece))]);
        let right = hash == self.sample.hashes[piece as usize];
        if right {
            kept.holding[piece as usize] = Holding::Checked;
        }
        Ok(right)
    }
}

fn range(bytes: std::ops::Range<u64>) -> std::ops::Range<usize> {
    let narrow = |at| usize::try_from(at).expect("a small torrent");
    narrow(bytes.start)..narrow(bytes.end)
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(bytes);
    hash.finish()
}
