//! The seal: what the rows added up to at a clean stop.
//!
//! sled opens some damaged files as if nothing was missing, with rows as they were some time ago.
//! A chunk that has been given up since would then be taken for present. So a clean stop writes down
//! what all rows add up to, and the next start compares.

use std::{fs, io, path::Path};

use super::folder;

/// What all rows of an index add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    hash: u64,
    /// Bytes of all keys and values.
    pub(super) bytes: u64,
}

impl Sum {
    /// The sum of no rows: where the 64-bit FNV-1a hash begins.
    pub(super) fn new() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            bytes: 0,
        }
    }

    /// Adds a part of a row. Where one part ends and the next begins makes a difference.
    pub(super) fn add(&mut self, part: &[u8]) {
        let length = part.len() as u64;
        for byte in part.iter().chain(&length.to_le_bytes()) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.bytes += length;
    }

    /// The sum as a short text.
    pub(super) fn text(self) -> String {
        format!("{:016x} {}", self.hash, self.bytes)
    }

    /// Writes the seal.
    pub(super) fn seal(self, path: &Path) -> io::Result<()> {
        fs::write(path, self.text())?;
        fs::File::open(path)?.sync_all()
    }
}

/// The seal of the last stop, which is broken by that; none where it was not a clean one.
///
/// One that cannot be read is one that fits nothing.
pub(super) fn broken_open(path: &Path) -> Option<String> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        found => found.unwrap_or_default(),
    };
    // Where it stays it does not fit any more as soon as anything has changed.
    let _ = folder::remove(path);
    Some(String::from_utf8_lossy(&text).into_owned())
}
