//! Where the blocks of a DAG go while it is made.

use std::{collections::HashMap, io};

/// A SHA-256 digest, which names a block.
pub type Digest = [u8; 32];

/// Takes note of the blocks of a DAG while it is made.
pub trait Sink {
    /// A stretch of a file that is a block.
    ///
    /// # Errors
    /// What the file system says where it cannot be noted.
    fn leaf(&mut self, digest: Digest, file: u32, offset: u64, length: u32) -> io::Result<()>;

    /// A block that no file has: a node of a file or folder.
    ///
    /// # Errors
    /// What the file system says where it cannot be noted.
    fn node(&mut self, digest: Digest, bytes: &[u8]) -> io::Result<()>;
}

/// Notes in memory, for when it is only the addresses that are wanted.
#[derive(Debug, Default)]
pub struct Memory {
    /// Leaves: which file, from where, how long.
    pub leaves: HashMap<Digest, (u32, u64, u32)>,
    /// Nodes.
    pub nodes: HashMap<Digest, Vec<u8>>,
}

impl Sink for Memory {
    fn leaf(&mut self, digest: Digest, file: u32, offset: u64, length: u32) -> io::Result<()> {
        self.leaves.entry(digest).or_insert((file, offset, length));
        Ok(())
    }

    fn node(&mut self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        self.nodes.insert(digest, bytes.to_vec());
        Ok(())
    }
}
