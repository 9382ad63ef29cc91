//! A file that only holds space, for the moment when others have taken all the rest.
//!
//! Without any space the index cannot even be opened, and then nothing on disk can be served or
//! given up. So some is held back while there is plenty, and let go when there is none.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::platform;

/// What opening the index and writing its first rows takes, and some more.
const BYTES: u64 = 2 << 20;

/// Free space from which on it is held again.
const PLENTY: u64 = 16 << 20;

const NAME: &str = "ballast";

/// Lets the space go where there is hardly any other.
pub(super) fn drop_if_sinking(folder: &Path) {
    let path = folder.join(NAME);
    let free = platform::space(folder).map_or(u64::MAX, |space| space.free);
    if free < BYTES && path.exists() {
        tracing::warn!("the disk is full; space that was held back for this is let go");
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, "it could not be let go");
        }
    }
}

/// Holds the space where it is not held and there is plenty.
pub(super) fn take_in(folder: &Path) {
    let path = folder.join(NAME);
    let free = platform::space(folder).map_or(0, |space| space.free);
    if free < PLENTY || path.exists() {
        return;
    }
    let taken = File::create(&path).and_then(|file| platform::allocate(&file, BYTES));
    if let Err(error) = taken
        && error.kind() != io::ErrorKind::Unsupported
    {
        tracing::debug!(%error, "no space is held back for a full disk");
    }
}
