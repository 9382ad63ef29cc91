//! Files that a peer is to share.

/// A file, or a folder of files.
#[derive(Clone)]
pub(crate) struct Tree {
    /// The name of the file or of the folder.
    pub(crate) name: String,
    /// Whether it is one file, which lies in no folder.
    pub(crate) is_file: bool,
    /// Paths below the folder with what is there; the name of a single file.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Tree {
    /// One file.
    pub(crate) fn file(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            is_file: true,
            files: vec![(name.into(), bytes)],
        }
    }

    /// A folder, empty up to now.
    pub(crate) fn folder(name: &str) -> Self {
        Self {
            name: name.into(),
            is_file: false,
            files: Vec::new(),
        }
    }

    /// Adds a file at a path.
    pub(crate) fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), bytes.into()));
        self
    }

    /// What is at a path.
    pub(crate) fn bytes(&self, path: &str) -> &[u8] {
        let mut known = self.files.iter();
        let found = known.find(|(known, _)| known == path);
        &found.expect("the tree has this file").1
    }
}
