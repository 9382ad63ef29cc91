//! The index on disk: a hint that can always be rebuilt from the files.
//!
//! Where it cannot be read it is set aside under another name and a fresh one is begun. After any
//! error its library refuses everything until it is opened again, even where the disk was only full
//! for a moment. So the index is opened again then (`mend`), and begun anew where it is damaged. What
//! was not synced is lost by that: it counts as an unclean stop, so that nothing of what it says is
//! present is believed at the next start.
//!
//! Here is how it is opened and mended; what stands in it is below `index/`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::OpenError;

mod blocks;
mod folder;
mod items;
mod keys;
mod meta;
mod presence;
mod row;
mod seal;
mod tables;
mod uses;

pub(crate) use blocks::{BlockRow, Holder, fingerprint};
pub(crate) use keys::{item, protocol};
pub(crate) use row::ItemRow;
use tables::{Table, Tables, caught, is_about_the_system, is_locked};

/// How long is waited before it is tried again to open what could not be opened.
const MEND_EVERY: Duration = Duration::from_secs(1);

/// Whether the index of the last run could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It could, as far as can be told; or there was none.
    Sound,
    /// It could not, or not all of it: what it says is a hint at best.
    Rebuilt,
}

type Result<T> = io::Result<T>;

/// The index: a row for each item, presence pages, which items' pages can be trusted, and uses.
pub(crate) struct Index {
    folder: PathBuf,
    tables: RwLock<Option<Tables>>,
    /// What went wrong last, and when it was last tried to mend that.
    broken: Mutex<Option<Broken>>,
    /// How many stops were not clean, as far as is known.
    stops: AtomicU64,
    losses: AtomicU64,
}

#[derive(Default)]
struct Broken {
    is_damaged: bool,
    tried: Option<Instant>,
}

impl Index {
    /// Opens the index in its own folder, setting an unreadable one aside.
    ///
    /// What matters of it is read once, so that damage is found now and not in the middle of something.
    pub(crate) fn open(folder: &Path) -> std::result::Result<(Self, Health), OpenError> {
        folder::recover(folder).map_err(OpenError::at(folder))?;
        let seal = seal::broken_open(&seal_path(folder));
        let existed = folder.exists();
        let (tables, health) = match Tables::open_whole(folder) {
            Ok((tables, sum)) => {
                let lost = existed && !tables.were_there();
                let changed = seal.is_some_and(|seal| seal != sum.text());
                let health = if lost || changed {
                    tracing::warn!("the index is not what it was; it is taken for a hint only");
                    Health::Rebuilt
                } else {
                    Health::Sound
                };
                let tables = tables.rewritten(folder, sum);
                (tables.map_err(OpenError::at(folder))?, health)
            }
            Err(why) if is_about_the_system(&why) => return Err(OpenError::at(folder)(why)),
            Err(why) => {
                tracing::warn!(%why, "the index cannot be read; it is set aside and rebuilt from the files");
                let tables = Tables::begin_anew(folder).map_err(OpenError::at(folder))?;
                (tables, Health::Rebuilt)
            }
        };
        let index = Self {
            folder: folder.to_owned(),
            tables: RwLock::new(Some(tables)),
            broken: Mutex::new(None),
            stops: AtomicU64::new(0),
            losses: AtomicU64::new(0),
        };
        let stops = index.unclean_stops().map_err(OpenError::at(folder))?;
        index.stops.store(stops, Ordering::Relaxed);
        Ok((index, health))
    }

    /// How often something that was written may have been lost since the index was opened. Where
    /// that has changed, what is known of every item has to be written again.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// Writes down what all rows add up to: the last thing before a clean stop.
    ///
    /// Nothing may be written after it. Takes some time: it reads everything.
    pub(crate) fn seal(&self) -> Result<()> {
        self.settle()?;
        let sum = self.with(Tables::sum)?;
        sum.seal(&seal_path(&self.folder))
    }

    /// Makes everything written so far survive a power cut.
    pub(crate) fn settle(&self) -> Result<()> {
        self.with(Tables::settle)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(|tables| tables.get(table, key))
    }

    fn set(&self, table: Table, key: &[u8], row: &[u8]) -> Result<()> {
        self.with(|tables| tables.set(table, key, row))
    }

    fn remove(&self, table: Table, key: &[u8]) -> Result<()> {
        self.with(|tables| tables.remove(table, key))
    }

    /// Shows every row whose key begins with `prefix`.
    fn visit(&self, table: Table, prefix: &[u8], visit: impl FnMut(&[u8], &[u8])) -> Result<()> {
        self.with(|tables| tables.visit(table, prefix, visit))
    }

    /// Removes those rows whose key begins with `prefix` that `gone` says yes to.
    fn remove_if(&self, table: Table, prefix: &[u8], gone: impl Fn(&[u8]) -> bool) -> Result<()> {
        self.with(|tables| tables.remove_if(table, prefix, gone))
    }

    /// Does something with the tables. After any error they are opened again before the next use.
    fn with<T>(&self, work: impl FnOnce(&Tables) -> Result<T>) -> Result<T> {
        self.mend()?;
        let done = {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            let tables = tables.as_ref().ok_or(io::ErrorKind::NotConnected)?;
            caught(|| work(tables))
        };
        done.inspect_err(|why| {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            let broken = broken.get_or_insert_default();
            broken.is_damaged |= why.kind() == io::ErrorKind::InvalidData;
        })
    }

    /// Opens the tables again where something went wrong, at most once a second.
    fn mend(&self) -> Result<()> {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = &mut *broken else {
            return Ok(());
        };
        if state.tried.is_some_and(|at| at.elapsed() < MEND_EVERY) {
            return Err(io::Error::other("the index cannot be opened at the moment"));
        }
        state.tried = Some(Instant::now());
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let close = || {
            drop(tables.take());
            Ok(())
        };
        // Even its end may panic: then it is left as it is.
        let _ = caught(close);
        let opened = match Tables::open_whole(&self.folder) {
            Ok((opened, _)) if !state.is_damaged => opened,
            Err(why) if is_about_the_system(&why) && !is_locked(&why) => return Err(why),
            _ => Tables::begin_anew(&self.folder)?,
        };
        let stops = self.stops.load(Ordering::Relaxed) + 1;
        let count = || opened.count_unclean_stops(stops);
        caught(count)?;
        self.stops.store(stops, Ordering::Relaxed);
        self.losses.fetch_add(1, Ordering::Relaxed);
        tracing::warn!("the index was opened again after an error");
        (*tables, *broken) = (Some(opened), None);
        Ok(())
    }
}

fn seal_path(folder: &Path) -> PathBuf {
    folder.with_extension("seal")
}

#[cfg(test)]
mod tests;
