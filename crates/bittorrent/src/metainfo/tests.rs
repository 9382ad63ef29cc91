use proptest::prelude::*;

use super::*;

fn parse(info: &str) -> Result<Metainfo> {
    let info = Bytes::copy_from_slice(info.as_bytes());
    let infohash = Id20::new(sha1(&info));
    Metainfo::parse(info, infohash)
}

/// An info dictionary of several files, all of them in one piece.
fn several(files: &[(&str, u64)]) -> String {
    let listed: String = files
        .iter()
        .map(|(path, length)| {
            let path: String = path
                .split('|')
                .map(|name| format!("{}:{name}", name.len()))
                .collect();
            format!("d6:lengthi{length}e4:pathl{path}ee")
        })
        .collect();
    format!(
        "d5:filesl{listed}e4:name1:t12:piece lengthi16384e6:pieces20:{}e",
        "x".repeat(20)
    )
}

#[test]
fn hostile_names_are_out_of_reach() {
    let files = [
        ("ok|a.txt", 1),
        ("..|up", 2),
        ("a/b", 3),
        (".", 4),
        ("<b>\n", 5),
        ("|x", 6),
        ("/etc|passwd", 7),
    ];
    let metainfo = parse(&several(&files)).expect("the lengths are right");
    let reachable: Vec<bool> = metainfo
        .files
        .iter()
        .map(|file| file.path.is_some())
        .collect();
    assert_eq!(reachable, [true, false, false, false, true, false, false]);
    assert_eq!(metainfo.files[6].offset, 21);
    assert_eq!(metainfo.layout.length(), 28);
}

#[test]
fn a_torrent_file_is_read_back() {
    let metainfo = parse(&several(&[("a", 100)])).expect("sound");
    let file = metainfo.torrent_file();
    let again = Metainfo::from_torrent_file(&file, metainfo.infohash).expect("as written");
    assert_eq!(again.files, metainfo.files);
    let other = Id20::new([7; 20]);
    assert!(matches!(
        Metainfo::from_torrent_file(&file, other),
        Err(Error::Corrupt { .. })
    ));
    assert!(matches!(
        Metainfo::from_torrent_file(&file.slice(1..), other),
        Err(Error::Corrupt { .. })
    ));
}

#[test]
fn lies_about_lengths_are_found() {
    let lie = |info: String| matches!(parse(&info), Err(Error::Corrupt { .. }));
    assert!(lie(several(&[("a", 16385)])), "one hash for two pieces");
    assert!(lie(several(&[("a", u64::MAX), ("b", u64::MAX)])));
    assert!(lie(several(&[])));
    assert!(lie(several(&[("a", 1)]).replace("i16384e", "i0e")));
    assert!(lie("d4:name1:te".into()));
    let huge = several(&[("a", 1)]).replace("i16384e", "i4000000000e");
    assert!(matches!(parse(&huge), Err(Error::Unsupported { .. })));
}

#[test]
fn version_2_is_recognised_by_either_hash() {
    let info = Bytes::from_static(
        b"d9:file treed1:ad0:d6:lengthi1eeee12:meta versioni2e4:name1:t12:piece lengthi16384ee",
    );
    let short = Id20::new(sha256(&info)[..20].try_into().expect("20 bytes"));
    assert!(matches!(
        Metainfo::parse(info.clone(), short),
        Err(Error::Unsupported { .. })
    ));
    let whole = Id20::new(sha1(&info));
    assert!(matches!(
        Metainfo::parse(info, whole),
        Err(Error::Unsupported { .. })
    ));
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let infohash = Id20::new(sha1(&bytes));
        let _ = Metainfo::parse(bytes.into(), infohash);
    }

    #[test]
    fn damaged_dictionaries_do_not_break_it(at in 0_usize..100, byte: u8) {
        let mut info = several(&[("a|b", 100), ("c", 7)]).into_bytes();
        let at = at % info.len();
        info[at] = byte;
        let infohash = Id20::new(sha1(&info));
        let _ = Metainfo::parse(info.into(), infohash);
    }
}
