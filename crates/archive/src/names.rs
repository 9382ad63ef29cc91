//! Names of entries: raw bytes first, text later.

mod guess;
mod path;

pub(crate) use guess::Reading;
pub(crate) use path::{EntryPath, path};

/// A name as the archive has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawName {
    /// The bytes.
    pub(crate) bytes: Box<[u8]>,
    /// The same as text, where the archive says what it is.
    pub(crate) text: Option<Box<str>>,
    /// Whether it was made where `\` separates directories.
    pub(crate) is_dos: bool,
}
