//! Real archives: those that the authors of the decoder test with, of every version since RAR 1.5.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::*;
use crate::{rar::set_of, testing::assert_reads};

/// What cannot be unpacked because it was made so.
const DAMAGED: [&str; 2] = ["first_block_without_tables.rar", "libarchive_loop_bug.rar"];

/// The folder with the decoder's samples, which come with its sources.
pub(super) fn samples() -> PathBuf {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tells where packages are");
    let told = String::from_utf8(told.stdout).expect("text");
    let manifests = told.split("\"manifest_path\":\"").skip(1);
    let manifests = manifests.filter_map(|rest| rest.split('"').next());
    let mut ours = manifests.filter(|path| path.contains("/rars-"));
    let manifest = PathBuf::from(ours.next().expect("the decoder is a dependency"));
    manifest.with_file_name("tests").join("fixtures")
}

/// A folder and all folders in it.
pub(super) fn folders(root: PathBuf) -> Vec<PathBuf> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(folder) = found.get(at).cloned() {
        let within = fs::read_dir(folder).expect("a folder");
        let within = within.map(|entry| entry.expect("an entry").path());
        found.extend(within.filter(|path| path.is_dir()));
        at += 1;
    }
    found
}

/// The sets of volumes in a folder, each from its first.
pub(super) fn sets(folder: &Path) -> Vec<Vec<String>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let files = entries.map(|entry| entry.expect("an entry"));
    let files = files.filter(|file| file.path().is_file());
    let mut names: Vec<_> = files
        .map(|file| file.file_name().into_string().expect("text"))
        .collect();
    names.sort();
    let set = |name: &String| {
        let set = set_of(name, names.iter().map(String::as_str));
        set.map_or_else(|| vec![name.clone()], |set| set.names)
    };
    let of = |name| (name, set(name));
    let firsts = names
        .iter()
        .map(of)
        .filter(|(name, set)| set.first() == Some(name));
    firsts.map(|(_, set)| set).collect()
}

#[test]
fn every_packed_entry_is_unpacked() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = spools(&folder);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut right, mut damaged) = (0, Vec::new());
    for folder in folders(samples()) {
        for set in sets(&folder) {
            let path = folder.join(&set[0]);
            let read = |name: &String| fs::read(folder.join(name)).expect("a sample");
            let volumes = set.iter().map(read).map(Served::new);
            let sources = volumes.map(|volume| volume.source()).collect();
            let etag = path.to_string_lossy();
            let limits = Limits::default();
            let read = runtime.block_on(index(sources, &etag, &limits, &spools, &CX));
            // Others are no archives of these versions, and some are damaged from the start.
            let Ok(read) = read else { continue };
            for entry in read.entries {
                if !matches!(&*entry.content, Content::Spool(_)) {
                    continue;
                }
                let whole = runtime
                    .block_on(async { all(entry.content.open(0..entry.length, &CX).await?).await });
                let Ok(whole) = whole else {
                    damaged.push(set[0].clone());
                    continue;
                };
                // Other hashes than this one are left to the decoder.
                if entry.checksum >> 32 == 0 && entry.checksum != 0 {
                    let found = u64::from(crc32fast::hash(&whole));
                    assert_eq!(found, entry.checksum, "{}", path.display());
                }
                assert_reads(&entry, &whole);
                right += 1;
            }
        }
    }
    damaged.sort();
    assert_eq!(damaged, DAMAGED);
    assert!(right >= 300, "{right}");
}
