//! Walking down a folder that is to be shared.

use std::{fs::Metadata, path::Path};

use super::{MOST_FILES, Source, SourceFile, Stamp, name_of, unreadable};
use crate::Refused;

/// How deep folders may lie in each other.
const DEEPEST: usize = 100;

/// Walks folders and notes what is in them.
pub(super) struct Walk<'a> {
    source: &'a mut Source,
    own: &'a Path,
}

impl<'a> Walk<'a> {
    pub(super) fn of(source: &'a mut Source, own: &'a Path) -> Self {
        Self { source, own }
    }

    /// Notes a file.
    pub(super) fn file(
        &mut self,
        path: &Path,
        names: &[String],
        metadata: &Metadata,
    ) -> Result<(), Refused> {
        if !metadata.is_file() {
            return Err(Refused::Special(path.to_owned()));
        }
        if path.starts_with(self.own) {
            return Err(Refused::Own(path.to_owned()));
        }
        self.source.files.push(SourceFile {
            names: names.to_vec(),
            stamp: Stamp::of(metadata),
        });
        self.bounded()
    }

    /// Notes what is in a folder, whose path has no links in it.
    pub(super) fn folder(&mut self, path: &Path, names: &mut Vec<String>) -> Result<(), Refused> {
        // Neither a part of the own data nor a folder that holds it.
        if path.starts_with(self.own) || self.own.starts_with(path) {
            return Err(Refused::Own(path.to_owned()));
        }
        if names.len() >= DEEPEST {
            return Err(Refused::TooMuch("100 folders in each other"));
        }
        let mut is_empty = true;
        for entry in path.read_dir().map_err(|error| unreadable(path, error))? {
            let entry = entry.map_err(|error| unreadable(path, error))?;
            let inner = entry.path();
            // Of the entry itself: a link is not followed.
            let metadata = entry
                .metadata()
                .map_err(|error| unreadable(&inner, error))?;
            if metadata.is_symlink() {
                self.source.left_out.links += 1;
                continue;
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.source.left_out.hidden += 1;
                continue;
            }
            is_empty = false;
            names.push(name_of(Some(&entry.file_name()), &inner)?);
            if metadata.is_dir() {
                self.folder(&inner, names)?;
            } else {
                self.file(&inner, names, &metadata)?;
            }
            names.pop();
        }
        if is_empty {
            self.source.empty_folders.push(names.clone());
        }
        self.bounded()
    }

    fn bounded(&self) -> Result<(), Refused> {
        if self.source.files.len() + self.source.empty_folders.len() > MOST_FILES {
            return Err(Refused::TooMuch("200,000 files"));
        }
        Ok(())
    }
}
