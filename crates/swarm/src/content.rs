//! What is on disk of a torrent, as the engine sees it.

use std::io;

/// What is known of a piece on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Not there.
    Absent,
    /// There is data, but it has to be hashed before it counts.
    Unchecked,
    /// There, and its hash was right.
    Checked,
}

/// The bytes of one torrent. It is the authority on what is present: the engine announces and
/// serves a piece while this says that it is checked, and not a moment longer.
///
/// Calls are short, but may touch the disk; [`Content::check`] is called on a thread that may block.
/// [`Content::holding`], [`Content::reserve`] and [`Content::room`] are called under the swarm's lock:
/// they must not wait for anybody who is in [`Swarm::forget`](crate::Swarm::forget).
pub trait Content: Send + Sync + 'static {
    /// What is known of a piece.
    fn holding(&self, piece: u32) -> Holding;

    /// Writes bytes that are not checked yet. Those of a piece that is checked are left alone.
    ///
    /// # Errors
    /// What the file system says.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads bytes, whether they are checked or not.
    ///
    /// # Errors
    /// What the file system says.
    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Takes room for a piece before anything of it is asked for. Says whether it is there: taken now
    /// or before. Where it is not, whoever makes room is told. It never blocks.
    fn reserve(&self, piece: u32) -> bool {
        let _ = piece;
        true
    }

    /// How many more pieces there is room for: an estimate, [`Content::reserve`] decides. It never
    /// blocks.
    fn room(&self) -> u32 {
        u32::MAX
    }

    /// Hashes a piece and, where the hash is right, takes note that it is checked. Says whether it is.
    ///
    /// # Errors
    /// What the file system says.
    fn check(&self, piece: u32) -> io::Result<bool>;
}
