//! How fast a file of blocks is stored, read again from the store, and read in small ranges.
//!
//! `cargo bench -p universal-p2p-ipfs [-- MEGABYTES [LIMIT]]`, the limit of the store in megabytes.

use std::{
    collections::HashMap,
    env,
    io::{Write, stdout},
    ops::Range,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use futures_util::TryStreamExt;
use rust_unixfs::file::adder::{Chunker, FileAdder};
use universal_p2p_core::{Backend, Error, File, Hints, Node, Priority, ReadCx, Result};
use universal_p2p_ipfs::{Block, BlockSource, Disk, Ipfs, Settings, Sources, Want, canonical};
use universal_p2p_store::{Policy, Store};

/// A network that has everything at once.
struct Everything(HashMap<Multihash<64>, Bytes>);

#[async_trait]
impl BlockSource for Everything {
    fn name(&self) -> &'static str {
        "everything"
    }

    async fn get(&self, cid: &Cid, _: &Want) -> Result<Block> {
        let bytes = self.0.get(cid.hash()).cloned();
        let bytes = bytes.ok_or_else(|| Error::NotFound {
            what: "block".into(),
        })?;
        Block::check(*cid, bytes).map_err(|error| Error::Corrupt {
            what: error.to_string(),
        })
    }
}

/// The blocks of a file of leaves of 256 KiB, and its root.
fn blocks(length: usize, is_raw: bool) -> (HashMap<Multihash<64>, Bytes>, Cid) {
    let mut adder = FileAdder::builder()
        .with_chunker(Chunker::Size(256 << 10))
        .with_raw_leaves(is_raw)
        .build();
    let (mut blocks, mut state, mut last) = (HashMap::new(), 1_u64, None);
    let mut take = |(cid, bytes): (Cid, Vec<u8>)| {
        blocks.insert(*cid.hash(), bytes.into());
        last = Some(cid);
    };
    for _ in 0..length.div_ceil(1 << 20) {
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let content: Vec<u8> = words.take((1 << 20) / 8).flatten().collect();
        let mut rest = &content[..];
        while !rest.is_empty() {
            let (ready, used) = adder.push(rest);
            ready.for_each(&mut take);
            rest = &rest[used..];
        }
    }
    adder.finish().for_each(&mut take);
    (blocks, last.expect("a file has a root"))
}

async fn read(file: &dyn File, range: Range<u64>) -> u64 {
    let cx = ReadCx {
        first_byte: Duration::from_secs(30),
        stall: Duration::from_secs(30),
        priority: Priority::Interactive,
    };
    let mut stream = file.open(range, &cx).await.expect("it is there");
    let mut length = 0;
    while let Some(bytes) = stream.try_next().await.expect("it is there") {
        length += std::hint::black_box(&bytes).len() as u64;
    }
    length
}

fn say(what: &str, bytes: u64, took: Duration) {
    let rate = bytes as f64 / took.as_secs_f64() / 1e6;
    let line = format!("{what:<36} {rate:>8.0} MB/s  {took:?}");
    writeln!(stdout(), "{line}").expect("standard output");
}

async fn measure(store: &Arc<Store>, length: usize, is_raw: bool) {
    let kind = if is_raw { "raw" } else { "dag-pb" };
    let (blocks, root) = blocks(length, is_raw);
    let chain = vec![Arc::new(Everything(blocks)) as Arc<dyn BlockSource>];
    let sources = Sources::new(Arc::new(Disk::new(Arc::clone(store))), chain);
    let metadata = Duration::from_secs(30);
    let ipfs = Ipfs::new(
        Arc::new(sources),
        Settings {
            metadata: metadata.into(),
        },
    );
    let id = canonical(&root.to_string()).expect("a CID");
    let Ok(Node::File(file)) = ipfs.resolve(&id, &Hints::default()).await else {
        unreachable!("it is a file");
    };
    let all = file.meta().length;
    for what in [
        "hashed and stored",
        "read again",
        "read again",
        "read again",
    ] {
        let begun = Instant::now();
        assert_eq!(read(&*file, 0..all).await, all);
        say(&format!("{kind}: {what}"), all, begun.elapsed());
    }
    let (begun, count) = (Instant::now(), 2000);
    for number in 0..count {
        let start = number * 7_654_321 % (all - 4096);
        assert_eq!(read(&*file, start..start + 4096).await, 4096);
    }
    let each = begun.elapsed() / count as u32;
    let disk = store.disk_use();
    let (used, own) = (disk.used >> 20, disk.own >> 10);
    let line = format!(
        "{kind}: each of {count} ranges of 4 KiB: {each:?}; on disk {used} MiB, of which {own} KiB the index"
    );
    writeln!(stdout(), "{line}").expect("standard output");
}

fn main() {
    let mut sizes = env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let length = sizes.next().unwrap_or(100) << 20;
    let limit = sizes
        .next()
        .map_or(8 * length + (1 << 30), |limit| limit << 20);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = universal_p2p_store::Settings {
        limit: limit as u64,
        keep_free: 0,
        policy: Policy::Lru,
    };
    let store = Store::open(folder.path(), settings).expect("a usable folder");
    while !store.disk_use().counted {
        thread::yield_now();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build();
    runtime.expect("threads").block_on(async {
        for is_raw in [true, false] {
            measure(&store, length, is_raw).await;
        }
    });
}
