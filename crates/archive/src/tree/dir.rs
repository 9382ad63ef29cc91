//! A directory in an archive.

use std::sync::Arc;

use async_trait::async_trait;
use universal_p2p_core::{Details, Dir, Entry, EntryKind, Error, Node, Result};

use super::{Child, Tree, entry::EntryFile};
use crate::index::State;

/// A directory in an archive.
pub(crate) struct ArchiveDir {
    tree: Arc<Tree>,
    folder: usize,
    name: String,
}

impl ArchiveDir {
    pub(super) fn new(tree: Arc<Tree>, folder: usize, name: &str) -> Self {
        Self {
            tree,
            folder,
            name: name.to_owned(),
        }
    }

    /// What anybody gets who asks for a name that cannot be known.
    fn sealed(&self) -> Error {
        Error::Encrypted {
            what: format!("the {} archive, names and all,", self.tree.format),
        }
    }
}

#[async_trait]
impl Dir for ArchiveDir {
    fn name(&self) -> &str {
        &self.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        let Some(child) = self.tree.folders[self.folder].get(name) else {
            return self
                .tree
                .is_sealed
                .then(|| self.sealed())
                .map_or(Ok(None), Err);
        };
        match child {
            Child::Folder(folder) => {
                let dir = Self::new(Arc::clone(&self.tree), folder, name);
                Ok(Some(Node::Dir(Arc::new(dir))))
            }
            Child::File(number) => {
                let entry = &self.tree.entries[number];
                let what = || format!("{name:?} in the {} archive", self.tree.format);
                match entry.state {
                    State::Hidden => Ok(None),
                    // Told here, so that a HEAD is told too.
                    State::Encrypted => Err(Error::Encrypted { what: what() }),
                    State::Unsupported => Err(Error::Unsupported {
                        what: format!("how {} is packed ({})", what(), entry.method),
                    }),
                    State::Incomplete => Err(Error::Corrupt {
                        what: format!("{}: a volume with a part of it is missing", what()),
                    }),
                    State::TooLong => Err(self.tree.limits.too_long_entry()),
                    State::TooMuchMemory => Err(self.tree.limits.too_much_memory()),
                    State::Bomb => Err(Error::Corrupt {
                        what: format!("{} is packed better than anything can be", what()),
                    }),
                    State::Ready => {
                        let file = EntryFile::new(Arc::clone(&self.tree), number, name);
                        Ok(Some(Node::File(Arc::new(file))))
                    }
                }
            }
        }
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let children = self.tree.folders[self.folder].children.iter();
        let line = |name: &str, child: &Child| match child {
            Child::Folder(_) => Entry::new(name, EntryKind::Dir),
            Child::File(number) => {
                let entry = &self.tree.entries[*number];
                Entry {
                    name: name.to_owned(),
                    kind: EntryKind::File {
                        length: entry.length,
                    },
                    details: Details {
                        packed: entry.packed,
                        method: Some(entry.method),
                        modified: entry.modified,
                        seekable: Some(entry.content.is_seekable()),
                        address: None,
                    },
                }
            }
        };
        Ok(children.map(|(name, child)| line(name, child)).collect())
    }
}
