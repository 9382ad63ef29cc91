//! How much an archive may ask of this machine.

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
    /// Bytes of memory that one decoder may take.
    pub memory: u64,
    /// Archives within archives.
    pub nesting: usize,
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
