//! Directories, and what the entries of one are.

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use cid::Cid;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::{Dir, Entry, EntryKind, Error, Node, Result};

use super::{
    DAG_PB, RAW, Root, corrupt,
    file::BlockFile,
    hamt::Shard,
    layout::Layout,
    names,
    node::{self, Kind, Link},
};
use crate::ipld::{Form, Place};

/// How many links are followed from one name.
const MOST_HOPS: u8 = 16;

/// How many names of a link are followed.
const MOST_SEGMENTS: usize = 256;

/// How many entries of a listing are looked at to tell files from directories; of more it is assumed
/// that they are files. None is needed for entries that their CID tells.
const MOST_LOOKS: usize = 4096;

/// Entries that a listing looks at at the same time.
const AT_ONCE: usize = 32;

/// What a CID stands for.
pub(crate) enum Found {
    File(BlockFile),
    Folder(Folder),
    /// A symbolic link: hostile text.
    Link(String),
    /// Structured data.
    Data(Place),
}

/// A directory of blocks.
pub(crate) struct Folder {
    root: Arc<Root>,
    name: String,
    /// The directory that it lies in, unless it is the root.
    parent: Option<Arc<Self>>,
    entries: Entries,
}

enum Entries {
    Flat(Vec<Link>),
    Sharded(Shard),
}

/// Finds what a CID stands for under a name, in a directory if there is one.
pub(crate) async fn find(
    root: &Arc<Root>,
    parent: Option<&Arc<Folder>>,
    cid: &Cid,
    name: &str,
) -> Result<Found> {
    let file = |layout| Found::File(BlockFile::new(Arc::clone(root), cid, layout, name));
    match cid.codec() {
        // What is on disk is read when it is asked for.
        RAW => match root.sources.local().find(&root.cid, cid.hash()).await {
            Some(kept) => Ok(file(Layout::raw(*cid, kept.length()))),
            None => Ok(file(Layout::of(&root.block(cid).await?)?)),
        },
        DAG_PB => {
            let block = root.block(cid).await?;
            let node = node::parse(block.bytes()).map_err(|error| corrupt(cid, error))?;
            let kind = node.unixfs.as_ref().map(|unixfs| unixfs.kind);
            let folder = |entries| {
                Found::Folder(Folder {
                    root: Arc::clone(root),
                    name: name.to_owned(),
                    parent: parent.cloned(),
                    entries,
                })
            };
            match kind {
                Some(Kind::File) => Ok(file(Layout::of(&block)?)),
                Some(Kind::Directory) | None => Ok(folder(Entries::Flat(node.links))),
                Some(Kind::Shard) => Ok(folder(Entries::Sharded(Shard::of(&node)?))),
                Some(Kind::Symlink) => {
                    let target = node.unixfs.map(|unixfs| unixfs.content).unwrap_or_default();
                    let target = String::from_utf8(target.to_vec());
                    let target = target.map_err(|_| corrupt(cid, "its target is no text"))?;
                    Ok(Found::Link(target))
                }
                Some(Kind::Other(number)) => Err(Error::Unsupported {
                    what: format!("UnixFS nodes of type {number}"),
                }),
            }
        }
        other => {
            let form = Form::of(other).ok_or_else(|| Error::Unsupported {
                what: format!(
                    "blocks of codec {other:#x}; content is raw, dag-pb, dag-cbor or dag-json"
                ),
            })?;
            let block = root.block(cid).await?;
            Ok(Found::Data(Place::of(root, form, block, name)))
        }
    }
}

impl Folder {
    /// The entry of a name, if there is one.
    pub(crate) async fn link(&self, name: &str) -> Result<Option<Link>> {
        match &self.entries {
            Entries::Flat(links) => {
                let named = |link: &&Link| link.name == name.as_bytes();
                Ok(links.iter().find(named).cloned())
            }
            Entries::Sharded(shard) => shard.get(&self.root, name).await,
        }
    }

    /// All entries as they are.
    pub(crate) async fn links(&self) -> Result<Vec<Link>> {
        match &self.entries {
            Entries::Flat(links) => Ok(links.clone()),
            Entries::Sharded(shard) => shard.all(&self.root).await,
        }
    }

    /// What an entry stands for, links followed. None for what is not there, and for a link that
    /// leads out of the root or nowhere.
    fn lookup(
        self: Arc<Self>,
        name: String,
        hops: u8,
    ) -> BoxFuture<'static, Result<Option<Found>>> {
        async move {
            match self.link(&name).await? {
                Some(link) => match find(&self.root, Some(&self), &link.cid, &name).await? {
                    Found::Link(target) if hops > 0 => self.follow(&target, hops - 1).await,
                    Found::Link(_) => Ok(None),
                    found => Ok(Some(found)),
                },
                None => Ok(None),
            }
        }
        .boxed()
    }

    /// Follows a link that lies here.
    async fn follow(self: Arc<Self>, target: &str, hops: u8) -> Result<Option<Found>> {
        if target.starts_with('/') {
            return Ok(None);
        }
        let mut here = self;
        let names = target.split('/').filter(|name| !matches!(*name, "" | "."));
        let names: Vec<String> = names.take(MOST_SEGMENTS).map(str::to_owned).collect();
        let mut names = names.into_iter().peekable();
        while let Some(name) = names.next() {
            let next = if name == ".." {
                here.parent.clone()
            } else {
                match Arc::clone(&here).lookup(name, hops).await? {
                    Some(Found::Folder(folder)) => Some(Arc::new(folder)),
                    found if names.peek().is_none() => return Ok(found),
                    _ => None,
                }
            };
            let Some(next) = next else {
                return Ok(None);
            };
            here = next;
        }
        Ok(Some(Found::Folder(here.copy())))
    }

    fn copy(&self) -> Self {
        let entries = match &self.entries {
            Entries::Flat(links) => Entries::Flat(links.clone()),
            Entries::Sharded(shard) => Entries::Sharded(shard.clone()),
        };
        Self {
            root: Arc::clone(&self.root),
            name: self.name.clone(),
            parent: self.parent.clone(),
            entries,
        }
    }

    /// What a listing shows an entry as. Of what links lead to only files are shown: a directory may be
    /// one above, and would lead whoever walks through all of them around for ever.
    async fn shown(self: &Arc<Self>, name: &str, link: &Link) -> Result<Option<Found>> {
        let found = find(&self.root, None, &link.cid, name).await?;
        let Found::Link(target) = found else {
            return Ok(Some(found));
        };
        let found = Arc::clone(self).follow(&target, MOST_HOPS).await?;
        Ok(found.filter(|found| matches!(found, Found::File(_))))
    }

    /// What a listing says of an entry, or none for links to no file and what is no file.
    async fn kind(
        self: &Arc<Self>,
        name: &str,
        link: &Link,
        is_looked_at: bool,
        until: Instant,
    ) -> Option<EntryKind> {
        let guess = Some(EntryKind::File { length: link.size });
        if link.cid.codec() == RAW {
            let length = self.root.sources.length_at_hand(&link.cid);
            return length.map_or(guess, |length| Some(EntryKind::File { length }));
        }
        if !is_looked_at {
            return guess;
        }
        match timeout_at(until, self.shown(name, link)).await {
            Ok(Ok(Some(Found::Folder(_) | Found::Data(_)))) => Some(EntryKind::Dir),
            Ok(Ok(Some(Found::File(file)))) => Some(EntryKind::File {
                length: universal_p2p_core::File::meta(&file).length,
            }),
            Ok(Ok(Some(Found::Link(_)) | None)) => None,
            // It is there, and cannot be told more of now.
            Ok(Err(_)) | Err(_) => guess,
        }
    }
}

/// What a found thing is to the rest of the program. A link by itself leads nowhere.
///
/// # Errors
/// [`Error::Corrupt`] for structured data that is none.
pub(crate) fn node(found: Found) -> Result<Option<Node>> {
    Ok(match found {
        Found::File(file) => Some(Node::File(Arc::new(file))),
        Found::Folder(folder) => Some(Node::Dir(Arc::new(Opened(Arc::new(folder))))),
        Found::Data(place) => Some(place.node()?),
        Found::Link(_) => None,
    })
}

/// A directory that is shared with what is found below it.
struct Opened(Arc<Folder>);

#[async_trait]
impl Dir for Opened {
    fn name(&self) -> &str {
        &self.0.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        if names::sound(name.as_bytes()).is_none() {
            return Ok(None);
        }
        let found = Arc::clone(&self.0).lookup(name.to_owned(), MOST_HOPS);
        found.await?.map_or(Ok(None), node)
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let folder = &self.0;
        let links = folder.links().await?;
        let until = Instant::now() + folder.root.metadata;
        let mut seen = HashSet::new();
        let sound = links.iter().enumerate().filter_map(|(number, link)| {
            let name = names::sound(&link.name)?;
            Some((name, link, number < MOST_LOOKS))
        });
        let sound = sound.filter(|(name, ..)| seen.insert(*name));
        let entries = sound.map(|(name, link, is_looked_at)| async move {
            let kind = folder.kind(name, link, is_looked_at, until).await?;
            let mut entry = Entry::new(name, kind);
            entry.details.address = Some(link.cid.to_string());
            Some(entry)
        });
        let entries: Vec<_> = entries.collect();
        let looked = stream::iter(entries).buffer_unordered(AT_ONCE);
        let mut entries: Vec<Entry> = looked.filter_map(std::future::ready).collect().await;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
