//! Any bytes as a RAR.

use std::sync::Arc;

use proptest::prelude::*;

use super::{
    hostile::mend,
    quick::with_copies,
    writer::{Generation, Put, volumes},
};
use crate::{
    Limits, Source,
    rar::{
        five, four,
        header::{LONGEST, Step},
        index,
        scan::{self, Reach},
        set_of,
    },
    testing::{
        CX,
        fuzz::{self, RUNTIME, Sparse, cases, change, changes},
    },
};

/// What becomes of files that are read as the volumes of a RAR.
fn read(files: &[Arc<Sparse>], limits: &Limits) {
    let sources: Vec<Source> = files.iter().map(Sparse::source).collect();
    let found = RUNTIME.block_on(index(sources, "x", limits, fuzz::disk(), &CX));
    for file in files {
        // A window at every header, a program in front, and copies in one place.
        let headers = 4 * (limits.entries.min(1000) as u64 + 2);
        file.assert_read((2 << 20) + limits.header_bytes + headers * (4 << 10));
    }
    fuzz::check(found, limits);
}

/// A parser's word on bytes that may be a header.
fn assert_step(bytes: &[u8], step: universal_p2p_core::Result<Step>) {
    match step {
        Ok(Step::Needs(needs)) => assert!(needs > bytes.len(), "{needs} of {}", bytes.len()),
        Ok(Step::Is(header)) => assert!((1..=bytes.len()).contains(&header.length)),
        Err(_) => {}
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bent_sets_do_no_harm(
        is_five: bool,
        is_mended in prop::bool::weighted(0.8),
        hole in prop_oneof![3 => Just(0), 1 => 0_u64..1 << 62],
        shape in (1_usize..70, 1_usize..70),
        limits in fuzz::limits(),
        bent in prop::collection::vec((any::<prop::sample::Index>(), changes(5)), 0..4),
    ) {
        let generation = if is_five { Generation::Five } else { Generation::Four };
        let bytes: Vec<u8> = (0..=255).collect();
        let files = [
            Put::whole("dir/a.txt", b"first"),
            Put::split("b", &bytes, shape.0, shape.1),
            Put::whole("c", b"the last"),
        ];
        let mut set = volumes(generation, &files);
        for (volume, changes) in bent {
            let volume = volume.index(set.len());
            change(&mut set[volume], &changes);
            if is_mended {
                mend(&mut set[volume]);
            }
        }
        let files: Vec<_> = set.into_iter().map(|bytes| Sparse::new(bytes, hole, vec![1])).collect();
        read(&files, &limits);
    }

    #[test]
    fn bent_copies_of_headers_do_no_harm(
        changes in changes(6),
        is_mended: bool,
        limits in fuzz::limits(),
    ) {
        let mut bytes = with_copies(&[b"one".to_vec(), b"two".to_vec()], |_| true);
        change(&mut bytes, &changes);
        if is_mended {
            mend(&mut bytes);
        }
        read(&[Sparse::full(bytes)], &limits);
    }

    #[test]
    fn noise_in_front_and_behind_does_no_harm(
        is_five: bool,
        front in prop::collection::vec(any::<u8>(), 0..20),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let magic = if is_five { five::MAGIC } else { four::MAGIC };
        let mut bytes = [magic, &noise].concat();
        mend(&mut bytes);
        read(&[Sparse::full([front, bytes].concat())], &Limits::default());
    }

    #[test]
    fn headers_of_any_bytes_are_told_or_not(
        mut bytes in prop::collection::vec(any::<u8>(), 0..120),
        is_right: bool,
    ) {
        if let (true, Some(size)) = (is_right, bytes.len().checked_sub(5).filter(|size| *size < 0x80)) {
            bytes[4] = size as u8;
            let sum = crc32fast::hash(&bytes[4..]).to_le_bytes();
            bytes[..4].copy_from_slice(&sum);
        }
        assert_step(&bytes, five::parse(&bytes));
        if let (true, Some(size)) = (is_right, Some(bytes.len()).filter(|size| *size >= 7)) {
            bytes[5..7].copy_from_slice(&(size as u16).to_le_bytes());
            bytes[2] = 0x73 + bytes[2] % 9;
            let sum = crc32fast::hash(&bytes[2..]) as u16;
            bytes[..2].copy_from_slice(&sum.to_le_bytes());
        }
        assert_step(&bytes, four::parse(&bytes));
    }

    #[test]
    fn sets_are_made_of_names_that_are_there(
        stems in prop::collection::vec("[aA.é]{0,2}(part)?[0-9]{0,4}", 1..3),
        ends in prop::collection::vec((0_usize..3, "(rar|RAR|exe|[q-z][0-9]{2,3}|[0-9]{1,11})?"), 1..30),
        wanted: prop::sample::Index,
    ) {
        let names = ends.iter().map(|(stem, end)| format!("{}.{end}", stems[stem % stems.len()]));
        let names: Vec<_> = names.collect();
        let name = &names[wanted.index(names.len())];
        if let Some(set) = set_of(name, names.iter().map(String::as_str)) {
            prop_assert!(set.names.contains(name), "{set:?} without {name}");
            let mut once = set.names.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), set.names.len());
            prop_assert!(set.names.iter().all(|name| names.contains(name)));
        }
    }
}

#[test]
fn a_header_of_the_greatest_length_is_not_read_where_there_is_none() {
    for size in [
        LONGEST as u64,
        LONGEST as u64 + 1,
        u64::from(u32::MAX),
        u64::MAX >> 1,
    ] {
        let header = [vec![0; 4], super::writer::vint(size)].concat();
        let file = Sparse::new([five::MAGIC, &header].concat(), 1 << 40, Vec::new());
        let source = file.source();
        let limits = Limits::default();
        let found = RUNTIME.block_on(scan::volume(&source, Reach::All, &limits, &CX));
        assert!(found.is_err());
        file.assert_read(3 << 20);
    }
}
