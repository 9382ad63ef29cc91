//! Opening files as directories, once for all who ask at the same time.

#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
mod jobs;
mod kept;
mod likely;
mod open;
mod read;
mod volumes;

use std::{
    ffi::OsString,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use universal_p2p_core::{Dial, Dir, Error, Expand, File, ReadCx, Result};
use universal_p2p_store::Store;

use crate::{
    Limits, Source, Spools, skeleton, slots,
    tree::{self, Tree},
};
#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
use jobs::Jobs;
use kept::Kept;

/// Bytes of memory that opened archives may take, about.
const MOST_BYTES: usize = 64 << 20;

/// How often it is told to the disk that an archive is used.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What archives may cost.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bounds on each archive.
    pub limits: Limits,
    /// Archives that are read, and entries that are unpacked, at the same time.
    pub decode_jobs: usize,
    /// The conditions under which indexes are read. They may be turned while archives are opened.
    pub cx: Dial<ReadCx>,
    /// The command line of a program that decodes what is packed in ways of RAR that are not known here,
    /// as `serve` of universal-p2p-unrar does; empty where there is none.
    pub unrar: Vec<OsString>,
}

/// All formats behind one door.
pub struct Archives {
    inner: Arc<Inner>,
}

/// What an opening needs, which lasts as long as somebody waits for it.
struct Inner {
    settings: Settings,
    spools: Arc<Spools>,
    #[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
    jobs: Jobs,
    kept: Kept,
}

/// An archive whose index was read.
struct Opened {
    tree: Arc<Tree>,
    /// What its entries are read from, in the order of its files.
    sources: Vec<Source>,
    /// When it was last told to the disk that this is used.
    told: Mutex<Instant>,
}

impl Archives {
    /// Opens archives within these bounds, and unpacks to a store what can be read in no other way.
    /// Nothing is started.
    #[must_use]
    pub fn new(settings: Settings, store: Arc<Store>) -> Self {
        let (decoders, program) = (settings.decode_jobs, &settings.unrar);
        let memory = settings.limits.memory;
        let spools = Spools::with_unrar(store, decoders, memory, program);
        Self {
            inner: Arc::new(Inner {
                #[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
                jobs: Jobs::new(settings.decode_jobs, settings.cx.get().first_byte),
                settings,
                spools,
                kept: Kept::new(MOST_BYTES),
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
        if let Err(too_deep) = inner.may_be_at(depth) {
            // What is no archive is not too deep.
            let kind = inner.recognize(&volumes).await?;
            return kind.map_or(Ok(None), |_| Err(too_deep));
        }
        let key = key(&volumes.files);
        let opened = match inner.kept.get(&key)? {
            Some(kept) => kept,
            None => match inner.open(&key, volumes.clone()).await? {
                Some(opened) => opened,
                None => return Ok(None),
            },
        };
        // What the index was read from may have been let go since.
        for (source, file) in opened.sources.iter().zip(&volumes.files) {
            source.renew(Arc::clone(file));
        }
        inner.tell_use(&key, &opened);
        let root = tree::root(Arc::clone(&opened.tree), &file.meta().name);
        Ok(Some(Arc::new(root)))
    }

    fn is_likely(&self, name: &str) -> bool {
        likely::is_archive(name)
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

    /// Now and then tells the disk that an archive is used, which is read from memory.
    fn tell_use(&self, key: &str, opened: &Opened) {
        let mut told = opened.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            let (store, key) = (Arc::clone(self.spools.store()), key.to_owned());
            drop(spawn_blocking(move || skeleton::touch(&store, &key)));
        }
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
    let mut key = files.first().map_or_else(String::new, |file| {
        slots::kin(&slots::named(file.meta(), ""))
    });
    for byte in hash.finalize() {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

#[cfg(all(test, feature = "tar"))]
mod tests;
