//! Files and directories as a tape archive (`format=tar` of the path gateway specification).

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cid::Cid;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{
    ByteStream, Error, File, Freshness, Hints, Id, Proof, ProofBody, ReadCx, Result,
};

use crate::{
    Ipfs,
    unixfs::{
        Root,
        dir::{self, Folder, Found},
        trail,
    },
};

/// The length of the sections of a tape, in bytes.
const SECTION: usize = 512;

/// The longest name and the deepest directory that a tape has.
const LONGEST: usize = 4096;
const DEEPEST: usize = 256;

/// The most entries that wait at a time.
const MOST_WAITING: usize = 1 << 20;

/// What an entry is, as its header says it.
const FILE: u8 = b'0';
const LINK: u8 = b'2';
const FOLDER: u8 = b'5';
/// A header of what does not fit into the next one (POSIX.1-2001, pax).
const MORE: u8 = b'x';

impl Ipfs {
    /// Finds what a path leads to and streams it as a tape. Its first entry is called as its CID.
    pub(super) async fn tape(
        &self,
        id: &Id,
        path: &[String],
        freshness: Freshness,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Proof> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let end = *trail.end();
        let mut tape = Tape {
            root: Arc::clone(&root),
            base: end.to_string(),
            cx: *cx,
            waiting: Vec::new(),
            file: None,
        };
        let found = dir::find(&root, None, &end, "").await?;
        // What cannot be on a tape is told before it begins, as far as one block tells it.
        let first = tape.put(end.to_string(), found).await?;
        let first = stream::once(std::future::ready(Ok(first)));
        let rest = stream::try_unfold(tape, |mut tape| async move {
            Ok(tape.next().await?.map(|bytes| (bytes, tape)))
        });
        // A tape ends with two empty sections.
        let last = Bytes::from_static(&[0; 2 * SECTION]);
        let last = stream::once(std::future::ready(Ok(last)));
        Ok(Proof {
            media_type: "application/x-tar",
            etag: format!("{end}.x-tar"),
            is_weak: true,
            filename: format!("{end}.tar"),
            freshness,
            roots: trail.roots.iter().map(Cid::to_string).collect(),
            body: ProofBody::Stream(first.chain(rest).chain(last).boxed()),
        })
    }
}

/// A tape being written.
struct Tape {
    root: Arc<Root>,
    /// The name of the first entry, within which all others are.
    base: String,
    cx: ReadCx,
    /// What comes next, the last one first: its place, and what it is.
    waiting: Vec<(String, Cid)>,
    /// The file that is being written, and how much its last section lacks.
    file: Option<(ByteStream, usize)>,
}

impl Tape {
    /// The next bytes, or none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some((stream, lack)) = &mut self.file {
            if let Some(bytes) = stream.next().await {
                return bytes.map(Some);
            }
            let lack = *lack;
            self.file = None;
            if lack > 0 {
                return Ok(Some(Bytes::from(vec![0; lack])));
            }
        }
        let Some((place, cid)) = self.waiting.pop() else {
            return Ok(None);
        };
        let found = dir::find(&self.root, None, &cid, "").await?;
        self.put(place, found).await.map(Some)
    }

    /// Begins an entry: gives its header, and notes what comes behind it.
    async fn put(&mut self, place: String, found: Found) -> Result<Bytes> {
        match found {
            Found::File(file) => {
                let (length, modified) = (file.meta().length, file.meta().modified);
                let stream = file.open(0..length, &self.cx).await?;
                self.file = Some((stream, lack(length)));
                Ok(entry(&place, "", FILE, length, modified))
            }
            Found::Folder(folder) => {
                self.note(&place, &folder).await?;
                Ok(entry(&format!("{place}/"), "", FOLDER, 0, None))
            }
            Found::Link(target) if target.len() <= LONGEST => {
                Ok(entry(&place, &target, LINK, 0, None))
            }
            Found::Link(_) => Err(unsuited("a link of so many letters")),
            Found::Data(_) => Err(Error::BadAddress {
                why: "only files and directories are given as tar".into(),
            }),
        }
    }

    /// Notes what a directory holds.
    async fn note(&mut self, place: &str, folder: &Folder) -> Result<()> {
        let links = folder.links().await?;
        if self.waiting.len() + links.len() > MOST_WAITING {
            return Err(unsuited("a directory of so many entries"));
        }
        for link in links.into_iter().rev() {
            let name =
                str::from_utf8(&link.name).map_err(|_| unsuited("a name that is no text"))?;
            let place = within(&self.base, place, name)?;
            self.waiting.push((place, link.cid));
        }
        Ok(())
    }
}

fn unsuited(what: &str) -> Error {
    Error::Unsupported {
        what: format!("{what} in a tar; format=car gives all of it"),
    }
}

/// Where a name in a directory leads, which may say `..`, but not leave the first entry.
fn within(base: &str, place: &str, name: &str) -> Result<String> {
    let outside = || Error::BadAddress {
        why: "relative UnixFS paths outside the root are now allowed in archives of blocks only: \
              use format=car"
            .into(),
    };
    let mut names: Vec<&str> = place.split('/').collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(names.pop()),
            _ if part.contains('\0') => return Err(unsuited("a name with NUL")),
            part => names.push(part),
        }
    }
    if names.len() < 2 || names.first() != Some(&base) {
        return Err(outside());
    }
    let whole = names.join("/");
    if names.len() > DEEPEST || whole.len() > LONGEST {
        return Err(unsuited("a name of so many letters"));
    }
    Ok(whole)
}

/// How much the last section of so many bytes lacks.
fn lack(length: u64) -> usize {
    let over = usize::try_from(length % SECTION as u64).unwrap_or_default();
    (SECTION - over) % SECTION
}

/// The header of an entry, and one before it for what that has no room for.
fn entry(name: &str, target: &str, kind: u8, length: u64, modified: Option<SystemTime>) -> Bytes {
    let mut more = String::new();
    for (key, value) in [("path", name), ("linkpath", target)] {
        if value.len() > 99 || !value.is_ascii() {
            add(&mut more, key, value);
        }
    }
    if length >= 1 << 33 {
        add(&mut more, "size", &length.to_string());
    }
    let mut bytes = Vec::with_capacity(SECTION);
    if !more.is_empty() {
        bytes.extend(header(
            "PaxHeaders.0/entry",
            "",
            MORE,
            more.len() as u64,
            None,
        ));
        bytes.extend(more.as_bytes());
        bytes.resize(bytes.len() + lack(more.len() as u64), 0);
    }
    bytes.extend(header(name, target, kind, length, modified));
    bytes.into()
}

/// Adds a record, which begins with its own length.
fn add(more: &mut String, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let _ = writeln!(more, "{length} {key}={value}");
}

/// One header (POSIX.1-1988, ustar). What does not fit is cut.
fn header(
    name: &str,
    target: &str,
    kind: u8,
    length: u64,
    modified: Option<SystemTime>,
) -> [u8; SECTION] {
    let mut header = [0; SECTION];
    let mut put = |at: usize, room: usize, bytes: &[u8]| {
        let fits = bytes.len().min(room);
        header[at..at + fits].copy_from_slice(&bytes[..fits]);
    };
    let mode = if kind == FOLDER {
        "0000755\0"
    } else {
        "0000644\0"
    };
    let since = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let seconds = since.unwrap_or(Duration::ZERO).as_secs();
    put(0, 99, name.as_bytes());
    put(100, 8, mode.as_bytes());
    put(108, 8, b"0000000\0");
    put(116, 8, b"0000000\0");
    put(
        124,
        12,
        format!("{:011o}\0", length & 0o77_777_777_777).as_bytes(),
    );
    put(
        136,
        12,
        format!("{:011o}\0", seconds & 0o77_777_777_777).as_bytes(),
    );
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(157, 99, target.as_bytes());
    put(257, 8, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let text = format!("{sum:06o}\0 ");
    header[148..156].copy_from_slice(text.as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_first_entry() {
        for (name, want) in [
            ("file", "base/dir/file"),
            ("../file", "base/file"),
            ("a/../b/./c", "base/dir/b/c"),
        ] {
            assert_eq!(within("base", "base/dir", name).unwrap(), want, "{name}");
        }
        for bad in ["..", "../..", "../../x", "../../base2/x", "a/../../.."] {
            let refused = within("base", "base/dir", bad);
            assert!(matches!(refused, Err(Error::BadAddress { .. })), "{bad}");
        }
    }

    #[test]
    fn records_begin_with_their_own_length() {
        for length in 1..1200 {
            let (mut more, value) = (String::new(), "x".repeat(length));
            add(&mut more, "path", &value);
            let (said, _) = more.split_once(' ').unwrap();
            assert_eq!(said.parse(), Ok(more.len()));
        }
    }
}
