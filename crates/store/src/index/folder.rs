//! The index's folder as a whole: setting it aside, replacing it, and how large it is.
//!
//! Every step leaves the old folder or the new one under its name, or under one from which the next
//! start takes it back.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::platform;

/// Where a fresh copy is written before it takes the folder's place.
pub(super) fn fresh(folder: &Path) -> PathBuf {
    folder.with_extension("fresh")
}

/// Where an index goes that cannot be read. The one before it is removed.
fn unreadable(folder: &Path) -> PathBuf {
    folder.with_extension("unreadable")
}

/// Where the old folder waits while the fresh copy takes its place.
fn replaced(folder: &Path) -> PathBuf {
    folder.with_extension("replaced")
}

/// Ends a replacement that was interrupted: the old folder is taken back where none has its place.
pub(super) fn recover(folder: &Path) -> io::Result<()> {
    let old = replaced(folder);
    if old.exists() && !folder.exists() {
        fs::rename(&old, folder)?;
        sync_parent(folder)?;
    }
    remove(&old)?;
    remove(&fresh(folder))
}

/// Puts the fresh copy in the folder's place. Neither may be open.
pub(super) fn replace(folder: &Path) -> io::Result<()> {
    let (fresh, old) = (fresh(folder), replaced(folder));
    sync(&fresh)?;
    fs::rename(folder, &old)?;
    fs::rename(&fresh, folder)?;
    sync_parent(folder)?;
    remove(&old)
}

/// Keeps an index that cannot be read under another name, for whoever wants to look at it.
pub(super) fn set_aside(folder: &Path) -> io::Result<()> {
    remove(&unreadable(folder))?;
    match fs::rename(folder, unreadable(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Takes the folder back that was set aside, where nothing fresh could be made instead.
pub(super) fn take_back(folder: &Path) -> io::Result<()> {
    remove(folder)?;
    fs::rename(unreadable(folder), folder)
}

/// Bytes allocated on disk for the folder and all in it; what cannot be looked at counts nothing.
pub(super) fn allocated(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .map(|(path, metadata)| {
            let below = if metadata.is_dir() {
                allocated(&path)
            } else {
                0
            };
            platform::allocated(&metadata) + below
        })
        .sum()
}

/// Removes a folder and all in it, or a file, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sync_parent(folder: &Path) -> io::Result<()> {
    folder.parent().map_or(Ok(()), sync)
}
