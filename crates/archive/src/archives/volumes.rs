//! The files that an archive is made of, of which an address names one.

use std::sync::Arc;

use universal_p2p_core::{Dir, File, Result};
#[cfg(feature = "rar")]
use universal_p2p_core::{EntryKind, Node};

#[cfg(feature = "rar")]
use crate::rar::{Numbering, set_of};

/// The most volumes of one archive.
#[cfg(feature = "rar")]
const MOST_VOLUMES: usize = 10_000;

/// The files of one archive, from the first.
#[derive(Clone)]
pub(super) struct Volumes {
    pub(super) files: Vec<Arc<dyn File>>,
    /// Whether they are one file that was cut, and not volumes with headers of their own.
    pub(super) may_be_cut: bool,
}

/// The files that belong to the archive that a file is, or is a volume of.
///
/// # Errors
/// Whatever kept the directory from being read.
#[cfg_attr(
    not(feature = "rar"),
    expect(clippy::unused_async, reason = "only RAR has volumes to look for")
)]
pub(super) async fn of(file: &Arc<dyn File>, beside: Option<&Arc<dyn Dir>>) -> Result<Volumes> {
    #[cfg(feature = "rar")]
    if let Some(found) = set(file, beside).await? {
        return Ok(found);
    }
    #[cfg(not(feature = "rar"))]
    let _ = beside;
    Ok(Volumes {
        files: vec![Arc::clone(file)],
        may_be_cut: false,
    })
}

/// The set that a file is a volume of by its name, if its directory has one.
#[cfg(feature = "rar")]
async fn set(file: &Arc<dyn File>, beside: Option<&Arc<dyn Dir>>) -> Result<Option<Volumes>> {
    let name = &file.meta().name;
    let Some(dir) = beside else {
        return Ok(None);
    };
    // Most files are no volumes, and then the directory need not be read.
    if !looks_like_a_volume(name) {
        return Ok(None);
    }
    let listed = dir.list().await?;
    let names = listed
        .iter()
        .filter(|entry| matches!(entry.kind, EntryKind::File { .. }))
        .map(|entry| entry.name.as_str());
    let Some(set) = set_of(name, names) else {
        return Ok(None);
    };
    let mut files = Vec::new();
    for name in set.names.iter().take(MOST_VOLUMES) {
        match dir.get(name).await? {
            Some(Node::File(file)) => files.push(file),
            _ => break,
        }
    }
    let may_be_cut = set.numbering == Numbering::Split;
    Ok(Some(Volumes { files, may_be_cut }).filter(|found| !found.files.is_empty()))
}

/// Whether a name ends as that of a volume may.
#[cfg(feature = "rar")]
fn looks_like_a_volume(name: &str) -> bool {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let is_number = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is = |other: &str| extension.eq_ignore_ascii_case(other);
    is("rar")
        || is("exe")
        || is("sfx")
        || is_number(extension)
        || extension.len() == 3 && extension.get(1..).is_some_and(is_number)
}
