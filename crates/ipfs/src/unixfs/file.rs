//! A file of blocks.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use cid::Cid;
use universal_p2p_core::{ByteStream, File, Meta, ReadCx, Result};

use super::{Root, held, layout::Layout, reader};
use crate::local;

/// A file: what its root block says of it.
pub(crate) struct BlockFile {
    root: Arc<Root>,
    cid: Cid,
    layout: Arc<Layout>,
    meta: Meta,
}

impl BlockFile {
    /// The file of this CID under a name (hostile text), which is empty where it has none.
    pub(crate) fn new(root: Arc<Root>, cid: &Cid, layout: Layout, name: &str) -> Self {
        // The CID covers every byte, and how they are read: raw, or as parts of a file.
        Self::within(root, cid, layout, name, cid.to_string())
    }

    /// A file that is not all that its CID stands for, with an entity tag of its own.
    pub(crate) fn within(
        root: Arc<Root>,
        cid: &Cid,
        layout: Layout,
        name: &str,
        etag: String,
    ) -> Self {
        let meta = Meta {
            name: name.to_owned(),
            length: layout.length,
            etag,
            item: local::item(&root.cid),
            modified: layout.modified,
            freshness: root.freshness,
        };
        Self {
            root,
            cid: *cid,
            layout: Arc::new(layout),
            meta,
        }
    }
}

#[async_trait]
impl File for BlockFile {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        let (root, layout) = (Arc::clone(&self.root), Arc::clone(&self.layout));
        let at = root.sources.activities().read(root.cid);
        at.follow(reader::open(root, self.cid, layout, range, cx))
            .await
    }

    async fn held(&self) -> Option<Vec<Range<u64>>> {
        Some(held::ranges(&self.root, &self.layout).await)
    }
}
