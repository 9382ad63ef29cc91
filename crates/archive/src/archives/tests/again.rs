//! Archives that are opened again: after a restart, and after they could not be read.

use std::{fs, io::Write};

use super::*;
use crate::testing;

/// A file of this name and bytes, and a directory with nothing else.
fn alone(name: &str, bytes: Vec<u8>) -> (Arc<Memory>, Node) {
    let file = Arc::new(memory(name, bytes));
    let dir = Folder([(name.into(), Arc::clone(&file))].into());
    (file, Node::Dir(Arc::new(dir)))
}

fn on(store: &Arc<Store>) -> Archives {
    let settings = Settings {
        limits: Limits::default(),
        decode_jobs: 1,
        unrar: Vec::new(),
        cx: CX.into(),
    };
    Archives::new(settings, Arc::clone(store))
}

/// The lengths of the entries at the top of an archive.
async fn lengths(root: &Node, name: &str, archives: &Archives) -> Result<Vec<u64>> {
    let dir = match root {
        Node::Dir(dir) => Some(dir),
        Node::File(_) => None,
    };
    let dir = dir.expect("archives lie in a directory");
    let file = match dir.get(name).await? {
        Some(Node::File(file)) => Some(file),
        _ => None,
    };
    let file = file.expect("an archive is a file");
    let dir = archives.expand(&file, Some(dir), 0).await?;
    let dir = dir.expect("an archive");
    let length = |entry: &Entry| match entry.kind {
        EntryKind::File { length } => length,
        EntryKind::Dir => 0,
    };
    Ok(dir.list().await?.iter().map(length).collect())
}

/// Waits until an index is on disk, which nobody else waits for.
fn await_kept(folder: &tempfile::TempDir, store: &Arc<Store>) {
    loop {
        let items = store.items();
        let named = |item: &universal_p2p_store::ItemReport| {
            item.name
                .as_ref()
                .is_some_and(|name| name.ends_with("(index)"))
                && item.disk > 0
        };
        let mut ids = items.iter().filter(|item| named(item)).map(|item| &item.id);
        let path = folder.path().join("objects/archive");
        // Of zeros only is what is not written yet.
        let has_bytes = |id: &String| {
            fs::read(path.join(id)).is_ok_and(|bytes| bytes.iter().any(|byte| *byte != 0))
        };
        if ids.any(has_bytes) {
            return;
        }
        std::thread::yield_now();
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("memory takes everything");
    packer.finish().expect("memory takes everything")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_read_again_without_the_archive() {
    let big = vec![7; 3_000_000];
    let plain = tar(&[("a", &big), ("b", b"12"), ("c", &big)]);
    for (name, bytes) in [("x.tar", plain.clone()), ("x.tar.gz", packed(&plain))] {
        let folder = tempfile::tempdir().expect("room");
        let store = testing::store(&folder, 1 << 30);
        let (file, root) = alone(name, bytes.clone());
        let right = lengths(&root, name, &on(&store)).await.expect("readable");
        assert_eq!(right, [3_000_000, 2, 3_000_000]);
        assert!(file.opened.load(Ordering::Relaxed) > 0);
        await_kept(&folder, &store);
        let disk: u64 = store.items().iter().map(|item| item.disk).sum();
        assert!(name == "x.tar.gz" || disk < 100_000, "{disk} bytes");
        // Not stopped in order: what is on disk is in doubt.
        drop(store);
        let store = testing::store(&folder, 1 << 30);
        let (file, root) = alone(name, bytes);
        let again = lengths(&root, name, &on(&store)).await.expect("kept");
        assert_eq!(again, right);
        assert_eq!(file.opened.load(Ordering::Relaxed), 0, "{name} was read");
    }
}

/// A 7z without entries behind a program.
fn seven_behind_a_program() -> Vec<u8> {
    let header = [1, 0];
    let mut fields = [0; 20];
    fields[8] = 2;
    fields[16..].copy_from_slice(&crc32fast::hash(&header).to_le_bytes());
    let mut bytes = vec![b'x'; 100_000];
    bytes[..2].copy_from_slice(b"MZ");
    bytes.extend(b"7z\xbc\xaf\x27\x1c\0\x04");
    bytes.extend(crc32fast::hash(&fields).to_le_bytes());
    bytes.extend(fields);
    bytes.extend(header);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_behind_a_program_is_read_again_too() {
    let folder = tempfile::tempdir().expect("room");
    let store = testing::store(&folder, 1 << 30);
    for (name, is_read) in [("setup.exe", true), ("setup.exe", false)] {
        let (file, root) = alone(name, seven_behind_a_program());
        let found = lengths(&root, name, &on(&store)).await.expect("readable");
        assert!(found.is_empty());
        assert_eq!(file.opened.load(Ordering::Relaxed) > 0, is_read);
        await_kept(&folder, &store);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_index_is_only_read_anew() {
    let plain = tar(&[("a", &[7; 3_000]), ("b", b"12")]);
    for is_missing in [false, true] {
        let folder = tempfile::tempdir().expect("room");
        let store = testing::store(&folder, 1 << 30);
        let (_, root) = alone("x.tar", plain.clone());
        lengths(&root, "x.tar", &on(&store))
            .await
            .expect("readable");
        await_kept(&folder, &store);
        let item = store.items().into_iter().next().expect("an index");
        if is_missing {
            let id = universal_p2p_core::Id::new(&item.id).expect("its id");
            let protocol = item.protocol;
            store
                .remove(&universal_p2p_core::Item { protocol, id })
                .expect("removable");
        }
        drop(store);
        if !is_missing {
            let path = folder.path().join("objects/archive").join(&item.id);
            let mut bytes = fs::read(&path).expect("a file");
            bytes[60] ^= 1;
            fs::write(&path, bytes).expect("room");
        }
        let store = testing::store(&folder, 1 << 30);
        let (file, root) = alone("x.tar", plain.clone());
        let again = lengths(&root, "x.tar", &on(&store)).await;
        assert_eq!(again.expect("readable"), [3_000, 2]);
        assert!(file.opened.load(Ordering::Relaxed) > 0);
        await_kept(&folder, &store);
        let (file, root) = alone("x.tar", plain.clone());
        let third = lengths(&root, "x.tar", &on(&store)).await;
        assert_eq!(third.expect("kept"), [3_000, 2]);
        assert_eq!(file.opened.load(Ordering::Relaxed), 0, "it was mended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_tar_is_decoded_once_to_be_listed_and_read() {
    let noise: Vec<u8> = (0..3_000_000_u64)
        .map(|at| (at.wrapping_mul(at).wrapping_mul(0x9e37_79b9) >> 13) as u8)
        .collect();
    let bytes = packed(&tar(&[("a", &noise), ("b", b"12")]));
    let folder = tempfile::tempdir().expect("room");
    let store = testing::store(&folder, 1 << 30);
    let archives = on(&store);
    let (file, root) = alone("x.tar.gz", bytes);
    assert_eq!(
        lengths(&root, "x.tar.gz", &archives)
            .await
            .expect("readable")[1],
        2
    );
    let opened = file.opened.load(Ordering::Relaxed);
    assert!(
        read(&root, "x.tar.gz/a", &archives)
            .await
            .expect("readable")
            == noise
    );
    assert_eq!(
        read(&root, "x.tar.gz/b", &archives)
            .await
            .expect("readable"),
        b"12"
    );
    assert_eq!(
        file.opened.load(Ordering::Relaxed),
        opened,
        "it was decoded again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_not_read_again_and_again() {
    let mut bytes = tar(&[("a", &[7; 300_000]), ("b", &[7; 300_000])]);
    // The second header, far behind what tells the format.
    bytes[512 + 300_032 + 20] ^= 1;
    let (file, root) = alone("x.tar", bytes);
    let folder = tempfile::tempdir().expect("room");
    let archives = on(&testing::store(&folder, 1 << 30));
    let refused = lengths(&root, "x.tar", &archives).await;
    assert!(matches!(refused, Err(Error::Corrupt { .. })));
    let opened = file.opened.load(Ordering::Relaxed);
    for _ in 0..5 {
        let refused = lengths(&root, "x.tar", &archives).await;
        assert!(matches!(refused, Err(Error::Corrupt { .. })));
    }
    assert_eq!(file.opened.load(Ordering::Relaxed), opened);
}
