//! Why something cannot be shared, and what helps.

use std::{io, path::PathBuf};

/// Why something cannot be shared. The text names the cure.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not there, or cannot be read.
    #[error("{} cannot be read: {error}; check that it is there and that you may read it", path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
    /// It is neither a file nor a folder.
    #[error("{} is a socket, pipe or device; move it elsewhere, and share the files beside it", .0.display())]
    Special(PathBuf),
    /// Its name has no text.
    #[error("the name of {} is not UTF-8, which other programs cannot read; rename it", .0.display())]
    Name(PathBuf),
    /// A path from somewhere.
    #[error("{} is not an absolute path; name it from / on", .0.display())]
    Relative(PathBuf),
    /// A folder without a name of its own.
    #[error("{} has no name; share a folder in it", .0.display())]
    Nameless(PathBuf),
    /// Several paths in several folders.
    #[error("several paths are shared as the folder they lie in, and {} lies in another; share them one by one", .0.display())]
    Apart(PathBuf),
    /// The agent's own data.
    #[error("{} holds this agent's own data and keys; share another folder", .0.display())]
    Own(PathBuf),
    /// There is not one byte.
    #[error("there is nothing in {} to share; hidden files and symbolic links are left out", .0.display())]
    Empty(PathBuf),
    /// More than one share may hold.
    #[error("this has more than {0}; share parts of it")]
    TooMuch(&'static str),
    /// It changed while it was hashed.
    #[error("{} changed while it was hashed; share it again when nobody writes to it", .0.display())]
    Changed(PathBuf),
    /// Two names in one folder have hashes that a directory cannot tell apart.
    #[error("two names in one folder have the same hash; rename one of them: {0}")]
    Collision(String),
    /// Nothing was named.
    #[error("name at least one file or folder")]
    NoPath,
    /// No network to share it on.
    #[error("name at least one network: bittorrent or ipfs")]
    NoNetwork,
    /// What is noted of a share cannot be written.
    #[error("the share cannot be noted in the data directory: {0}; check that its disk has room")]
    Notes(io::Error),
    /// It was taken back before it was hashed.
    #[error("it was taken back")]
    TakenBack,
}
