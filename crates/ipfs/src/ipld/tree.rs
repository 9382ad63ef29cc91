//! A place in a block of structured data, as a directory.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::{Dir, Entry, EntryKind, File, Node, Result};

use super::{Form, Malformed, Shape};
use crate::{
    Block,
    unixfs::{
        Root, corrupt,
        dir::{self, Found},
        file::BlockFile,
        layout::Layout,
        names,
    },
};

/// Links of a listing that are looked at, and how many at a time.
const MOST_LOOKS: usize = 1024;
const AT_ONCE: usize = 32;

/// What a name in structured data leads to.
pub(crate) enum Step {
    Link(Cid),
    /// A value of the same block.
    Place(Place),
}

/// A value in a block.
pub(crate) struct Place {
    root: Arc<Root>,
    form: Form,
    block: Block,
    /// The encoding of the value: a part of the block.
    value: Bytes,
    name: String,
}

impl Place {
    /// All of a block.
    pub(crate) fn of(root: &Arc<Root>, form: Form, block: Block, name: &str) -> Self {
        Self {
            root: Arc::clone(root),
            form,
            value: block.bytes().clone(),
            block,
            name: name.to_owned(),
        }
    }

    /// What this is to the rest of the program. A link that is all of a block is a file that names it.
    pub(crate) fn node(self) -> Result<Node> {
        let content = match self.shape(&self.value)? {
            Shape::Tree => return Ok(Node::Dir(Arc::new(self))),
            Shape::Leaf(bytes) => bytes,
            Shape::Link(cid) => format!("/ipfs/{cid}").into(),
        };
        Ok(Node::File(Arc::new(self.file(
            &self.value,
            content,
            &self.name,
        ))))
    }

    /// One name further.
    pub(crate) fn step(&self, name: &str) -> Result<Option<Step>> {
        let child = self.form.child(&self.value, name);
        let Some(value) = child.map_err(|error| self.bad(error))? else {
            return Ok(None);
        };
        Ok(Some(match self.shape(&value)? {
            Shape::Link(cid) => Step::Link(cid),
            Shape::Tree | Shape::Leaf(_) => Step::Place(self.at(value, name)),
        }))
    }

    /// Another value of the same block.
    fn at(&self, value: Bytes, name: &str) -> Self {
        Self {
            root: Arc::clone(&self.root),
            form: self.form,
            block: self.block.clone(),
            value,
            name: name.to_owned(),
        }
    }

    fn shape(&self, value: &Bytes) -> Result<Shape> {
        self.form.shape(value).map_err(|error| self.bad(error))
    }

    fn bad(&self, error: Malformed) -> universal_p2p_core::Error {
        corrupt(self.block.cid(), error)
    }

    /// The file of a value that is neither map nor list nor link.
    fn file(&self, value: &Bytes, content: Bytes, name: &str) -> BlockFile {
        // Where in the block it stands tells it from all others.
        let at = (value.as_ptr() as usize).saturating_sub(self.block.bytes().as_ptr() as usize);
        let etag = format!("{}.{at}", self.block.cid());
        let root = Arc::clone(&self.root);
        BlockFile::within(root, self.block.cid(), Layout::whole(content), name, etag)
    }

    /// What stands behind a link, links of UnixFS not followed: they lie in no directory here.
    async fn behind(&self, cid: &Cid, name: &str) -> Result<Option<Node>> {
        dir::find(&self.root, None, cid, name)
            .await
            .and_then(dir::node)
    }

    /// What a listing says of an entry.
    async fn kind(&self, value: &Bytes, is_looked_at: bool, until: Instant) -> Option<EntryKind> {
        let file = |length| Some(EntryKind::File { length });
        match self.form.shape(value).ok()? {
            Shape::Tree => Some(EntryKind::Dir),
            Shape::Leaf(bytes) => file(bytes.len() as u64),
            Shape::Link(cid) => {
                if let Some(length) = self.root.sources.length_at_hand(&cid)
                    && cid.codec() == crate::unixfs::RAW
                {
                    return file(length);
                }
                if !is_looked_at {
                    return file(0);
                }
                match timeout_at(until, dir::find(&self.root, None, &cid, "")).await {
                    Ok(Ok(Found::File(found))) => file(found.meta().length),
                    Ok(Ok(Found::Folder(_) | Found::Data(_))) => Some(EntryKind::Dir),
                    Ok(Ok(Found::Link(_))) => None,
                    // It is there, and cannot be told more of now.
                    Ok(Err(_)) | Err(_) => file(0),
                }
            }
        }
    }
}

#[async_trait]
impl Dir for Place {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        let child = self.form.child(&self.value, name);
        let Some(value) = child.map_err(|error| self.bad(error))? else {
            return Ok(None);
        };
        match self.shape(&value)? {
            Shape::Tree => Ok(Some(Node::Dir(Arc::new(self.at(value, name))))),
            Shape::Leaf(bytes) => Ok(Some(Node::File(Arc::new(self.file(&value, bytes, name))))),
            Shape::Link(cid) => self.behind(&cid, name).await,
        }
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let children = self.form.children(&self.value);
        let children = children.map_err(|error| self.bad(error))?;
        let until = Instant::now() + self.root.metadata;
        let entries = children
            .iter()
            .enumerate()
            .filter_map(|(number, (name, value))| {
                let name = names::sound(name.as_bytes())?;
                Some(async move {
                    let kind = self.kind(value, number < MOST_LOOKS, until).await?;
                    Some(Entry::new(name, kind))
                })
            });
        let entries: Vec<_> = entries.collect();
        let looked = stream::iter(entries).buffer_unordered(AT_ONCE);
        let mut entries: Vec<Entry> = looked.filter_map(std::future::ready).collect().await;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|a, b| a.name == b.name);
        Ok(entries)
    }
}
