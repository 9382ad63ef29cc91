//! The tables of the index. The only file that names sled.
//!
//! sled panics on some damage, at the opening and later, so every call goes through [`caught`], which
//! makes an error of that. Its `flush` does not reach the disk by itself, so the file is synced after.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::Duration,
};

use sled::{Batch, Config, Db, Mode, Tree};

use super::{folder, presence, seal::Sum};

/// How much the index may take on disk before it is looked at whether that is too much.
pub(super) const ROOM: u64 = 16 << 20;

/// How many times the size of its rows the index may take on disk.
const SLACK: u64 = 10;

/// The most bytes of rows that are written anew at a start: about a second of work.
const REWRITTEN: u64 = 4 << 20;

/// How often it is tried to open what this process itself may have open for another moment.
const LOCK_TRIES: u32 = 20;

/// Rows that are copied at once.
const COPIED_AT_ONCE: usize = 1000;

/// sled's errors turn into I/O errors by `?`, so that its name stays in this file.
type Result<T> = io::Result<T>;

/// What is kept in a table of its own. Keys stand in the order of their bytes.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Items,
    Presence,
    Trust,
    Meta,
    Uses,
    Numbers,
    Slots,
    Holders,
}

/// The tables whose rows have to be what they were. Who asked is not among them: that may take long
/// to read, and harms nobody. Nor is where blocks are: each says on disk which one it is.
const SUMMED: [Table; 4] = [Table::Items, Table::Presence, Table::Trust, Table::Meta];

/// The tables that may be too long to be read at every start.
const LONG: [Table; 4] = [Table::Uses, Table::Numbers, Table::Slots, Table::Holders];

const ALL: [(Table, &str); 8] = [
    (Table::Items, "items"),
    (Table::Presence, "presence"),
    (Table::Trust, "trust"),
    (Table::Meta, "meta"),
    (Table::Uses, "uses"),
    (Table::Numbers, "numbers"),
    (Table::Slots, "slots"),
    (Table::Holders, "holders"),
];

/// sled, opened.
pub(super) struct Tables {
    db: Db,
    trees: [Tree; 8],
    file: File,
}

impl Tables {
    /// Opens the tables and reads every row that matters once.
    pub(super) fn open_whole(folder: &Path) -> Result<(Self, Sum)> {
        caught(|| {
            let tables = Self::open(folder)?;
            let sum = tables.sum()?;
            Ok((tables, sum))
        })
    }

    fn open(folder: &Path) -> Result<Self> {
        let config = Config::new()
            .path(folder)
            .mode(Mode::LowSpace)
            .cache_capacity(8 << 20)
            .flush_every_ms(Some(1000));
        let mut tries = 0;
        let db = loop {
            match config.open().map_err(io::Error::from) {
                Err(why) if is_locked(&why) && tries < LOCK_TRIES => tries += 1,
                opened => break opened?,
            }
            // This process itself may have it open for another moment.
            thread::park_timeout(Duration::from_millis(50));
        };
        let tree = |(_, name)| db.open_tree(name);
        let trees = ALL
            .map(tree)
            .into_iter()
            .collect::<sled::Result<Vec<_>>>()?;
        let trees = trees.try_into().map_err(|_| io::ErrorKind::Other)?;
        let file = File::open(folder.join("db"))?;
        Ok(Self { db, trees, file })
    }

    /// Sets aside what is there, and begins anew.
    pub(super) fn begin_anew(folder: &Path) -> Result<Self> {
        folder::set_aside(folder)?;
        let begun = Self::open_whole(folder);
        if begun.is_err() {
            folder::take_back(folder)?;
        }
        begun.map(|(tables, _)| tables)
    }

    fn of(&self, table: Table) -> &Tree {
        &self.trees[table as usize]
    }

    /// Whether anything was there to open.
    pub(super) fn were_there(&self) -> bool {
        self.db.was_recovered()
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let row = self.of(table).get(key)?;
        Ok(row.map(|row| row.to_vec()))
    }

    pub(super) fn set(&self, table: Table, key: &[u8], row: &[u8]) -> Result<()> {
        Ok(self.of(table).insert(key, row).map(drop)?)
    }

    pub(super) fn remove(&self, table: Table, key: &[u8]) -> Result<()> {
        Ok(self.of(table).remove(key).map(drop)?)
    }

    /// Removes those rows whose key begins with `prefix` that `gone` says yes to.
    pub(super) fn remove_if(
        &self,
        table: Table,
        prefix: &[u8],
        gone: impl Fn(&[u8]) -> bool,
    ) -> Result<()> {
        let tree = self.of(table);
        for key in tree.scan_prefix(prefix).keys() {
            let key = key?;
            if gone(&key) {
                tree.remove(key)?;
            }
        }
        Ok(())
    }

    /// Shows every row whose key begins with `prefix`.
    pub(super) fn visit(
        &self,
        table: Table,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]),
    ) -> Result<()> {
        for row in self.of(table).scan_prefix(prefix) {
            let (key, row) = row?;
            visit(&key, &row);
        }
        Ok(())
    }

    /// What all rows add up to that have to be what they were.
    pub(super) fn sum(&self) -> Result<Sum> {
        let mut sum = Sum::new();
        for table in SUMMED {
            self.visit(table, b"", |key, row| {
                sum.add(key);
                sum.add(row);
            })?;
            sum.add(b"");
        }
        Ok(sum)
    }

    /// Makes everything written so far survive a power cut.
    pub(super) fn settle(&self) -> Result<()> {
        self.db.flush()?;
        self.file.sync_all()
    }

    /// Replaces the number of unclean stops, durably.
    pub(super) fn count_unclean_stops(&self, stops: u64) -> Result<()> {
        let row = stops.to_be_bytes();
        self.of(Table::Trust)
            .insert(presence::UNCLEAN_STOPS, &row)?;
        self.settle()
    }

    /// The tables in files of their size: sled's grow and never shrink.
    pub(super) fn rewritten(self, folder: &Path, sum: Sum) -> Result<Self> {
        let allocated = folder::allocated(folder);
        if allocated <= ROOM || !self.is_small(sum, (allocated / SLACK).min(REWRITTEN)) {
            return Ok(self);
        }
        if let Err(why) = caught(|| self.copy(&folder::fresh(folder), sum)) {
            tracing::warn!(%why, "the index stays larger than it has to be");
            return Ok(self);
        }
        let close = || {
            drop(self);
            folder::replace(folder)
        };
        caught(close)?;
        let (tables, _) = Self::open_whole(folder)?;
        let now = folder::allocated(folder);
        tracing::info!(from = allocated, to = now, "the index was written anew");
        Ok(tables)
    }

    /// Whether all rows together have less than so many bytes.
    fn is_small(&self, sum: Sum, most: u64) -> bool {
        let mut rows = LONG.iter().flat_map(|table| self.of(*table).iter());
        let mut bytes = sum.bytes;
        let add = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, row) = row.ok()?;
            bytes += (key.len() + row.len()) as u64;
            (bytes < most).then_some(())
        };
        sum.bytes < most && rows.try_for_each(add).is_some()
    }

    /// Copies every row to a fresh folder, and makes sure that they arrived.
    fn copy(&self, fresh: &Path, sum: Sum) -> Result<()> {
        folder::remove(fresh)?;
        let copy = Self::open(fresh)?;
        for (from, to) in self.trees.iter().zip(&copy.trees) {
            copy_rows(from, to)?;
        }
        copy.settle()?;
        if copy.sum()? == sum {
            Ok(())
        } else {
            Err(io::Error::other("the copy differs"))
        }
    }
}

fn copy_rows(from: &Tree, to: &Tree) -> Result<()> {
    let mut rows = from.iter();
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
        to.apply_batch(batch)?;
    }
}

/// Makes an error of a panic: sled panics on damage that it did not foresee.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let damaged = |_| {
        let text = "the index is damaged; it is begun anew";
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(damaged)
}

/// Whether the system is in the way rather than damage, so that nothing may be set aside.
pub(super) fn is_about_the_system(error: &io::Error) -> bool {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WouldBlock,
    };
    matches!(
        error.kind(),
        PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull | WouldBlock
    ) || is_locked(error)
}

/// Whether somebody has the tables open. sled has no kind of error for it.
pub(super) fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}
