//! What is noted of a share, so that it is served again after a restart.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cid::Cid;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::{Addresses, Source, torrent};

/// The form of what is noted.
const VERSION: u32 = 1;

const MANIFEST: &str = "share.json";
const INFO: &str = "info";
pub(crate) const BLOCKS: &str = "blocks";
pub(crate) const NODES: &str = "nodes";

/// What is noted of a share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    version: u32,
    pub(crate) source: Source,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) cid: Option<String>,
    infohash: Option<String>,
    /// When it was shared, in seconds since 1970.
    pub(crate) since: u64,
}

impl Manifest {
    pub(crate) fn new(
        source: Source,
        paths: Vec<PathBuf>,
        addresses: &Addresses,
        since: u64,
    ) -> Self {
        Self {
            version: VERSION,
            source,
            paths,
            cid: addresses.cid.map(|cid| cid.to_string()),
            infohash: addresses
                .torrent
                .as_ref()
                .map(|(_, infohash)| HEXLOWER.encode(infohash)),
            since,
        }
    }

    /// Writes it and the info dictionary into a folder, and waits until they are on disk.
    pub(crate) fn write(&self, info: Option<&[u8]>, folder: &Path) -> io::Result<()> {
        if let Some(info) = info {
            written(&folder.join(INFO), info)?;
        }
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        written(&folder.join(MANIFEST), &text)
    }

    /// Reads what [`Manifest::write`] wrote.
    pub(crate) fn read(folder: &Path) -> io::Result<(Self, Option<Vec<u8>>)> {
        let text = fs::read(folder.join(MANIFEST))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(io::Error::other)?;
        if manifest.version != VERSION {
            return Err(io::Error::other("it was noted by another version"));
        }
        let Some(infohash) = &manifest.infohash else {
            return Ok((manifest, None));
        };
        let info = fs::read(folder.join(INFO))?;
        if HEXLOWER.encode(&torrent::infohash(&info)) != *infohash {
            return Err(io::Error::other("its info dictionary is damaged"));
        }
        Ok((manifest, Some(info)))
    }

    pub(crate) fn cid(&self) -> Option<Cid> {
        self.cid.as_deref().and_then(|cid| cid.parse().ok())
    }
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::File::open(path)?.sync_all()
}
