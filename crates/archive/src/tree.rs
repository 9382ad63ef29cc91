//! An index as directories and files.

mod dir;
mod entry;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use universal_p2p_core::{Error, Freshness, Item, Meta, Result};

use crate::{
    index::{Entry, Index, State},
    limits::Limits,
    names::{self, EntryPath, Reading},
};
pub(crate) use dir::ArchiveDir;

/// The last second that HTTP has a form for, in seconds since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// The directory that all others are below.
const ROOT: usize = 0;

/// An opened archive: its entries, and the directories that their paths make up.
pub(crate) struct Tree {
    pub(crate) format: &'static str,
    entries: Vec<Entry>,
    folders: Vec<Folder>,
    /// What entity tags of entries begin with.
    etag: String,
    /// What the archive's bytes are booked with.
    item: Option<Item>,
    freshness: Freshness,
    limits: Limits,
    /// Whether even the names are encrypted.
    is_sealed: bool,
}

/// A directory, whether the archive has an entry of its own for it or not.
#[derive(Default)]
struct Folder {
    children: BTreeMap<Box<str>, Child>,
    /// Other readings of the children's names.
    aliases: HashMap<Box<str>, Child>,
}

/// What a name in a directory leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Child {
    /// The number of an entry.
    File(usize),
    /// The number of a directory.
    Folder(usize),
}

impl Tree {
    /// Puts the entries of the file that `outer` tells of where their names say. What has an unsafe
    /// name is in no directory.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the paths make up more directories than entries are allowed.
    pub(crate) fn new(index: Index, limits: &Limits, etag: String, outer: &Meta) -> Result<Self> {
        let mut tree = Self {
            is_sealed: index.is_sealed(),
            format: index.format,
            entries: index.entries,
            folders: vec![Folder::default()],
            etag,
            item: outer.item.clone(),
            freshness: outer.freshness,
            limits: limits.clone(),
        };
        let reading = Reading::of(tree.entries.iter().map(|entry| &entry.name));
        for number in 0..tree.entries.len() {
            let entry = &mut tree.entries[number];
            entry.modified = entry.modified.filter(has_form);
            if entry.state == State::Hidden {
                continue;
            }
            let is_dir = entry.is_dir;
            if let Some(path) = names::path(&entry.name, &reading, limits.name_bytes) {
                tree.place(number, is_dir, &path);
            }
            // A name of many segments makes many directories.
            if tree.folders.len() > limits.entries {
                return Err(Error::Unsupported {
                    what: format!(
                        "an archive with more than {} directories; archive.entries raises the limit",
                        limits.entries
                    ),
                });
            }
        }
        Ok(tree)
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn weight(&self) -> usize {
        let names = self.entries.iter().map(|entry| 3 * entry.name.bytes.len());
        let each = size_of::<Entry>() + 200;
        names.sum::<usize>() + self.entries.len() * each + self.folders.len() * 200
    }

    fn place(&mut self, number: usize, is_dir: bool, path: &EntryPath) {
        let Some((last, above)) = path.segments.split_last() else {
            return;
        };
        let alias = |level: usize| {
            let readings = path.aliases.iter();
            readings.filter_map(move |alias| alias.get(level).cloned())
        };
        let mut here = ROOT;
        for (level, segment) in above.iter().enumerate() {
            here = self.folder(here, segment, alias(level));
        }
        if is_dir {
            self.folder(here, last, alias(above.len()));
            return;
        }
        let child = Child::File(number);
        let folder = &mut self.folders[here];
        // What has something below it stays: an entry of the same name must not hide all that.
        if matches!(folder.children.get(last), Some(Child::Folder(_))) {
            return;
        }
        folder.children.insert(last.clone(), child);
        for alias in alias(above.len()) {
            folder.aliases.insert(alias, child);
        }
    }

    /// The directory of a name in another, which is made where there is none.
    fn folder(
        &mut self,
        parent: usize,
        name: &str,
        aliases: impl Iterator<Item = Box<str>>,
    ) -> usize {
        if let Some(Child::Folder(known)) = self.folders[parent].children.get(name) {
            return *known;
        }
        let new = self.folders.len();
        self.folders.push(Folder::default());
        let folder = &mut self.folders[parent];
        folder.children.insert(name.into(), Child::Folder(new));
        for alias in aliases {
            folder.aliases.insert(alias, Child::Folder(new));
        }
        new
    }
}

impl Folder {
    /// What a name leads to: the name as it is shown, else another reading of one.
    fn get(&self, name: &str) -> Option<Child> {
        let child = self.children.get(name).or_else(|| self.aliases.get(name));
        child.copied()
    }
}

/// Whether HTTP has a form for a time; an archive can say anything.
fn has_form(time: &SystemTime) -> bool {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.is_ok_and(|since| since <= Duration::from_secs(LAST_SECOND))
}

/// The root directory of an opened archive, under the name of its file.
pub(crate) fn root(tree: Arc<Tree>, name: &str) -> ArchiveDir {
    ArchiveDir::new(tree, ROOT, name)
}

#[cfg(test)]
mod tests;
