//! Any bytes as a file of an unknown format.

use proptest::prelude::*;

use super::*;
use crate::testing::{
    CX,
    fuzz::{RUNTIME, Sparse, cases},
};

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn looking_at_a_file_reads_little(
        magic in prop::sample::select(vec![
            &b""[..], b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b",
            b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"MZ",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..600),
        hole in prop_oneof![Just(0), 0_u64..1 << 62],
        tail in prop::sample::select(vec![&b""[..], b"PK\x05\x06", b"Rar!\x1a\x07\x01\x00"]),
        name in "([a-zé]{0,3}\\.)?(tar\\.)?(zip|rar|exe|sfx|tar|tgz|gz|7z|TAR\\.GZ|ZIP|)",
    ) {
        let head = [magic, &noise].concat();
        let file = Sparse::new(head, hole, tail.to_vec());
        let found = RUNTIME.block_on(detect(&file.source(), &name, &CX));
        let found = found.expect("nothing keeps the bytes away");
        file.assert_read(ZIP_RECORD + HEAD + PREFIX + TAIL);
        let other = RUNTIME.block_on(detect(&file.source(), &name.to_uppercase(), &CX));
        prop_assert_eq!(found, other.expect("nothing keeps the bytes away"), "{}", name);
    }

    #[test]
    fn any_start_is_some_format_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for name in ["a.tar", "a.tar.gz", "a"] {
            let found = by_head(&bytes, name);
            prop_assert!(found != Some(Format::Tar) || bytes.len() >= 262);
        }
    }
}
