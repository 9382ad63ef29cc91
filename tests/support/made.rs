//! A torrent of one file that nobody seeds yet.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{Spec, tools};

/// A torrent that was made, and its file under its own name, as other clients want it.
pub(crate) struct Made {
    /// The infohash, 40 hexadecimal digits.
    pub(crate) id: String,
    /// The file's name.
    pub(crate) name: String,
    folder: TempDir,
}

impl Made {
    /// Makes the torrent of a single file.
    pub(crate) fn of(spec: Spec) -> Self {
        let folder = tools::folder();
        let (torrent, mut places) = spec.write(folder.path());
        let (name, place) = places.pop().expect("a torrent has a file");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::rename(&place, data.join(&name)).unwrap();
        let mut torrent = torrent;
        for key in ["source", "seeded"] {
            torrent["files"][0][key] = data.join(&name).to_str().unwrap().into();
        }
        let mut maker = Command::new(tools::python());
        maker
            .arg("-B")
            .arg(tools::file_of_suite("support/make.py"))
            .arg(torrent.to_string())
            .arg(folder.path().join("torrent"));
        let id = tools::output_of(&mut maker).trim().to_owned();
        Self { id, name, folder }
    }

    /// The .torrent file.
    pub(crate) fn metainfo(&self) -> PathBuf {
        self.folder.path().join("torrent")
    }

    /// The folder that holds its file.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// All right bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.data().join(&self.name)).unwrap()
    }

    /// Whether its file lies complete and right in this folder.
    pub(crate) fn is_whole_in(&self, folder: &Path) -> bool {
        std::fs::read(folder.join(&self.name)).is_ok_and(|bytes| bytes == self.bytes())
    }

    /// The address of its file that names these peers.
    pub(crate) fn at(&self, peers: &[SocketAddr]) -> String {
        let peers: Vec<_> = peers.iter().map(|peer| format!("x.pe={peer}")).collect();
        format!(
            "/bittorrent/v0/stream/{}/{}?{}",
            self.id,
            self.name,
            peers.join("&")
        )
    }

    /// The address of its .torrent file.
    pub(crate) fn torrent(&self) -> String {
        format!("/bittorrent/v0/torrent/{}", self.id)
    }
}
