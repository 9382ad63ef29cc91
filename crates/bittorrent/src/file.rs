//! The nodes of a torrent: its directories and files.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use universal_p2p_core::{
    ByteStream, Dir, Entry, EntryKind, File, Freshness, Meta, Node, ReadCx, Result,
};

use crate::{
    engine::Engine,
    infohash, reader,
    torrent::Torrent,
    tree::{Branch, Leaf},
};

/// A torrent together with the engine that fetches what is missing of it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) torrent: Arc<Torrent>,
    pub(crate) engine: Arc<dyn Engine>,
}

impl Source {
    /// The root directory. A torrent of one file is a directory with that file in it.
    pub(crate) fn root(self) -> Node {
        let branch = Arc::clone(&self.torrent.root);
        let name = self.torrent.metainfo.name.clone();
        Node::Dir(Arc::new(TorrentDir {
            source: self,
            branch,
            name,
        }))
    }
}

struct TorrentDir {
    source: Source,
    branch: Arc<Branch>,
    name: String,
}

#[async_trait]
impl Dir for TorrentDir {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        Ok(self.branch.get(name).map(|leaf| match leaf {
            Leaf::File(number) => Node::File(Arc::new(TorrentFile::new(
                self.source.clone(),
                *number,
                name,
            ))),
            Leaf::Dir(branch) => Node::Dir(Arc::new(Self {
                source: self.source.clone(),
                branch: Arc::clone(branch),
                name: name.to_owned(),
            })),
        }))
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let files = &self.source.torrent.metainfo.files;
        let kind = |leaf: &Leaf| match leaf {
            Leaf::File(number) => EntryKind::File {
                length: files[*number].length,
            },
            Leaf::Dir(_) => EntryKind::Dir,
        };
        Ok(self
            .branch
            .iter()
            .map(|(name, leaf)| Entry::new(name, kind(leaf)))
            .collect())
    }
}

struct TorrentFile {
    source: Source,
    number: usize,
    meta: Meta,
}

impl TorrentFile {
    fn new(source: Source, number: usize, name: &str) -> Self {
        let metainfo = &source.torrent.metainfo;
        let meta = Meta {
            name: name.to_owned(),
            length: metainfo.files[number].length,
            // The infohash covers every byte, and the number says which of them.
            etag: format!("btih-{}-{number}", infohash::id(&metainfo.infohash)),
            item: Some(infohash::item(&metainfo.infohash)),
            modified: None,
            freshness: Freshness::Immutable,
        };
        Self {
            source,
            number,
            meta,
        }
    }
}

#[async_trait]
impl File for TorrentFile {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        reader::open(self.source.clone(), self.number, range, cx).await
    }

    async fn held(&self) -> Option<Vec<Range<u64>>> {
        let torrent = &self.source.torrent;
        let start = torrent.metainfo.files.get(self.number)?.offset;
        let whole = start..start + self.meta.length;
        let held = torrent.object.held_within(&whole);
        let within = held
            .into_iter()
            .map(|part| part.start - start..part.end - start);
        Some(within.collect())
    }
}
