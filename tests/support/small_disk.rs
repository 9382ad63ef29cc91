//! A file system of a given size, for one test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::tools::{self, output_of};

/// A file system in memory that can be filled up. Only for [`super::isolated`] tests: nobody else sees it.
pub(crate) struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    /// One of so many mebibytes.
    pub(crate) fn of(mebibytes: usize) -> Self {
        let place = tools::folder();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(place.path());
        output_of(&mut mount);
        Self { place }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    /// A folder on it for an agent's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Takes all that is free.
    pub(crate) fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.filler()).unwrap();
        let block = vec![0x55; 64 << 10];
        let mut length = block.len();
        while length > 0 {
            if file.write_all(&block[..length]).is_err() {
                length /= 2;
            }
        }
    }

    /// Gives back what was taken.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // whoever still has a file open there keeps it until then
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
