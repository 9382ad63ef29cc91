//! Copies of headers in one place.

use super::{
    entry, index_of,
    one::one,
    read,
    writer::{Flags, Generation, five, vint},
};
use crate::testing::Served;

/// An archive of RAR 5 with copies of its headers, and those of them that `is_kept` says.
pub(super) fn with_copies(files: &[Vec<u8>], is_kept: impl Fn(usize) -> bool) -> Vec<u8> {
    let main = |offset: u64| {
        // In a width that does not depend on it.
        let offset =
            (0..4).map(|at| (offset >> (7 * at)) as u8 & 0x7f | if at < 3 { 0x80 } else { 0 });
        let record = [vec![6, 1, 1], offset.collect()].concat();
        let fields = [vec![1, 1, 7, 0], record].concat();
        [b"Rar!\x1a\x07\x01\x00".to_vec(), five(&fields)].concat()
    };
    let mut archive = main(0);
    let mut headers = Vec::new();
    let whole = Flags {
        before: false,
        after: false,
    };
    for (number, bytes) in files.iter().enumerate() {
        let (length, checksum) = (bytes.len() as u64, crc32fast::hash(bytes));
        let name = format!("{number}.jpg");
        let header = Generation::Five.file(name.as_bytes(), length, length, checksum, whole);
        headers.push((archive.len(), header.clone()));
        archive.extend([&header[..], bytes].concat());
    }
    let at = archive.len();
    let kept = headers
        .into_iter()
        .enumerate()
        .filter(|(number, _)| is_kept(*number));
    let copies = kept.flat_map(|(_, (place, header))| {
        let back = vint((at - place) as u64);
        five(&[vec![0], back, vint(header.len() as u64), header].concat())
    });
    let copies: Vec<u8> = copies.collect();
    let length = vint(copies.len() as u64);
    let fields = [
        vec![3, 2],
        length.clone(),
        vec![0],
        length,
        vec![0, 0, 0, 2],
        b"QO".to_vec(),
    ];
    archive.extend(five(&fields.concat()));
    archive.extend(copies);
    archive.extend(Generation::Five.end(false));
    let main = main(at as u64 - 8);
    archive[..main.len()].copy_from_slice(&main);
    archive
}

#[tokio::test]
async fn copies_of_headers_save_visiting_every_entry() {
    let files: Vec<Vec<u8>> = (0..20).map(|number| vec![number; 50_000]).collect();
    for (kept, most) in [(20, 4), (10, 14), (0, 24)] {
        let archive = Served::new(with_copies(&files, |number| number < kept));
        let index = index_of(std::slice::from_ref(&archive))
            .await
            .expect("an index");
        assert!(
            archive.bytes_read() <= most * 4_096,
            "{kept}: {}",
            archive.bytes_read()
        );
        assert_eq!(index.entries.len(), 20);
        for (number, bytes) in files.iter().enumerate() {
            let found = entry(&index, &format!("{number}.jpg"));
            assert!(read(found, 0..50_000).await.expect("bytes") == *bytes);
        }
    }
}

#[tokio::test]
async fn damaged_copies_of_headers_are_not_used() {
    let files: Vec<Vec<u8>> = (0..5).map(|number| vec![number; 5_000]).collect();
    let right = with_copies(&files, |_| true);
    for back in 1..260 {
        let mut archive = right.clone();
        let at = archive.len() - back;
        archive[at] ^= 0x11;
        let index = one(archive).await.expect("an index");
        assert_eq!(index.entries.len(), 5, "{back}");
        for (number, bytes) in files.iter().enumerate().take(4) {
            let found = entry(&index, &format!("{number}.jpg"));
            let found = read(found, 0..5_000).await.expect("bytes");
            assert!(found == *bytes, "{back}");
        }
    }
}
