//! A path followed block by block, for those who check for themselves what it leads to.

use std::sync::{Arc, Mutex, PoisonError};

use cid::Cid;
use universal_p2p_core::{Error, Result};

use super::{
    Root,
    dir::{self, Found},
};
use crate::{Block, ipld::Step};

/// The most bytes of blocks on the way of one path.
const MOST_BYTES: usize = 64 << 20;

/// The blocks that were met on the way of a path.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Vec<Block>>);

/// Where a path leads.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// What each segment stands for, the root first and the end last.
    pub(crate) roots: Vec<Cid>,
    /// The blocks on the way, without the last unless it was needed.
    pub(crate) blocks: Vec<Block>,
}

impl Seen {
    /// Notes a block.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are too many.
    pub(super) fn note(&self, block: &Block) -> Result<()> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = seen.iter().map(|block| block.bytes().len()).sum();
        if bytes + block.bytes().len() > MOST_BYTES {
            return Err(Error::Unsupported {
                what: "a path through so large directories".into(),
            });
        }
        seen.push(block.clone());
        Ok(())
    }

    fn take(&self) -> Vec<Block> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Trail {
    /// What the path leads to.
    pub(crate) fn end(&self) -> &Cid {
        // There is always a root.
        self.roots.last().unwrap_or(&EMPTY)
    }
}

/// The CID of nothing.
static EMPTY: std::sync::LazyLock<Cid> = std::sync::LazyLock::new(Cid::default);

/// Follows a path of names. Links of UnixFS are not followed: what they lead to has no proof.
///
/// # Errors
/// [`Error::NotFound`] for names that are not there, [`Error::Unsupported`] for a path that ends at a
/// value inside a block.
pub(crate) async fn follow(root: &Arc<Root>, path: &[String]) -> Result<Trail> {
    let missing = || Error::NotFound {
        what: format!("entry {:?} here", path.join("/")),
    };
    let mut roots = vec![root.cid];
    let mut names = path.iter();
    while let Some(name) = names.next() {
        let here = roots.last().copied().unwrap_or(root.cid);
        let next = match dir::find(root, None, &here, "").await? {
            Found::Folder(folder) => folder.link(name).await?.map(|link| link.cid),
            Found::Data(mut place) => {
                let mut name = name;
                loop {
                    match place.step(name)? {
                        Some(Step::Link(cid)) => break Some(cid),
                        Some(Step::Place(inner)) => place = inner,
                        None => break None,
                    }
                    // Names inside a block stand for the block.
                    roots.push(here);
                    name = names.next().ok_or_else(|| Error::Unsupported {
                        what: format!("{:?}: a value inside a block has no CID", path.join("/")),
                    })?;
                }
            }
            Found::File(_) | Found::Link(_) => None,
        };
        roots.push(next.ok_or_else(missing)?);
    }
    let blocks = root.seen.as_ref().map(Seen::take).unwrap_or_default();
    Ok(Trail { roots, blocks })
}
