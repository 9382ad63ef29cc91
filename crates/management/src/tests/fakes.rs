//! Files of which something is on disk.

use std::{iter::once, ops::Range, sync::Arc};

use async_trait::async_trait;
use universal_p2p_core::{
    ByteStream, Dir, Entry, EntryKind, Error, Expand, File, Freshness, Meta, Node, ReadCx, Result,
};

/// Says of what is called zip that it is worth opening, and opens nothing.
pub(crate) struct Likely;

#[async_trait]
impl Expand for Likely {
    async fn expand(
        &self,
        _: &Arc<dyn File>,
        _: Option<&Arc<dyn Dir>>,
        _: usize,
    ) -> Result<Option<Arc<dyn Dir>>> {
        Err(Error::Stopping)
    }

    fn is_likely(&self, name: &str) -> bool {
        name.ends_with(".zip")
    }
}

/// A directory with `film.mkv`, half of which is there, `set.zip`, of which nobody knows, a hostile
/// name, and `below` with 1,500 files.
pub(crate) fn files() -> Node {
    let film = FakeFile::new("film.mkv", 64 << 10, Some(0..32 << 10));
    let set = FakeFile::new("set.zip", 7, None);
    let hostile = FakeFile::new("\"><b>&?#%2f", 1, Some(0..1));
    let many = (0..1500).map(|number| {
        let name = format!("{number:04}");
        FakeFile::new(&name, 1, Some(0..0))
    });
    let below = FakeDir {
        name: "below".into(),
        entries: many.map(|file| Node::File(Arc::new(file))).collect(),
    };
    let files = [hostile, film, set].into_iter();
    let mut entries: Vec<_> = files.map(|file| Node::File(Arc::new(file))).collect();
    entries.push(Node::Dir(Arc::new(below)));
    Node::Dir(Arc::new(FakeDir {
        name: "folder".into(),
        entries,
    }))
}

struct FakeFile {
    meta: Meta,
    held: Option<Vec<Range<u64>>>,
}

impl FakeFile {
    fn new(name: &str, length: u64, held: Option<Range<u64>>) -> Self {
        let meta = Meta {
            name: name.to_owned(),
            length,
            etag: "x".into(),
            item: None,
            modified: None,
            freshness: Freshness::Immutable,
        };
        let held = held.map(|part| once(part).filter(|part| !part.is_empty()).collect());
        Self { meta, held }
    }
}

#[async_trait]
impl File for FakeFile {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, _: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        Err(Error::Stopping)
    }

    async fn held(&self) -> Option<Vec<Range<u64>>> {
        self.held.clone()
    }
}

struct FakeDir {
    name: String,
    entries: Vec<Node>,
}

fn name_of(node: &Node) -> &str {
    match node {
        Node::File(file) => &file.meta().name,
        Node::Dir(dir) => dir.name(),
    }
}

#[async_trait]
impl Dir for FakeDir {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        let found = self.entries.iter().find(|node| name_of(node) == name);
        Ok(found.cloned())
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let entry = |node: &Node| {
            let kind = match node {
                Node::File(file) => EntryKind::File {
                    length: file.meta().length,
                },
                Node::Dir(_) => EntryKind::Dir,
            };
            Entry::new(name_of(node), kind)
        };
        Ok(self.entries.iter().map(entry).collect())
    }
}
