//! One pass over the files: pieces for the torrent and leaves for the DAG from the same read.

use std::{io::Read, ops::ControlFlow};

use cid::Cid;

use crate::{
    Refused, Sink, Source, SourceFile, Stamp, disk, torrent,
    unixfs::{self, FileNodes, Linked},
};

/// The networks that something is shared on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Networks {
    /// As a torrent.
    pub bittorrent: bool,
    /// As a UnixFS DAG.
    pub ipfs: bool,
}

/// What others find a share by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The info dictionary and its hash.
    pub torrent: Option<(Vec<u8>, [u8; 20])>,
    /// The root of the DAG.
    pub cid: Option<Cid>,
}

/// Reads all files once and makes what the networks need. Blocks for as long as that takes.
///
/// After each 1 MiB `progress` is told how many bytes are done, and says whether to go on.
///
/// # Errors
/// [`Refused`] where a file cannot be read or is another than when it was looked at.
pub fn hash(
    source: &Source,
    networks: Networks,
    sink: &mut impl Sink,
    progress: &mut impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Addresses, Refused> {
    if !networks.bittorrent && !networks.ipfs {
        return Err(Refused::NoNetwork);
    }
    let mut pass = Pass {
        pieces: networks
            .bittorrent
            .then(|| torrent::Pieces::of(source.length())),
        ipfs: networks.ipfs,
        done: 0,
        chunk: vec![0; unixfs::CHUNK],
        sink,
        progress,
    };
    let mut roots = Vec::new();
    for (file, number) in source.files.iter().zip(0_u32..) {
        let root = pass.file(source, file, number)?;
        roots.extend(root.map(|root| (file.names.as_slice(), root)));
    }
    let torrent = pass.pieces.map(|pieces| {
        let info = torrent::info(source, &pieces.finish());
        let infohash = torrent::infohash(&info);
        (info, infohash)
    });
    let cid = match (networks.ipfs, source.is_folder) {
        (false, _) => None,
        (true, false) => roots.first().map(|(_, root)| root.cid),
        (true, true) => {
            let empty: Vec<_> = source.empty_folders.iter().map(Vec::as_slice).collect();
            Some(unixfs::root(&roots, &empty, sink)?.cid)
        }
    };
    Ok(Addresses { torrent, cid })
}

/// What goes along while files are read.
struct Pass<'a, S, P> {
    pieces: Option<torrent::Pieces>,
    ipfs: bool,
    done: u64,
    chunk: Vec<u8>,
    sink: &'a mut S,
    progress: &'a mut P,
}

impl<S: Sink, P: FnMut(u64) -> ControlFlow<()>> Pass<'_, S, P> {
    /// Reads one file; its root where there is a DAG.
    fn file(
        &mut self,
        source: &Source,
        file: &SourceFile,
        number: u32,
    ) -> Result<Option<Linked>, Refused> {
        let path = source.path_of(file);
        let unreadable = |error| Refused::Unreadable {
            path: path.clone(),
            error,
        };
        let (mut opened, before) = disk::open(&path).map_err(unreadable)?;
        let changed = || Refused::Changed(path.clone());
        if Stamp::of(&before) != file.stamp {
            return Err(changed());
        }
        let mut nodes = FileNodes::default();
        let mut at = 0;
        loop {
            let left = usize::try_from(file.stamp.length - at).unwrap_or(usize::MAX);
            let length = left.min(self.chunk.len());
            opened
                .read_exact(&mut self.chunk[..length])
                .map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => changed(),
                    _ => unreadable(error),
                })?;
            self.chunk(length, number, at, &mut nodes)?;
            at += length as u64;
            if at == file.stamp.length {
                break;
            }
        }
        // Whoever wrote while it was read made a mixture of two files.
        let after = opened.metadata().map_err(unreadable)?;
        if Stamp::of(&after) != file.stamp {
            return Err(changed());
        }
        if !self.ipfs {
            return Ok(None);
        }
        nodes.finish(self.sink)
    }

    /// Takes the next stretch of a file; an empty file has one, of nothing.
    fn chunk(
        &mut self,
        length: usize,
        file: u32,
        at: u64,
        nodes: &mut FileNodes,
    ) -> Result<(), Refused> {
        let bytes = &self.chunk[..length];
        if let Some(pieces) = &mut self.pieces {
            pieces.update(bytes);
        }
        if self.ipfs {
            let (digest, leaf) = unixfs::leaf(bytes);
            let length = u32::try_from(length).expect("a chunk has 1 MiB");
            let noted = self.sink.leaf(digest, file, at, length);
            noted.map_err(Refused::Notes)?;
            nodes.push(leaf, self.sink)?;
        }
        self.done += length as u64;
        match (self.progress)(self.done) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Refused::TakenBack),
        }
    }
}

#[cfg(test)]
mod tests;
