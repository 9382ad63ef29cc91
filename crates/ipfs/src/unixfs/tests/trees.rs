//! What the tests of files and directories build and ask with.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use cid::Cid;
use futures_util::TryStreamExt;
use multihash_codetable::{Code, MultihashDigest};
use rust_unixfs::file::adder::{BalancedCollector, Chunker, FileAdder};
use universal_p2p_core::{Dir, File, Freshness, Node, Priority, ReadCx, Result};

use super::super::{Root, dir};
use crate::{
    BlockSource, Local, Sources,
    testing::{Fake, Memory},
};

pub(crate) struct Scene {
    pub(crate) fake: Arc<Fake>,
    pub(crate) local: Arc<Memory>,
    pub(crate) sources: Arc<Sources>,
}

pub(crate) fn scene() -> Scene {
    scene_of(Fake::default())
}

pub(crate) fn scene_of(fake: Fake) -> Scene {
    let (fake, local) = (Arc::new(fake), Arc::new(Memory::default()));
    let chain = vec![Arc::clone(&fake) as Arc<dyn BlockSource>];
    let sources = Sources::new(Arc::clone(&local) as Arc<dyn Local>, chain);
    Scene {
        fake,
        local,
        sources: Arc::new(sources),
    }
}

impl Scene {
    pub(crate) async fn open(&self, cid: &Cid) -> Result<Option<Node>> {
        let root = Arc::new(Root {
            sources: Arc::clone(&self.sources),
            cid: *cid,
            peers: Arc::new([]),
            metadata: Duration::from_secs(5),
            freshness: Freshness::Immutable,
            seen: None,
            is_only_held: false,
        });
        dir::find(&root, None, cid, "").await.and_then(dir::node)
    }

    pub(crate) async fn file(&self, cid: &Cid) -> Result<Arc<dyn File>> {
        match self.open(cid).await? {
            Some(Node::File(file)) => Ok(file),
            _ => panic!("no file"),
        }
    }

    pub(crate) async fn dir(&self, cid: &Cid) -> Arc<dyn Dir> {
        match self.open(cid).await.unwrap() {
            Some(Node::Dir(dir)) => dir,
            _ => panic!("no directory"),
        }
    }

    pub(crate) async fn read(&self, cid: &Cid, range: Range<u64>) -> Result<Vec<u8>> {
        read(&self.file(cid).await?, range).await
    }

    pub(crate) fn put(&self, codec: u64, bytes: impl Into<Bytes>) -> Cid {
        let bytes = bytes.into();
        let cid = Cid::new_v1(codec, Code::Sha2_256.digest(&bytes));
        self.fake.put(&cid, bytes);
        cid
    }

    /// Adds a file as another implementation writes it, and returns its blocks, the root last.
    pub(crate) fn add(&self, content: &[u8], chunk: usize, fan: usize, is_raw: bool) -> Vec<Cid> {
        let builder = FileAdder::builder()
            .with_chunker(Chunker::Size(chunk))
            .with_collector(BalancedCollector::with_branching_factor(fan))
            .with_raw_leaves(is_raw);
        let mut adder = builder.build();
        let (mut rest, mut cids) = (content, Vec::new());
        while !rest.is_empty() {
            let (blocks, used) = adder.push(rest);
            cids.extend(blocks.map(|(cid, bytes)| {
                self.fake.put(&cid, bytes);
                cid
            }));
            rest = &rest[used..];
        }
        cids.extend(adder.finish().map(|(cid, bytes)| {
            self.fake.put(&cid, bytes);
            cid
        }));
        cids
    }

    /// Adds a node of a file.
    pub(crate) fn node(&self, own: &[u8], parts: &[(Cid, u64)], filesize: u64) -> Cid {
        let mut message = vec![8, 2];
        field(&mut message, 2, own);
        number(&mut message, 3, filesize);
        for (_, size) in parts {
            number(&mut message, 4, *size);
        }
        let links: Vec<_> = parts.iter().map(|(cid, size)| ("", *cid, *size)).collect();
        self.put(0x70, pb(&message, &links))
    }
}

pub(crate) async fn read(file: &Arc<dyn File>, range: Range<u64>) -> Result<Vec<u8>> {
    let cx = ReadCx {
        first_byte: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        priority: Priority::Interactive,
    };
    let stream = file.open(range, &cx).await?;
    let pieces: Vec<Bytes> = stream.try_collect().await?;
    Ok(pieces.concat())
}

/// A dag-pb block.
pub(crate) fn pb(data: &[u8], links: &[(&str, Cid, u64)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, cid, size) in links {
        let mut link = Vec::new();
        field(&mut link, 1, &cid.to_bytes());
        field(&mut link, 2, name.as_bytes());
        number(&mut link, 3, *size);
        field(&mut block, 2, &link);
    }
    field(&mut block, 1, data);
    block
}

pub(crate) fn field(to: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    to.push(tag << 3 | 2);
    varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

pub(crate) fn number(to: &mut Vec<u8>, tag: u8, value: u64) {
    to.push(tag << 3);
    varint(to, value);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length as u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}
