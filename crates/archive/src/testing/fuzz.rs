//! What the fuzzing of the parsers shares: bytes that are bent, sources that count, and what has to be
//! true of every index, whoever wrote the archive.
//!
//! How many cases are run follows the environment variable `PROPTEST_CASES`: 256 stands for what every
//! run of the suite takes, 25600 for a hundred times as many.

use std::{
    ops::Range,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::{prelude::*, sample::Index as Place};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{ByteStream, Dir, Error, File, Meta, Node, ReadCx, Result};

use super::{CX, all, outer, spools};
use crate::{
    Limits, Source, Spools,
    content::Content,
    index::{Entry, Index, State},
    sync_reader::SyncReader,
    tree::{self, Tree},
};

/// One for all cases: starting one takes longer than most of them.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.worker_threads(1).enable_time().build();
    built.expect("a runtime")
});

/// Where entries would be decoded to.
static DISK: LazyLock<(TempDir, Arc<Spools>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = spools(&folder);
    (folder, spools)
});

/// After so many reads a source says that nobody has it: no parser needs as many.
const MOST_READS: u64 = 20_000;

/// So many cases in every run, and more where the environment says so.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    let scaled = u64::from(config.cases) * u64::from(usual) / 256;
    config.cases = u32::try_from(scaled).unwrap_or(u32::MAX).max(1);
    config
}

/// Limits that small archives pass.
pub(crate) fn small() -> Limits {
    Limits {
        entries: 12,
        header_bytes: 4 << 10,
        name_bytes: 40,
        decoded_entry: 100_000,
        memory: 2 << 20,
        nesting: 3,
    }
}

/// Limits that let these archives through, or that do not.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![3 => Just(Limits::default()), 1 => Just(small())]
}

/// A change to some bytes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Byte(Place, u8),
    /// A number in so many bytes, with the lowest first or last.
    Number(Place, u64, usize, bool),
    /// Some of the bytes once more, at another place.
    Again(Place, Place, u8),
    /// Some of the bytes less.
    Less(Place, u8),
    Cut(Place),
}

/// Changes of every kind.
pub(crate) fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let numbers = prop_oneof![
        Just(0),
        Just(1),
        Just(0x7F),
        Just(0xFF),
        Just(0x7FFF),
        Just(u64::from(u16::MAX)),
        Just(u64::from(u32::MAX) - 1),
        Just(u64::from(u32::MAX)),
        Just(i64::MAX as u64),
        Just(u64::MAX - 1),
        Just(u64::MAX),
        any::<u64>(),
        0_u64..4096,
    ];
    let widths = prop_oneof![Just(1_usize), Just(2), Just(4), Just(8)];
    let number = (any::<Place>(), numbers, widths, any::<bool>());
    let change = prop_oneof![
        6 => (any::<Place>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        6 => number.prop_map(|(at, number, width, low)| Change::Number(at, number, width, low)),
        2 => (any::<Place>(), any::<Place>(), any::<u8>())
            .prop_map(|(from, to, length)| Change::Again(from, to, length)),
        2 => (any::<Place>(), any::<u8>()).prop_map(|(at, length)| Change::Less(at, length)),
        1 => any::<Place>().prop_map(Change::Cut),
    ];
    prop::collection::vec(change, 0..most)
}

/// Does all this to some bytes.
pub(crate) fn change(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes {
        let length = bytes.len();
        let part = |at: usize, length: u8| at..(at + usize::from(length)).min(bytes.len());
        match change {
            _ if length == 0 => return,
            Change::Byte(at, byte) => bytes[at.index(length)] = *byte,
            Change::Number(at, number, width, is_low) => {
                let mut digits = number.to_le_bytes()[..*width].to_vec();
                if !is_low {
                    digits.reverse();
                }
                for (byte, digit) in bytes[at.index(length)..].iter_mut().zip(digits) {
                    *byte = digit;
                }
            }
            Change::Again(from, to, most) => {
                let again = bytes[part(from.index(length), *most)].to_vec();
                let to = to.index(length);
                bytes.splice(to..to, again);
            }
            Change::Less(at, most) => drop(bytes.drain(part(at.index(length), *most))),
            Change::Cut(at) => bytes.truncate(at.index(length)),
        }
    }
}

/// A file with zeros in the middle, as long as it likes, that counts what is read of it.
pub(crate) struct Sparse {
    meta: Meta,
    head: Bytes,
    tail: Bytes,
    bytes: AtomicU64,
    reads: AtomicU64,
}

impl Sparse {
    /// These bytes at its start and at its end.
    pub(crate) fn new(head: Vec<u8>, hole: u64, tail: Vec<u8>) -> Arc<Self> {
        let length = head.len() as u64 + hole + tail.len() as u64;
        Arc::new(Self {
            meta: Meta { length, ..outer() },
            head: head.into(),
            tail: tail.into(),
            bytes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        })
    }

    /// These bytes and nothing else.
    pub(crate) fn full(bytes: Vec<u8>) -> Arc<Self> {
        Self::new(bytes, 0, Vec::new())
    }

    pub(crate) fn source(self: &Arc<Self>) -> Source {
        Source::new(Arc::clone(self) as Arc<dyn File>)
    }

    /// As formats on blocking threads read it.
    pub(crate) fn reader(self: &Arc<Self>) -> SyncReader {
        let runtime = RUNTIME.handle().clone();
        SyncReader::new(self.source(), CX, runtime, CancellationToken::new())
    }

    /// Whether no more than so many bytes were read, in a bounded number of reads.
    pub(crate) fn assert_read(&self, most: u64) {
        let (bytes, reads) = (&self.bytes, &self.reads);
        let (bytes, reads) = (bytes.load(Ordering::Relaxed), reads.load(Ordering::Relaxed));
        assert!(bytes <= most, "{bytes} bytes read, where {most} are enough");
        assert!(reads < MOST_READS, "{reads} reads");
    }

    /// What lies there, of which there must not be much.
    fn slice(&self, range: Range<u64>) -> Vec<u8> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let tail = self.meta.length - self.tail.len() as u64;
        for (part, begin) in [(&self.head, 0), (&self.tail, tail)] {
            let end = begin + part.len() as u64;
            let (from, upto) = (range.start.max(begin), range.end.min(end));
            if from < upto {
                let there = (from - range.start) as usize..(upto - range.start) as usize;
                let here = (from - begin) as usize..(upto - begin) as usize;
                bytes[there].copy_from_slice(&part[here]);
            }
        }
        bytes
    }
}

#[async_trait]
impl File for Sparse {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        assert!(range.start <= range.end && range.end <= self.meta.length);
        let length = range.end - range.start;
        self.bytes.fetch_add(length, Ordering::Relaxed);
        if self.reads.fetch_add(1, Ordering::Relaxed) >= MOST_READS {
            return Err(Error::NoSpace {
                why: "the test has seen enough".into(),
            });
        }
        let bytes = self.slice(range.start..range.start + length.min(100 << 20));
        Ok(stream::once(async { Ok(bytes.into()) }).boxed())
    }
}

/// Where entries would be decoded to.
pub(crate) fn disk() -> &'static Arc<Spools> {
    &DISK.1
}

/// Looks at everything that an index says, and at what becomes of it.
pub(crate) fn check(found: Result<Index>, limits: &Limits) {
    let index = match found {
        Ok(index) => index,
        Err(Error::Corrupt { .. } | Error::Unsupported { .. }) => return,
        Err(other) => panic!("it is the archive's own fault: {other}"),
    };
    assert!(
        index.entries.len() <= limits.entries,
        "the limit of entries"
    );
    for entry in &index.entries {
        check_entry(entry);
    }
    check_tree(index, limits);
}

/// Whether what can be read of an entry is as long as it says, wherever one begins.
fn check_entry(entry: &Entry) {
    if entry.state != State::Ready || entry.is_dir {
        return;
    }
    let length = entry.length;
    if let Content::Map(segments) = &*entry.content {
        let sum = segments
            .iter()
            .map(|part| u128::from(part.length()))
            .sum::<u128>();
        assert_eq!(sum, u128::from(length), "a map has the entry's length");
    }
    // Decoders of others are not what is looked at here, and take their time.
    if matches!(&*entry.content, Content::Nothing | Content::Spool(_)) {
        return;
    }
    let middle = length / 2;
    for start in [0, middle, length.saturating_sub(1), length] {
        let range = start..start.saturating_add(3000).min(length);
        let asked = range.end - range.start;
        let read = RUNTIME.block_on(async { all(entry.content.open(range, &CX).await?).await });
        // It may fail, but never end too soon.
        if let Ok(read) = read {
            assert_eq!(read.len() as u64, asked, "a clean end that is none");
        }
    }
}

/// Whether all that is listed is safe to show and can be reached.
fn check_tree(index: Index, limits: &Limits) {
    let made = Tree::new(index, limits, "outer".into(), &outer());
    let Ok(tree) = made else { return };
    let root = tree::root(Arc::new(tree), "x.zip");
    let mut open: Vec<(usize, Arc<dyn Dir>)> = vec![(0, Arc::new(root))];
    let mut seen = 0;
    while let Some((depth, dir)) = open.pop() {
        assert!(depth <= 64, "deeper than a path may be");
        let listed = RUNTIME
            .block_on(dir.list())
            .expect("a listing is in memory");
        for entry in listed {
            seen += 1;
            assert_safe(&entry.name);
            match RUNTIME.block_on(dir.get(&entry.name)) {
                Ok(Some(Node::Dir(below))) => open.push((depth + 1, below)),
                Ok(None) => panic!("{:?} is listed and not there", entry.name),
                Ok(Some(Node::File(_))) | Err(_) => {}
            }
        }
    }
    assert!(
        seen <= 2 * limits.entries,
        "{seen} names of {}",
        limits.entries
    );
}

/// Whether a name can be a segment of an address.
pub(crate) fn assert_safe(name: &str) {
    let is_safe = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    assert!(is_safe, "{name:?}");
}
