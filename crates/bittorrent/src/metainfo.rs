//! The info dictionary of a torrent: what it says of its pieces and files (BEP 3, BEP 47).
//!
//! Everything in it is hostile except that its hash is right: lengths, names and counts are checked
//! before anything is made of them.

use bytes::Bytes;
use librqbit_bencode::{BencodeValue, from_bytes};
use librqbit_buffers::ByteBuf;
use librqbit_core::{hash_id::Id20, torrent_metainfo::TorrentMetaV1Info};
use librqbit_sha1_wrapper::{ISha1, ISha256, Sha1, Sha256};
use universal_p2p_core::{Error, Result};
use universal_p2p_store::Layout;

use crate::infohash;

/// The longest piece that is taken, in bytes: a piece is hashed in memory.
const LONGEST_PIECE: u64 = 256 << 20;

/// One file of a torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileInfo {
    /// Its names below the torrent's own folder, or none where it must not be reached: padding,
    /// a symbolic link, or a name that is no single step downwards.
    pub(crate) path: Option<Vec<String>>,
    /// Where it starts in the torrent, in bytes.
    pub(crate) offset: u64,
    /// Its length in bytes.
    pub(crate) length: u64,
    /// Its names as the torrent has them, safe or not: for asking web servers, never for the disk.
    pub(crate) names: Vec<String>,
    /// Whether it only fills the space up to the next piece (BEP 47).
    pub(crate) padding: bool,
}

/// A checked info dictionary of version 1, or of both versions.
pub(crate) struct Metainfo {
    pub(crate) infohash: Id20,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) layout: Layout,
    pub(crate) files: Vec<FileInfo>,
    /// Whether it is one file, and not a folder of files.
    pub(crate) single_file: bool,
    hashes: Vec<u8>,
    info: Bytes,
}

impl Metainfo {
    /// Reads an info dictionary and makes sure that it is the one the infohash names.
    pub(crate) fn parse(info: Bytes, infohash: Id20) -> Result<Self> {
        if sha1(&info) != infohash.0 {
            // The short form of a version 2 infohash is its first 20 bytes (BEP 52).
            if sha256(&info)[..20] == infohash.0 {
                return Err(infohash::version_2());
            }
            return Err(corrupt("its hash is another one"));
        }
        let parsed: TorrentMetaV1Info<ByteBuf<'_>> = match from_bytes(&info) {
            Ok(parsed) => parsed,
            Err(_) if has_only_version_2(&info) => return Err(infohash::version_2()),
            Err(error) => return Err(corrupt(&error.to_string())),
        };
        let encoding = parsed.detect_encoding();
        let text = |bytes: &ByteBuf<'_>| encoding.decode(bytes.as_ref()).0.into_owned();
        let name = parsed.name.as_ref().map(text).unwrap_or_default();
        let files = files(&parsed, &name, &text)?;
        let length = files.last().map_or(0, |file| file.offset + file.length);
        let piece_length = u64::from(parsed.piece_length);
        if piece_length > LONGEST_PIECE {
            let what = format!(
                "pieces of {} MiB; at most 256 MiB are taken",
                piece_length >> 20
            );
            return Err(Error::Unsupported { what });
        }
        let layout = Layout::new(length, piece_length)
            .ok_or_else(|| corrupt("its piece length is absurd"))?;
        let hashes = parsed.pieces.as_ref().to_vec();
        if hashes.len() as u64 != u64::from(layout.chunks()) * 20 {
            return Err(corrupt("the number of its hashes does not fit its length"));
        }
        let private = parsed.private;
        Ok(Self {
            infohash,
            name,
            private,
            layout,
            files,
            single_file: parsed.length.is_some(),
            hashes,
            info,
        })
    }

    /// Reads a `.torrent` file as [`Metainfo::torrent_file`] writes it.
    pub(crate) fn from_torrent_file(file: &Bytes, infohash: Id20) -> Result<Self> {
        let inner = file
            .strip_prefix(BEFORE_INFO)
            .and_then(|rest| rest.strip_suffix(AFTER_INFO));
        Self::parse(
            file.slice_ref(inner.ok_or_else(|| corrupt("it is no torrent file"))?),
            infohash,
        )
    }

    /// The smallest `.torrent` file: nothing but the info dictionary.
    pub(crate) fn torrent_file(&self) -> Bytes {
        [BEFORE_INFO, &self.info, AFTER_INFO].concat().into()
    }

    /// Whether these are the bytes of a piece.
    pub(crate) fn is_piece(&self, piece: u32, bytes: &[u8]) -> bool {
        self.is_hash(piece, sha1(bytes))
    }

    /// Whether this is the hash of a piece.
    pub(crate) fn is_hash(&self, piece: u32, hash: [u8; 20]) -> bool {
        let at = piece as usize * 20;
        self.hashes
            .get(at..at + 20)
            .is_some_and(|right| right == hash)
    }

    /// The info dictionary as it is hashed.
    pub(crate) fn info(&self) -> Bytes {
        self.info.clone()
    }
}

const BEFORE_INFO: &[u8] = b"d4:info";
const AFTER_INFO: &[u8] = b"e";

fn files(
    parsed: &TorrentMetaV1Info<ByteBuf<'_>>,
    name: &str,
    text: &impl Fn(&ByteBuf<'_>) -> String,
) -> Result<Vec<FileInfo>> {
    let listed = match (parsed.length, parsed.files.as_ref()) {
        (Some(length), None) => vec![(vec![name.to_owned()], length, false, false)],
        (None, Some(files)) => files
            .iter()
            .map(|file| {
                let attributes = file.attr.as_ref().map_or(&[][..], ByteBuf::as_ref);
                // BEP 47: p is padding, l a symbolic link.
                let hidden = attributes
                    .iter()
                    .any(|attribute| matches!(attribute, b'p' | b'l'));
                let padding = attributes.contains(&b'p');
                (
                    file.path.iter().map(text).collect(),
                    file.length,
                    hidden,
                    padding,
                )
            })
            .collect(),
        _ => return Err(corrupt("it is neither one file nor several")),
    };
    let mut offset = 0_u64;
    let mut files = Vec::with_capacity(listed.len());
    for (path, length, hidden, padding) in listed {
        let end = offset
            .checked_add(length)
            .ok_or_else(|| corrupt("its files are longer than any disk"))?;
        let reachable =
            !hidden && !path.is_empty() && path.iter().all(|name| is_one_step_down(name));
        files.push(FileInfo {
            path: reachable.then(|| path.clone()),
            offset,
            length,
            names: path,
            padding,
        });
        offset = end;
    }
    if files.is_empty() {
        return Err(corrupt("it has no files"));
    }
    Ok(files)
}

/// Whether a name can be one segment of a path, whatever else it holds.
fn is_one_step_down(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}

/// Whether an info dictionary has a file tree but no version 1 pieces (BEP 52).
fn has_only_version_2(info: &[u8]) -> bool {
    let Ok(BencodeValue::Dict(fields)) = from_bytes::<BencodeValue<ByteBuf<'_>>>(info) else {
        return false;
    };
    let has = |key: &'static [u8]| fields.contains_key(&ByteBuf(key));
    has(b"file tree") && !has(b"pieces")
}

fn corrupt(why: &str) -> Error {
    Error::Corrupt {
        what: format!("the torrent's metadata cannot be used: {why}"),
    }
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(bytes);
    hash.finish()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

#[cfg(test)]
mod tests;
