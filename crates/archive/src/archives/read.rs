//! Reading what an archive is and what it holds: from its skeleton where that is kept, else from its files.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Instant,
};

use futures_util::FutureExt;
use tokio::{task::spawn_blocking, time::timeout};
use universal_p2p_core::{Error, Result};

use super::{Inner, Opened, volumes::Volumes};
use crate::{
    Source,
    joined::Joined,
    magic::{self, Format},
    skeleton::{self, Kind, Skeleton},
    slots,
    source::Notes,
    spool::PATIENCE,
    tree::Tree,
};

impl Inner {
    /// What the files are, or none where they are no archive.
    pub(super) async fn recognize(&self, volumes: &Volumes) -> Result<Option<Kind>> {
        let Some(first) = volumes.files.first() else {
            return Ok(None);
        };
        let cx = &self.settings.cx.get();
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
        Ok(Some(Kind { format, is_cut }))
    }

    /// Reads the index of an archive, together with all who want the same at this time. None where it
    /// is no archive.
    pub(super) async fn open(
        self: &Arc<Self>,
        key: &str,
        volumes: Volumes,
    ) -> Result<Option<Arc<Opened>>> {
        let begin = || {
            let (inner, key) = (Arc::clone(self), key.to_owned());
            async move {
                let reading = AssertUnwindSafe(inner.read(&key, &volumes)).catch_unwind();
                let longest = inner.settings.cx.get().first_byte * PATIENCE;
                let Ok(opened) = timeout(longest, reading).await else {
                    return Err(Error::Stalled {
                        waited: longest,
                        peers: 0,
                    });
                };
                let opened = opened.unwrap_or_else(|_| {
                    tracing::error!("reading an archive panicked");
                    Err(Error::Corrupt {
                        what: "the archive could not be read".into(),
                    })
                });
                let opened = opened.inspect_err(|error| inner.kept.note_failure(&key, error))?;
                let opened = opened.map(Arc::new);
                if let Some(opened) = &opened {
                    inner.kept.insert(&key, opened);
                }
                Ok(opened)
            }
            .boxed()
        };
        self.kept.opening(key, begin).await
    }

    async fn read(&self, key: &str, volumes: &Volumes) -> Result<Option<Opened>> {
        if let Some((skeleton, kind)) = self.known(key).await {
            match self.read_by(key, volumes, kind, skeleton).await {
                // What was kept may be of no use any more.
                Err(Error::Corrupt { what }) => {
                    tracing::debug!(%what, "what is kept of an archive is not read");
                }
                read => return read.map(Some),
            }
        }
        let Some(kind) = self.recognize(volumes).await? else {
            return Ok(None);
        };
        let skeleton = Skeleton::new(kind, self.settings.limits.header_bytes);
        self.read_by(key, volumes, kind, skeleton).await.map(Some)
    }

    /// What is kept of an archive.
    async fn known(&self, key: &str) -> Option<(Arc<Skeleton>, Kind)> {
        let (store, key) = (Arc::clone(self.spools.store()), key.to_owned());
        let most = self.settings.limits.header_bytes;
        let loaded = spawn_blocking(move || skeleton::load(&store, &key, most)).await;
        loaded.ok().flatten()
    }

    /// Reads an index, what a skeleton knows from there, and keeps what was read besides.
    async fn read_by(
        &self,
        key: &str,
        volumes: &Volumes,
        kind: Kind,
        skeleton: Arc<Skeleton>,
    ) -> Result<Opened> {
        let Some(first) = volumes.files.first().map(|file| file.meta().clone()) else {
            return Err(Error::Corrupt {
                what: "an archive without files".into(),
            });
        };
        let sources: Vec<_> = volumes.files.iter().cloned().map(Source::new).collect();
        let mut etag = first.etag.clone();
        if sources.len() > 1 {
            // Of further volumes the tag of the first says nothing.
            etag.push('-');
            etag.push_str(key.get(key.len().saturating_sub(16)..).unwrap_or(key));
        }
        let files = if kind.is_cut {
            vec![Source::new(Joined::of(&first, &sources))]
        } else {
            sources.clone()
        };
        let noted = files.iter().enumerate().map(|(file, source)| {
            source.noted(Notes {
                skeleton: Arc::clone(&skeleton),
                file,
            })
        });
        let named = slots::named(&first, &etag);
        let index = self.index(kind.format, noted.collect(), &named).await?;
        let tree = Tree::new(index, &self.settings.limits, etag, &first)?;
        if let Some(parts) = skeleton.seal() {
            let (store, key) = (Arc::clone(self.spools.store()), key.to_owned());
            // Nobody waits for it.
            drop(spawn_blocking(move || {
                skeleton::keep(&store, &key, &first.name, &parts);
            }));
        }
        Ok(Opened {
            tree: Arc::new(tree),
            sources,
            told: Mutex::new(Instant::now()),
        })
    }
}
