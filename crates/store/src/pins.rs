//! Pins: what is never given up by itself. The only thing that cannot be found again in the files.
//!
//! So they are kept twice, as whole snapshots with a number: in `pins.toml`, then in the index. A
//! change is done when both have it, so the file is never behind; of two that can be read the one
//! with the higher number is right. A change that was interrupted may have happened or not. Where
//! one of them is missing or damaged the other is right. What is damaged is set aside under another
//! name and written anew.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use universal_p2p_core::Item;

use crate::index::Index;

mod snapshot;

use snapshot::Snapshot;

/// The longest file that is read, in bytes: half a million pins.
const LONGEST: u64 = 64 << 20;

/// How many damaged files are kept.
const MOST_ASIDE: u32 = 100;

/// All pins of a data directory.
pub(crate) struct Pins {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    current: Snapshot,
    /// The highest number that anything was written with, or might have been.
    number: u64,
    /// Whether both the file and the index have what is current.
    is_kept_twice: bool,
}

/// What was found of the file.
enum Found {
    Sound(Snapshot),
    Damaged(Vec<u8>),
    Nothing,
}

impl Pins {
    /// Reads the pins of a data directory and mends what is damaged of them.
    ///
    /// Where they cannot be written again, say because the disk is full, that is put off to the
    /// next change.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`], and what the system says to a damaged file's new name.
    pub(crate) fn open(folder: &Path, index: &Index) -> io::Result<Self> {
        let path = folder.join("pins.toml");
        let file = read(&path)?;
        if let Found::Damaged(_) = &file {
            let aside = set_aside(&path)?;
            tracing::warn!(aside = %aside.display(), "pins.toml is damaged; it is set aside and written anew");
        }
        let copy = index.pins().unwrap_or_default();
        let copy = copy.and_then(|copy| Snapshot::decode(&copy));
        let is_kept_twice = match (&file, &copy) {
            (Found::Sound(file), Some(copy)) => file == copy,
            (Found::Nothing, None) => true,
            _ => false,
        };
        let mut current = agree(file, copy);
        if !is_kept_twice {
            current.version += 1;
        }
        let pins = Self {
            path,
            state: Mutex::new(State {
                number: current.version,
                current,
                is_kept_twice,
            }),
        };
        if !is_kept_twice && let Err(why) = pins.keep(index, &mut pins.state()) {
            tracing::warn!(%why, "the pins cannot be written now; the next change tries again");
        }
        Ok(pins)
    }

    /// Pins an item or unpins it. Once this returns, no crash undoes it. Blocks on the disk.
    ///
    /// # Errors
    /// What the file system or the index says. Where only the index failed the change holds.
    pub(crate) fn pin(&self, index: &Index, item: &Item, pinned: bool) -> io::Result<()> {
        let mut state = self.state();
        if state.is_kept_twice && state.current.pins.contains(item) == pinned {
            return Ok(());
        }
        let mut next = state.current.clone();
        if pinned {
            next.pins.insert(item.clone());
        } else {
            next.pins.remove(item);
        }
        // A number is never used again, even if it is not known whether it was written.
        state.number += 1;
        next.version = state.number;
        state.is_kept_twice = false;
        write(&self.path, next.encode().as_bytes())?;
        state.current = next;
        index.set_pins(state.current.encode().as_bytes())?;
        state.is_kept_twice = true;
        Ok(())
    }

    /// Every pinned item.
    pub(crate) fn all(&self) -> Vec<Item> {
        self.state().current.pins.iter().cloned().collect()
    }

    /// Writes what is current to both places.
    fn keep(&self, index: &Index, state: &mut State) -> io::Result<()> {
        let text = state.current.encode();
        write(&self.path, text.as_bytes())?;
        index.set_pins(text.as_bytes())?;
        state.is_kept_twice = true;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which pins are right.
fn agree(file: Found, copy: Option<Snapshot>) -> Snapshot {
    match (file, copy) {
        (Found::Sound(mut file), Some(copy)) if file.version == copy.version => {
            file.pins.extend(copy.pins);
            file
        }
        (Found::Sound(file), Some(copy)) if file.version < copy.version => copy,
        (Found::Sound(file), _) => file,
        (Found::Damaged(_) | Found::Nothing, Some(copy)) => copy,
        (Found::Damaged(text), None) => Snapshot {
            version: 0,
            pins: snapshot::salvage(&text),
        },
        (Found::Nothing, None) => Snapshot::default(),
    }
}

fn read(path: &Path) -> io::Result<Found> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        Err(_) => Ok(Found::Damaged(text)),
        Ok(_) => Ok(Snapshot::decode(&text).map_or(Found::Damaged(text), Found::Sound)),
    }
}

/// Keeps a damaged file under another name, and says which.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number| path.with_file_name(format!("pins.unreadable-{number}.toml"));
    let is_free = |path: &PathBuf| !path.exists();
    let aside = (1..MOST_ASIDE).map(name).find(is_free);
    let aside = aside.unwrap_or_else(|| name(MOST_ASIDE));
    // It stays under its own name too, until a new one takes that at once.
    fs::copy(path, &aside)
        .map(drop)
        .or_else(|_| fs::rename(path, &aside))?;
    Ok(aside)
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
