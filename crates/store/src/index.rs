//! The index on disk. The only file that names sled.
//!
//! It is a hint that can always be rebuilt from the files: where it cannot be read it is set aside
//! under another name and a fresh one is begun. sled panics on some damage, at the opening and
//! later, so every call goes through [`sound`], which makes an error of that; and its `flush` does
//! not reach the disk by itself, so the file is synced after.
//!
//! Here are the tables and how they are opened; what stands in them is below `index/`.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use sled::{Batch, Config, Db, Mode, Tree};

use crate::OpenError;

mod folder;
mod items;
mod keys;
mod meta;
mod presence;
mod row;
mod seal;
mod uses;

pub(crate) use keys::{item, protocol};
pub(crate) use row::ItemRow;
use seal::Sum;

/// How much the index may take on disk before it is looked at whether that is too much.
const ROOM: u64 = 16 << 20;

/// How many times the size of its rows the index may take on disk.
const SLACK: u64 = 10;

/// Rows that are copied at once.
const COPIED_AT_ONCE: usize = 1000;

/// Whether the index of the last run could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It could, as far as can be told; or there was none.
    Sound,
    /// It could not, or not all of it: what it says is a hint at best.
    Rebuilt,
}

/// The index: a row for each item, presence pages, which items' pages can be trusted, and uses.
pub(crate) struct Index {
    db: Db,
    items: Table,
    presence: Table,
    trust: Table,
    uses: Table,
    meta: Table,
    folder: PathBuf,
}

/// sled's errors turn into I/O errors by `?`, so that its name stays in this file.
type Result<T> = io::Result<T>;

impl Index {
    /// Opens the index in its own folder, setting an unreadable one aside.
    ///
    /// All of it is read once, so that damage is found now and not in the middle of something.
    pub(crate) fn open(folder: &Path) -> std::result::Result<(Self, Health), OpenError> {
        folder::recover(folder).map_err(OpenError::at(folder))?;
        let seal = seal::broken_open(&seal_path(folder)).map_err(OpenError::at(folder))?;
        let existed = folder.exists();
        match Self::open_whole(folder) {
            Ok((index, sum)) => {
                let lost = existed && !index.db.was_recovered();
                let changed = seal.is_some_and(|seal| seal != sum.text());
                if lost || changed {
                    tracing::warn!("the index is not what it was; it is taken for a hint only");
                }
                let health = if lost || changed {
                    Health::Rebuilt
                } else {
                    Health::Sound
                };
                return Ok((index.rewritten(sum)?, health));
            }
            Err(why) if is_about_the_system(&why) => return Err(OpenError::at(folder)(why)),
            Err(why) => {
                tracing::warn!(%why, "the index cannot be read; it is set aside and rebuilt from the files");
            }
        }
        folder::set_aside(folder).map_err(OpenError::at(folder))?;
        match Self::open_whole(folder) {
            Ok((index, _)) => Ok((index, Health::Rebuilt)),
            Err(why) => {
                folder::take_back(folder).map_err(OpenError::at(folder))?;
                Err(OpenError::at(folder)(why))
            }
        }
    }

    /// Opens the index and reads every row once.
    fn open_whole(folder: &Path) -> Result<(Self, Sum)> {
        sound(|| {
            let index = Self::open_only(folder)?;
            let sum = index.sum()?;
            Ok((index, sum))
        })
    }

    fn open_only(folder: &Path) -> Result<Self> {
        let config = Config::new()
            .path(folder)
            .mode(Mode::LowSpace)
            .cache_capacity(8 << 20);
        let db = config.flush_every_ms(Some(1000)).open()?;
        Ok(Self {
            items: Table(db.open_tree("items")?),
            presence: Table(db.open_tree("presence")?),
            trust: Table(db.open_tree("trust")?),
            uses: Table(db.open_tree("uses")?),
            meta: Table(db.open_tree("meta")?),
            db,
            folder: folder.to_owned(),
        })
    }

    fn tables(&self) -> [&Table; 5] {
        [
            &self.items,
            &self.presence,
            &self.trust,
            &self.uses,
            &self.meta,
        ]
    }

    fn sum(&self) -> Result<Sum> {
        let mut sum = Sum::new();
        for table in self.tables() {
            table.visit(b"", |key, value| {
                sum.add(key);
                sum.add(value);
            })?;
            sum.add(b"");
        }
        Ok(sum)
    }

    /// The index in a file of its size: sled's files grow and never shrink.
    fn rewritten(self, sum: Sum) -> std::result::Result<Self, OpenError> {
        let allocated = folder::allocated(&self.folder);
        if allocated <= ROOM || allocated <= sum.bytes.saturating_mul(SLACK) {
            return Ok(self);
        }
        if let Err(why) = self.copy(sum) {
            tracing::warn!(%why, "the index stays larger than it has to be");
            return Ok(self);
        }
        let folder = self.folder.clone();
        let close = || {
            drop(self);
            folder::replace(&folder)
        };
        sound(close).map_err(OpenError::at(&folder))?;
        let (index, _) = Self::open_whole(&folder).map_err(OpenError::at(&folder))?;
        tracing::info!(
            from = allocated,
            to = folder::allocated(&folder),
            "the index was rewritten"
        );
        Ok(index)
    }

    /// Copies every row to a fresh folder, and makes sure that they arrived.
    fn copy(&self, sum: Sum) -> Result<()> {
        let fresh = folder::fresh(&self.folder);
        folder::remove(&fresh)?;
        sound(|| {
            let copy = Self::open_only(&fresh)?;
            for (from, to) in self.tables().into_iter().zip(copy.tables()) {
                from.copy(to)?;
            }
            copy.settle()?;
            if copy.sum()? != sum {
                return Err(io::Error::other("the copy differs"));
            }
            Ok(())
        })
    }

    /// Writes down what all rows add up to: the last thing before a clean stop.
    ///
    /// Nothing may be written after it. Takes some time: it reads everything.
    pub(crate) fn seal(&self) -> Result<()> {
        let sum = sound(|| {
            self.settle()?;
            self.sum()
        })?;
        sum.seal(&seal_path(&self.folder))
    }

    /// Makes everything written so far survive a power cut.
    pub(crate) fn settle(&self) -> Result<()> {
        sound(|| {
            self.db.flush()?;
            File::open(self.folder.join("db"))?.sync_all()
        })
    }
}

/// One table of the index. Keys stand in the order of their bytes.
struct Table(Tree);

impl Table {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let row = sound(|| Ok(self.0.get(key)?))?;
        Ok(row.map(|row| row.to_vec()))
    }

    fn set(&self, key: &[u8], row: &[u8]) -> Result<()> {
        sound(|| Ok(self.0.insert(key, row)?)).map(drop)
    }

    fn remove(&self, key: &[u8]) -> Result<()> {
        sound(|| Ok(self.0.remove(key)?)).map(drop)
    }

    /// Shows every row whose key begins with `prefix`.
    fn visit(&self, prefix: &[u8], mut visit: impl FnMut(&[u8], &[u8])) -> Result<()> {
        sound(|| {
            for row in self.0.scan_prefix(prefix) {
                let (key, row) = row?;
                visit(&key, &row);
            }
            Ok(())
        })
    }

    /// Removes those rows whose key begins with `prefix` that `gone` says yes to.
    fn remove_if(&self, prefix: &[u8], gone: impl Fn(&[u8]) -> bool) -> Result<()> {
        sound(|| {
            for key in self.0.scan_prefix(prefix).keys() {
                let key = key?;
                if gone(&key) {
                    self.0.remove(key)?;
                }
            }
            Ok(())
        })
    }

    fn copy(&self, to: &Self) -> Result<()> {
        let mut rows = self.0.iter();
        loop {
            let mut batch = Batch::default();
            let mut count = 0;
            for row in rows.by_ref().take(COPIED_AT_ONCE) {
                let (key, value) = row?;
                batch.insert(key, value);
                count += 1;
            }
            if count == 0 {
                return Ok(());
            }
            to.0.apply_batch(batch)?;
        }
    }
}

/// Makes an error of a panic: sled panics on damage that it did not foresee.
fn sound<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let damaged = |_| {
        let text = "the index is damaged; the next start rebuilds it";
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(damaged)
}

/// Whether the system is in the way rather than damage, so that nothing may be set aside.
fn is_about_the_system(error: &io::Error) -> bool {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WouldBlock,
    };
    matches!(
        error.kind(),
        PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull | WouldBlock
    ) || error.to_string().contains("could not acquire lock")
}

fn seal_path(folder: &Path) -> PathBuf {
    folder.with_extension("seal")
}

#[cfg(test)]
mod tests;
