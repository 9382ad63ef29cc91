//! Opening files as directories, once for all who ask at the same time.

mod jobs;
mod kept;
mod open;
mod volumes;

use std::{fmt::Write, panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use universal_p2p_core::{Dir, Error, Expand, File, ReadCx, Result};
use universal_p2p_store::Store;

use crate::{
    Limits, Source, Spools,
    joined::Joined,
    magic::{self, Format},
    tree::{self, Tree},
};
use jobs::Jobs;
use kept::Kept;
use volumes::Volumes;

/// What archives may cost.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bounds on each archive.
    pub limits: Limits,
    /// Archives that are read, and entries that are unpacked, at the same time.
    pub decode_jobs: usize,
    /// The conditions under which indexes are read.
    pub cx: ReadCx,
}

/// All formats behind one door.
pub struct Archives {
    inner: Arc<Inner>,
}

/// What an opening needs, which lasts as long as somebody waits for it.
struct Inner {
    settings: Settings,
    spools: Arc<Spools>,
    jobs: Jobs,
    kept: Kept,
}

/// An archive whose index was read.
struct Opened {
    tree: Arc<Tree>,
    /// What its entries are read from, in the order of its files.
    sources: Vec<Source>,
}

/// The files of an archive and what they are.
struct Found {
    files: Vec<Arc<dyn File>>,
    format: Format,
    /// Whether the files are one that was cut.
    is_cut: bool,
}

impl Archives {
    /// Opens archives within these bounds, and unpacks to a store what can be read in no other way.
    /// Nothing is started.
    #[must_use]
    pub fn new(settings: Settings, store: Arc<Store>) -> Self {
        let spools = Spools::new(store, settings.decode_jobs);
        let jobs = Jobs::new(settings.decode_jobs);
        Self {
            inner: Arc::new(Inner {
                settings,
                spools,
                jobs,
                kept: Kept::default(),
            }),
        }
    }
}

#[async_trait]
impl Expand for Archives {
    async fn expand(
        &self,
        file: &Arc<dyn File>,
        beside: Option<&Arc<dyn Dir>>,
        depth: usize,
    ) -> Result<Option<Arc<dyn Dir>>> {
        let inner = &self.inner;
        let volumes = volumes::of(file, beside).await?;
        let key = key(&volumes.files);
        let opened = match inner.kept.get(&key) {
            Some(kept) => kept,
            None => {
                let Some(found) = inner.recognize(volumes.clone()).await? else {
                    return Ok(None);
                };
                inner.may_be_at(depth)?;
                inner.open(&key, found).await?
            }
        };
        inner.may_be_at(depth)?;
        // What the index was read from may have been let go since.
        for (source, file) in opened.sources.iter().zip(&volumes.files) {
            source.renew(Arc::clone(file));
        }
        let root = tree::root(Arc::clone(&opened.tree), &file.meta().name);
        Ok(Some(Arc::new(root)))
    }
}

impl Inner {
    /// Whether an archive may lie within so many others.
    fn may_be_at(&self, depth: usize) -> Result<()> {
        if depth < self.settings.limits.nesting {
            return Ok(());
        }
        Err(Error::Unsupported {
            what: format!("an archive within {depth} others; archive.nesting raises the limit"),
        })
    }

    /// What format the files are, or none where they are no archive.
    async fn recognize(&self, volumes: Volumes) -> Result<Option<Found>> {
        let Some(first) = volumes.files.first() else {
            return Ok(None);
        };
        let cx = &self.settings.cx;
        let name = &first.meta().name;
        let name = if volumes.may_be_cut {
            name.rsplit_once('.').map_or("", |(stem, _)| stem)
        } else {
            name
        };
        let Some(format) = magic::detect(&Source::new(Arc::clone(first)), name, cx).await? else {
            return Ok(None);
        };
        // Volumes begin as the first does; what was cut goes on in the middle.
        let is_cut = volumes.may_be_cut
            && match volumes.files.get(1) {
                Some(second) if format == Format::Rar => {
                    let second = Source::new(Arc::clone(second));
                    magic::detect(&second, "", cx).await? != Some(Format::Rar)
                }
                _ => true,
            };
        Ok(Some(Found {
            files: volumes.files,
            format,
            is_cut,
        }))
    }

    /// Reads the index of an archive, together with all who want the same at this time.
    async fn open(self: &Arc<Self>, key: &str, found: Found) -> Result<Arc<Opened>> {
        let begin = || {
            let (inner, key) = (Arc::clone(self), key.to_owned());
            async move {
                let reading = AssertUnwindSafe(inner.read(&key, found)).catch_unwind();
                let opened = reading.await.unwrap_or_else(|_| {
                    tracing::error!("reading an archive panicked");
                    Err(Error::Corrupt {
                        what: "the archive could not be read".into(),
                    })
                })?;
                let opened = Arc::new(opened);
                inner.kept.insert(&key, &opened);
                Ok(opened)
            }
            .boxed()
        };
        self.kept.opening(key, begin).await
    }

    async fn read(&self, key: &str, found: Found) -> Result<Opened> {
        let Some(first) = found.files.first().map(|file| file.meta().clone()) else {
            return Err(Error::Corrupt {
                what: "an archive without files".into(),
            });
        };
        let sources: Vec<_> = found.files.into_iter().map(Source::new).collect();
        let mut etag = first.etag.clone();
        if sources.len() > 1 {
            // Of further volumes the tag of the first says nothing.
            etag.push('-');
            etag.push_str(key.get(..16).unwrap_or(key));
        }
        let volumes = if found.is_cut {
            vec![Source::new(Joined::of(&first, &sources))]
        } else {
            sources.clone()
        };
        let index = self.index(found.format, volumes, &etag).await?;
        let tree = Tree::new(index, &self.settings.limits, etag, first.freshness)?;
        Ok(Opened {
            tree: Arc::new(tree),
            sources,
        })
    }
}

/// What an archive is kept under: equal keys mean equal bytes of all its files.
fn key(files: &[Arc<dyn File>]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        let meta = file.meta();
        // The name has a say in what format it is.
        for part in [&meta.etag, &meta.name] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    let mut key = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

#[cfg(all(test, feature = "tar"))]
mod tests;
