//! What is shared: the files below what the user named, in the order of their names.

mod walk;

use std::{
    ffi::OsStr,
    fs::Metadata,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Refused;

/// Most files of one share: their names are in memory.
pub(crate) const MOST_FILES: usize = 200_000;

/// Most bytes of one share.
const MOST_BYTES: u64 = 8 << 40;

/// What tells that a file is another than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length in bytes.
    pub length: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub modified: i64,
}

impl Stamp {
    /// The stamp of a file as the file system tells it.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        let nanos = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
        Self {
            length: metadata.len(),
            modified: nanos.unwrap_or(0),
        }
    }
}

/// One file that is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its names below the shared folder; none where it is the share itself.
    pub names: Vec<String>,
    /// What it was when it was looked at.
    pub stamp: Stamp,
}

/// What is below the shared folder and is not shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Files and folders whose name begins with a dot.
    pub hidden: u64,
    /// Symbolic links.
    pub links: u64,
}

/// A file or folder to be shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where it lies.
    pub root: PathBuf,
    /// What others will see it called.
    pub name: String,
    /// Whether it is a folder, and not one file.
    pub is_folder: bool,
    /// The files, sorted by their names.
    pub files: Vec<SourceFile>,
    /// Folders with nothing in them.
    pub empty_folders: Vec<Vec<String>>,
    /// What is not shared.
    pub left_out: LeftOut,
}

impl Source {
    /// Looks at what lies at absolute paths. `own` is a folder that must not be shared. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`Refused`] says what cannot be shared, and what helps.
    pub fn scan(paths: &[PathBuf], own: &Path) -> Result<Self, Refused> {
        let [path, more @ ..] = paths else {
            return Err(Refused::NoPath);
        };
        if let Some(relative) = paths.iter().find(|path| !path.is_absolute()) {
            return Err(Refused::Relative(relative.clone()));
        }
        let own = own.canonicalize().unwrap_or_else(|_| own.to_owned());
        let mut source = if more.is_empty() {
            Self::one(path, &own)?
        } else {
            Self::several(paths, &own)?
        };
        source.files.sort_by(|a, b| a.names.cmp(&b.names));
        source.empty_folders.sort();
        if source.length() == 0 {
            return Err(Refused::Empty(path.clone()));
        }
        if source.length() > MOST_BYTES {
            return Err(Refused::TooMuch("8 TiB"));
        }
        Ok(source)
    }

    /// All of it, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        let lengths = self.files.iter().map(|file| file.stamp.length);
        lengths.fold(0, u64::saturating_add)
    }

    /// Where a file lies.
    #[must_use]
    pub fn path_of(&self, file: &SourceFile) -> PathBuf {
        file.names
            .iter()
            .fold(self.root.clone(), |path, name| path.join(name))
    }

    fn one(path: &Path, own: &Path) -> Result<Self, Refused> {
        let root = real(path)?;
        let name = name_of(path.file_name().or_else(|| root.file_name()), path)?;
        let metadata = root.metadata().map_err(|error| unreadable(path, error))?;
        let mut source = Self::nothing(root.clone(), name, metadata.is_dir());
        let mut walk = walk::Walk::of(&mut source, own);
        if metadata.is_dir() {
            walk.folder(&root, &mut Vec::new())?;
        } else {
            walk.file(&root, &[], &metadata)?;
        }
        Ok(source)
    }

    fn several(paths: &[PathBuf], own: &Path) -> Result<Self, Refused> {
        let folder_of = |path: &Path| {
            let parent = path
                .parent()
                .ok_or_else(|| Refused::Nameless(path.to_owned()))?;
            real(parent)
        };
        let root = folder_of(&paths[0])?;
        let name = name_of(root.file_name(), &root)?;
        let mut source = Self::nothing(root.clone(), name, true);
        let mut paths = paths.to_vec();
        paths.sort();
        paths.dedup();
        let mut walk = walk::Walk::of(&mut source, own);
        for path in &paths {
            if folder_of(path)? != root {
                return Err(Refused::Apart(path.clone()));
            }
            let name = name_of(path.file_name(), path)?;
            let metadata = path.metadata().map_err(|error| unreadable(path, error))?;
            if metadata.is_dir() {
                // A link that was named is followed, but not one below it.
                walk.folder(&real(path)?, &mut vec![name])?;
            } else {
                walk.file(path, &[name], &metadata)?;
            }
        }
        Ok(source)
    }

    fn nothing(root: PathBuf, name: String, is_folder: bool) -> Self {
        Self {
            root,
            name,
            is_folder,
            files: Vec::new(),
            empty_folders: Vec::new(),
            left_out: LeftOut::default(),
        }
    }
}

fn real(path: &Path) -> Result<PathBuf, Refused> {
    path.canonicalize().map_err(|error| unreadable(path, error))
}

fn name_of(name: Option<&OsStr>, path: &Path) -> Result<String, Refused> {
    let name = name.ok_or_else(|| Refused::Nameless(path.to_owned()))?;
    let text = name
        .to_str()
        .ok_or_else(|| Refused::Name(path.to_owned()))?;
    Ok(text.to_owned())
}

fn unreadable(path: &Path, error: std::io::Error) -> Refused {
    Refused::Unreadable {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests;
