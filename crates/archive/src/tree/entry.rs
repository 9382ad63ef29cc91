//! A file in an archive.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use universal_p2p_core::{ByteStream, File, Meta, ReadCx, Result};

use super::Tree;

/// A file in an archive.
pub(crate) struct EntryFile {
    tree: Arc<Tree>,
    number: usize,
    meta: Meta,
}

impl EntryFile {
    pub(super) fn new(tree: Arc<Tree>, number: usize, name: &str) -> Self {
        let entry = &tree.entries[number];
        let meta = Meta {
            name: name.to_owned(),
            length: entry.length,
            etag: format!("{}-{number}-{:x}", tree.etag, entry.checksum),
            item: tree.item.clone(),
            modified: entry.modified,
            freshness: tree.freshness,
        };
        Self { tree, number, meta }
    }
}

#[async_trait]
impl File for EntryFile {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        // The content is held by itself: a stream does not keep the whole index.
        let content = Arc::clone(&self.tree.entries[self.number].content);
        let stream = content.open(range, cx).await?;
        content.describe(&self.meta.name);
        Ok(stream)
    }

    fn is_unpacked(&self) -> bool {
        !self.tree.entries[self.number].content.is_seekable()
    }
}
