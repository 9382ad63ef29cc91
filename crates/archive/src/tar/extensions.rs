//! What stands before a header and says more than it can: long names, large sizes.

use universal_p2p_core::{Error, Result};

use super::sparse::Sparse;
use crate::limits::Limits;

/// What was said of the entry that follows.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Seconds since 1970.
    pub(super) modified: Option<u64>,
    /// Where holes are, which the body leaves out.
    pub(super) sparse: Option<Sparse>,
    seen: bool,
}

impl Extensions {
    /// Whether anything was said.
    pub(super) fn is_some(&self) -> bool {
        self.seen
    }

    /// A name in the form of GNU tar: the bytes up to a NUL.
    pub(super) fn set_long_name(&mut self, bytes: &[u8]) {
        self.seen = true;
        let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        // What POSIX says of it counts more, whichever comes first.
        self.name.get_or_insert_with(|| name.to_vec());
    }

    /// Records in the form of POSIX.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a record that is none: the sizes that follow could not be believed.
    pub(super) fn set_pax(&mut self, bytes: &[u8], limits: &Limits) -> Result<()> {
        self.seen = true;
        let (mut rest, mut real_name) = (bytes, None);
        while let Some((key, value, behind)) = record(rest)? {
            rest = behind;
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => self.size = Some(number(value).ok_or_else(corrupt)?),
                b"mtime" => {
                    let whole = value.split(|byte| *byte == b'.').next();
                    self.modified = whole.and_then(number);
                }
                b"GNU.sparse.name" => real_name = Some(value.to_vec()),
                key => {
                    if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        let sparse = self.sparse.get_or_insert_default();
                        sparse.set(key, value, limits)?;
                    }
                }
            }
        }
        // The other one is for programs that know nothing of holes.
        self.name = real_name.or(self.name.take());
        Ok(())
    }
}

/// A key, its value, and what lies behind both.
type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// The first of some records: its key, its value, and what lies behind it. Values may have any bytes
/// in them, so that only the length at the front tells where one ends.
fn record(bytes: &[u8]) -> Result<Option<Record<'_>>> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let space = bytes.iter().position(|byte| *byte == b' ');
    let space = space.ok_or_else(corrupt)?;
    let length = bytes.get(..space).and_then(number);
    let length = length.and_then(|length| usize::try_from(length).ok());
    let whole = length.and_then(|length| bytes.split_at_checked(length));
    let (whole, rest) = whole.ok_or_else(corrupt)?;
    let content = whole.get(space + 1..).ok_or_else(corrupt)?;
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let equals = content.iter().position(|byte| *byte == b'=');
    let equals = equals.ok_or_else(corrupt)?;
    Ok(Some((&content[..equals], &content[equals + 1..], rest)))
}

pub(super) fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn corrupt() -> Error {
    Error::Corrupt {
        what: "the tar: a record before a header is no record".into(),
    }
}
