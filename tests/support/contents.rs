//! Bytes that can be told apart at every place, and the comparison of long bodies.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// Deterministic bytes without any pattern: xorshift from a seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Writes a sparse file: zeros but for the given islands of bytes.
pub(crate) fn noise_file(folder: &Path, length: u64, islands: &[(u64, &[u8])]) -> PathBuf {
    use std::os::unix::fs::FileExt;
    let path = folder.join("sparse");
    let file = File::create_new(&path).unwrap();
    file.set_len(length).unwrap();
    for (offset, bytes) in islands {
        file.write_all_at(bytes, *offset).unwrap();
    }
    (&file).flush().unwrap();
    path
}

/// Compares long bodies; names the first difference instead of printing megabytes.
#[track_caller]
pub(crate) fn assert_same(seen: &[u8], expected: &[u8]) {
    if let Some(at) = seen.iter().zip(expected).position(|(a, b)| a != b) {
        let end = |bytes: &[u8]| (at + 16).min(bytes.len());
        panic!(
            "byte {at} differs: {:02x?} came, {:02x?} is right",
            &seen[at..end(seen)],
            &expected[at..end(expected)]
        );
    }
    assert_eq!(seen.len(), expected.len(), "the length differs");
}

/// Where one text or byte string lies within another.
pub(crate) fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
