//! The index on disk. The only file that names sled.
//!
//! It is a hint that can always be rebuilt from the files: where it cannot be read it is set aside
//! under another name and a fresh one is begun. sled panics on some damage, so it is opened behind
//! `catch_unwind`; and its `flush` does not reach the disk by itself, so the file is synced after.

use std::{
    fs::File,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use sled::{Config, Db, Mode, Tree};
use universal_p2p_core::{Evidence, Item, Site};

use crate::{OpenError, bits::PAGE_CHUNKS, ledger::Use};

/// Whether the index of the last run could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Sound,
    Rebuilt,
}

/// The index: presence pages, which items' pages can be trusted, and uses.
pub(crate) struct Index {
    db: Db,
    presence: Tree,
    trust: Tree,
    uses: Tree,
    file: PathBuf,
}

/// sled's errors turn into I/O errors by `?`, so that its name stays in this file.
type Result<T> = std::io::Result<T>;

impl Index {
    /// Opens the index in its own folder, setting an unreadable one aside.
    pub(crate) fn open(folder: &Path) -> std::result::Result<(Self, Health), OpenError> {
        match Self::try_open(folder) {
            Ok(index) => return Ok((index, Health::Sound)),
            Err(why) => {
                tracing::warn!(%why, "the index cannot be read; it is set aside and rebuilt from the files");
            }
        }
        let aside = folder.with_extension("unreadable");
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(OpenError::at(&aside))?;
        }
        std::fs::rename(folder, &aside).map_err(OpenError::at(folder))?;
        let index = Self::try_open(folder)
            .map_err(|why| OpenError::at(folder)(std::io::Error::other(why)))?;
        Ok((index, Health::Rebuilt))
    }

    fn try_open(folder: &Path) -> std::result::Result<Self, String> {
        let open = || -> Result<Self> {
            let config = Config::new()
                .path(folder)
                .mode(Mode::LowSpace)
                .cache_capacity(8 << 20);
            let db = config.flush_every_ms(Some(1000)).open()?;
            let (presence, trust) = (db.open_tree("presence")?, db.open_tree("trust")?);
            let uses = db.open_tree("uses")?;
            Ok(Self {
                db,
                presence,
                trust,
                uses,
                file: folder.join("db"),
            })
        };
        catch_unwind(open)
            .map_err(|_| "it is damaged".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// How many stops were not clean. Pages that were written before the last of them are hints.
    pub(crate) fn unclean_stops(&self) -> Result<u64> {
        Ok(self.trust.get(UNCLEAN_STOPS)?.map_or(0, |row| number(&row)))
    }

    /// Counts one more unclean stop and makes sure that this is never forgotten.
    pub(crate) fn count_unclean_stop(&self) -> Result<()> {
        let stops = self.unclean_stops()? + 1;
        self.trust.insert(UNCLEAN_STOPS, &stops.to_be_bytes())?;
        self.settle()
    }

    /// Whether the pages of an item are all from after that many unclean stops.
    pub(crate) fn is_trusted(&self, item: &Item, unclean_stops: u64) -> Result<bool> {
        Ok(self
            .trust
            .get(item_key(item))?
            .is_some_and(|row| number(&row) == unclean_stops))
    }

    /// Notes that every chunk of an item was checked after that many unclean stops.
    pub(crate) fn trust(&self, item: &Item, unclean_stops: u64) -> Result<()> {
        self.trust
            .insert(item_key(item), &unclean_stops.to_be_bytes())?;
        Ok(())
    }

    /// Every presence page of an item.
    pub(crate) fn pages(&self, item: &Item) -> Result<Vec<(u32, Vec<u8>)>> {
        let prefix = item_key(item);
        let page_of = |key: &[u8]| {
            key.get(prefix.len()..)?
                .try_into()
                .ok()
                .map(u32::from_be_bytes)
        };
        let mut pages = Vec::new();
        for row in self.presence.scan_prefix(&prefix) {
            let (key, bytes) = row?;
            pages.extend(page_of(&key).map(|page| (page, bytes.to_vec())));
        }
        Ok(pages)
    }

    /// Replaces one presence page.
    pub(crate) fn set_page(&self, item: &Item, page: u32, bits: &[u8]) -> Result<()> {
        debug_assert!(bits.len() <= PAGE_CHUNKS as usize / 8, "a page of its size");
        let mut key = item_key(item);
        key.extend(page.to_be_bytes());
        if bits.iter().all(|byte| *byte == 0) {
            self.presence.remove(key)?;
        } else {
            self.presence.insert(key, bits)?;
        }
        Ok(())
    }

    /// Adds a use to what is already booked for its item and site.
    pub(crate) fn add_use(&self, item: &Item, site: &Site, fresh: Use) -> Result<()> {
        let mut key = item_key(item);
        key.push(evidence_code(site.evidence));
        key.extend(site.name.as_bytes());
        let booked = self
            .uses
            .get(&key)?
            .and_then(|row| Use::decode(&row))
            .unwrap_or_default();
        self.uses
            .insert(key, booked.with(fresh).encode().to_vec())?;
        Ok(())
    }

    /// Makes everything written so far survive a power cut.
    pub(crate) fn settle(&self) -> Result<()> {
        self.db.flush()?;
        File::open(&self.file)?.sync_all()?;
        Ok(())
    }
}

/// The row that counts unclean stops; no item's key can be equal to it.
const UNCLEAN_STOPS: &[u8] = b"unclean stops";

fn number(row: &[u8]) -> u64 {
    row.try_into().map_or(0, u64::from_be_bytes)
}

/// `protocol NUL id NUL`: an item's prefix in every table. Neither part can hold a NUL.
fn item_key(item: &Item) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    for part in [item.protocol, item.id.as_str()] {
        key.extend(part.as_bytes());
        key.push(0);
    }
    key
}

fn evidence_code(evidence: Evidence) -> u8 {
    match evidence {
        Evidence::Origin => b'o',
        Evidence::Referer => b'r',
        Evidence::Claimed => b'c',
        Evidence::Unknown => b'u',
    }
}
