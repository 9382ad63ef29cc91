//! How much an archive may ask of this machine, and what is said of one that asks for more.
//!
//! Whatever the format, an archive above a limit is not supported, and the answer names the limit; one
//! that lies about itself is damaged.

use universal_p2p_core::Error;

/// Bounds on what a hostile archive can cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Entries in one archive.
    pub entries: usize,
    /// Bytes of headers and directory of one archive.
    pub header_bytes: u64,
    /// Bytes of one name.
    pub name_bytes: usize,
    /// Bytes of one entry that has to be unpacked to disk before it can be read.
    pub decoded_entry: u64,
    /// Bytes of memory that all decoders together may take, and so any one of them.
    pub memory: u64,
    /// Archives within archives.
    pub nesting: usize,
}

impl Limits {
    /// What an archive gets that has too many entries.
    pub(crate) fn too_many_entries(&self) -> Error {
        unsupported(format!(
            "an archive with more than {} entries; archive.entries raises the limit",
            self.entries
        ))
    }

    /// What an archive gets whose headers are too long.
    pub(crate) fn too_long_headers(&self) -> Error {
        let most = self.header_bytes;
        unsupported(format!("an archive with more than {most} bytes of headers"))
    }

    /// What an entry gets that would take too much of the disk.
    pub(crate) fn too_long_entry(&self) -> Error {
        unsupported(format!(
            "to unpack more than {} bytes to disk; archive.decoded_entry raises the limit",
            self.decoded_entry
        ))
    }

    /// What an entry gets whose decoder would take too much memory.
    pub(crate) fn too_much_memory(&self) -> Error {
        let most = self.memory;
        unsupported(format!(
            "to unpack what takes more than {most} bytes of memory; archive.memory raises the limit"
        ))
    }
}

fn unsupported(what: String) -> Error {
    Error::Unsupported { what }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            header_bytes: 64 << 20,
            name_bytes: 4096,
            decoded_entry: 8_000_000_000,
            memory: 256 << 20,
            nesting: 3,
        }
    }
}
