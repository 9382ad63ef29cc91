//! What the tests of several formats need: a file in memory, and a comparison of ranges.

pub(crate) mod fuzz;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{ByteStream, Error, File, Freshness, Meta, Priority, ReadCx, Result};

use universal_p2p_store::{OpenError, Policy, Settings, Store};

use crate::{
    Source, Spools,
    index::Entry,
    memory::{self, Ration},
    sync_reader::SyncReader,
};

/// Bytes in memory that count how often they are read.
#[derive(Clone)]
pub(crate) struct Served(Arc<Memory>);

struct Memory {
    meta: Meta,
    bytes: Bytes,
    read: AtomicU64,
    fails: bool,
}

/// What an archive is asked of before it is read.
pub(crate) fn outer() -> Meta {
    Meta {
        name: "archive".into(),
        length: 0,
        etag: "outer".into(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    }
}

impl Served {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self::with("outer", bytes, false)
    }

    /// The same with an entity tag of its own.
    pub(crate) fn named(etag: &str, bytes: Vec<u8>) -> Self {
        Self::with(etag, bytes, false)
    }

    /// A file that nobody has.
    pub(crate) fn failing() -> Self {
        Self::with("outer", vec![0; 1000], true)
    }

    fn with(etag: &str, bytes: Vec<u8>, fails: bool) -> Self {
        let meta = Meta {
            length: bytes.len() as u64,
            etag: etag.into(),
            ..outer()
        };
        Self(Arc::new(Memory {
            meta,
            bytes: bytes.into(),
            read: AtomicU64::new(0),
            fails,
        }))
    }

    pub(crate) fn etag(&self) -> String {
        self.0.meta.etag.clone()
    }

    pub(crate) fn source(&self) -> Source {
        Source::new(Arc::clone(&self.0) as Arc<dyn File>)
    }

    pub(crate) fn reader(&self, runtime: &Handle) -> SyncReader {
        SyncReader::new(self.source(), CX, runtime.clone(), CancellationToken::new())
    }

    /// Bytes that were asked for so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl File for Memory {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        if self.fails {
            return Err(Error::NoPeers {
                waited: cx.first_byte,
                cure: "try again later".into(),
            });
        }
        self.read
            .fetch_add(range.end - range.start, Ordering::Relaxed);
        let within = |at| usize::try_from(at).map_err(|error| Error::internal("a test", error));
        let bytes = self.bytes.slice(within(range.start)?..within(range.end)?);
        Ok(stream::once(async { Ok(bytes) }).boxed())
    }
}

/// The conditions that tests read under.
pub(crate) const CX: ReadCx = ReadCx {
    first_byte: Duration::from_secs(20),
    stall: Duration::from_secs(20),
    priority: Priority::Interactive,
};

/// Reads a stream to its end.
pub(crate) async fn all(mut stream: ByteStream) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(bytes) = stream.next().await {
        all.extend_from_slice(&bytes?);
    }
    Ok(all)
}

/// Ranges of something of a length: its edges, and many others that are the same in every run.
pub(crate) fn ranges(length: u64) -> Vec<Range<u64>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % (below + 1)
    };
    let mut ranges = vec![0..length, 0..0, length..length, 0..length.min(1)];
    ranges.push(length.saturating_sub(1)..length);
    for _ in 0..50 {
        let (a, b) = (next(length), next(length));
        ranges.push(a.min(b)..a.max(b));
    }
    ranges
}

/// Bytes of memory for all decoders of a test.
pub(crate) const MEMORY: u64 = 256 << 20;

/// What the only decoder has of so many bytes.
pub(crate) fn ration(bytes: u64) -> Ration {
    let longest = Duration::from_secs(1);
    Ration::new(
        &memory::Memory::new(bytes),
        None,
        longest,
        CancellationToken::new(),
    )
}

/// Where entries are decoded to, with room for all of them.
pub(crate) fn spools(folder: &tempfile::TempDir) -> Arc<Spools> {
    Spools::new(store(folder, 1 << 30), 2, MEMORY)
}

/// A store that may take so many bytes, and has counted what is there.
pub(crate) fn store(folder: &tempfile::TempDir, limit: u64) -> Arc<Store> {
    let settings = Settings {
        limit,
        keep_free: 0,
        policy: Policy::Lru,
    };
    let store = loop {
        // The threads of a store before hold it for a moment.
        match Store::open(folder.path(), settings) {
            Err(OpenError::InUse { .. }) => std::thread::yield_now(),
            opened => break opened.expect("a usable folder"),
        }
    };
    while !store.disk_use().counted {
        std::thread::yield_now();
    }
    store
}

/// Compares an entry with what another program unpacked.
pub(crate) fn assert_reads(entry: &Entry, right: &[u8]) {
    assert_eq!(entry.length, right.len() as u64);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for range in ranges(entry.length) {
        let read =
            runtime.block_on(async { all(entry.content.open(range.clone(), &CX).await?).await });
        let within = |at| usize::try_from(at).expect("in memory");
        let right = &right[within(range.start)..within(range.end)];
        assert!(read.expect("readable") == right, "{range:?}");
    }
}
