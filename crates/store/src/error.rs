//! Why a data directory could not be opened.

use std::{io, path::PathBuf};

/// Why a data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another agent works on it.
    #[error(
        "the data directory {} is in use by another agent; stop that one, or choose another with --data-dir",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It cannot be created or written.
    #[error("cannot use the data directory {}: {cause}; make it writable, or choose another with --data-dir", path.display())]
    Unusable {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl OpenError {
    /// Names the path that an I/O error happened at.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Unusable { path, cause }
    }
}
