//! The description of a torrent to be made.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::PIECE;

/// Where a file's bytes come from.
enum Contents {
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// One file of a torrent: its names below the torrent's folder, none for a single-file torrent.
struct Entry {
    path: Vec<String>,
    contents: Contents,
    damaged: bool,
}

/// A torrent to be made: version 1, neither private nor padded, unless said otherwise.
#[must_use = "a description makes no torrent; give it to a seeder"]
pub(crate) struct Spec {
    name: String,
    entries: Vec<Entry>,
    piece_length: u64,
    private: bool,
    padded: bool,
    version: &'static str,
}

impl Spec {
    /// A torrent with a folder and files in it.
    pub(crate) fn folder(name: &str) -> Self {
        Self {
            name: name.into(),
            entries: Vec::new(),
            piece_length: PIECE,
            private: false,
            padded: false,
            version: "v1",
        }
    }

    /// A torrent that is one file.
    pub(crate) fn single(name: &str, bytes: Vec<u8>) -> Self {
        Self::folder(name).entry(&[], Contents::Bytes(bytes))
    }

    /// A torrent that is one file, which lies on disk.
    pub(crate) fn single_file(name: &str, path: &Path) -> Self {
        Self::folder(name).entry(&[], Contents::File(path.into()))
    }

    /// Adds a file; its path is given name by name, because a name may hold slashes.
    pub(crate) fn with(self, path: &[&str], bytes: impl Into<Vec<u8>>) -> Self {
        self.entry(path, Contents::Bytes(bytes.into()))
    }

    fn entry(mut self, path: &[&str], contents: Contents) -> Self {
        self.entries.push(Entry {
            path: path.iter().map(ToString::to_string).collect(),
            contents,
            damaged: false,
        });
        self
    }

    /// Sets the piece length.
    pub(crate) fn pieces(mut self, length: u64) -> Self {
        self.piece_length = length;
        self
    }

    /// Marks it private.
    pub(crate) fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Lets every file start at a piece, with padding files between.
    pub(crate) fn padded(mut self) -> Self {
        self.padded = true;
        self
    }

    /// Makes it "v2" or "hybrid"; only for single files.
    pub(crate) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Seeds other bytes than those that were hashed.
    pub(crate) fn damaged(mut self) -> Self {
        for entry in &mut self.entries {
            entry.damaged = true;
        }
        self
    }

    /// Writes the files and gives the seeder's description with the place of every file by its path.
    pub(super) fn write(self, folder: &Path) -> (Value, Vec<(String, PathBuf)>) {
        let mut places = Vec::new();
        let mut files = Vec::new();
        for (number, entry) in self.entries.into_iter().enumerate() {
            let source = match entry.contents {
                Contents::File(path) => path,
                Contents::Bytes(bytes) => {
                    let path = folder.join(number.to_string());
                    std::fs::write(&path, bytes).unwrap();
                    path
                }
            };
            let seeded = if entry.damaged {
                damage(&source)
            } else {
                source.clone()
            };
            files.push(json!({ "path": entry.path, "source": source, "seeded": seeded }));
            let path = if entry.path.is_empty() {
                self.name.clone()
            } else {
                entry.path.join("/")
            };
            places.push((path, source));
        }
        let torrent = json!({
            "name": self.name, "files": files, "piece_length": self.piece_length,
            "private": self.private, "padded": self.padded, "version": self.version,
        });
        (torrent, places)
    }
}

/// Copies a file with every byte changed.
fn damage(source: &Path) -> PathBuf {
    let wrong: Vec<u8> = std::fs::read(source)
        .unwrap()
        .iter()
        .map(|byte| !byte)
        .collect();
    let place = source.with_extension("damaged");
    std::fs::write(&place, wrong).unwrap();
    place
}
