//! RFC 9110's ranges, case by case.

use super::{backends::Backend, stage::Stage, tree::Tree};
use crate::support::{Answer, MIB, assert_same, noise, position};

/// What a header must bring of a file of 1000 bytes.
enum Want {
    Whole,
    Part(usize, usize),
    Parts(&'static [(usize, usize)]),
    Unsatisfiable,
}

use Want::{Part, Parts, Unsatisfiable, Whole};

/// The table; the numbers are first and last byte.
const TABLE: &[(&str, Want)] = &[
    ("bytes=0-0", Part(0, 0)),
    ("bytes=0-1", Part(0, 1)),
    ("bytes=500-", Part(500, 999)),
    ("bytes=-10", Part(990, 999)),
    ("bytes=990-2000", Part(990, 999)),
    ("bytes=-5000", Part(0, 999)),
    ("bytes=0-", Part(0, 999)),
    ("bytes=1000-", Unsatisfiable),
    ("bytes=-0", Unsatisfiable),
    ("bytes=2000-,3000-", Unsatisfiable),
    ("bytes=0-0,-1", Parts(&[(0, 0), (999, 999)])),
    ("bytes=900-909, 0-9", Parts(&[(900, 909), (0, 9)])),
    ("bytes=0-10,5-20", Part(0, 20)),
    ("bytes=0-9,2000-", Part(0, 9)),
    ("bytes=0-99999999999999999999", Part(0, 999)),
    ("items=0-5", Whole),
    ("Bytes=0-5", Part(0, 5)),
    ("bytes=abc-", Whole),
    ("bytes=5-3", Whole),
    ("bytes=", Whole),
    ("bytes=-", Whole),
    (
        "bytes=0-0,10-10,20-20,30-30,40-40,50-50,60-60,70-70,80-80",
        Whole,
    ),
];

pub(super) fn the_table_of_ranges_holds<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let file = stage.share(Tree::file("thousand.bin", noise(1, 1000)));
    let right = file.bytes("thousand.bin");
    for (range, want) in TABLE {
        println!("{range}"); // seen only where it fails
        let answer = stage.get(&file, "/thousand.bin").range(range).send();
        assert!(!answer.broken);
        match want {
            Whole => {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("content-range"), None);
                assert_same(&answer.body, right);
            }
            Part(first, last) => {
                let content_range = format!("bytes {first}-{last}/1000");
                assert_eq!(answer.status, 206);
                assert_eq!(answer.header("content-range"), Some(content_range.as_str()));
                assert_same(&answer.body, &right[*first..=*last]);
            }
            Parts(parts) => assert_parts(&answer, parts, right),
            Unsatisfiable => {
                assert_eq!(answer.status, 416);
                assert_eq!(answer.header("content-range"), Some("bytes */1000"));
            }
        }
    }
    let head = stage.agent.head(&file.at("/thousand.bin"));
    // RFC 9110 section 14.2: Range is defined for GET only
    let head = head.range("bytes=0-0").send();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), Some("1000"));
}

/// Checks a multipart answer byte by byte: RFC 9110 section 14.6.
fn assert_parts(answer: &Answer, parts: &[(usize, usize)], right: &[u8]) {
    assert_eq!(answer.status, 206);
    assert_eq!(answer.header("content-range"), None);
    let content_type = answer.header("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let boundary = boundary.trim_matches('"');
    let mut rest = answer.body.as_slice();
    for (first, last) in parts {
        let end = position(rest, b"\r\n\r\n").expect("a part has a head") + 4;
        let head = String::from_utf8_lossy(&rest[..end]).to_lowercase();
        let opening = format!("--{boundary}\r\n").to_lowercase();
        assert!(head.trim_start().starts_with(&opening), "{head}");
        assert!(
            head.contains(&format!("content-range: bytes {first}-{last}/1000")),
            "{head}"
        );
        assert!(
            head.contains("content-type: application/octet-stream"),
            "{head}"
        );
        let length = last - first + 1;
        assert_same(&rest[end..end + length], &right[*first..=*last]);
        rest = &rest[end + length..];
    }
    assert_eq!(
        String::from_utf8_lossy(rest).trim(),
        format!("--{boundary}--")
    );
}

pub(super) fn ranges_that_cross_chunks_are_right<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let folder = Tree::folder("f")
        .with("empty", "")
        .with("file.bin", noise(2, 2 * MIB + 77));
    let folder = stage.share(folder);
    let right = folder.bytes("file.bin");
    let get = |path: &str| stage.get(&folder, path);
    // 64 KiB are a piece, 256 KiB a block
    for (first, last) in [
        (65_535, 65_536),
        (0, 65_535),
        (65_536, 131_071),
        (262_143, 262_144),
        (262_144, 524_287),
        (100_000, 1_900_000),
    ] {
        let range = format!("bytes={first}-{last}");
        let answer = get("/file.bin").range(&range).send();
        assert_eq!(answer.status, 206, "{range}");
        assert_same(&answer.body, &right[first..=last]);
    }
    let tail = get("/file.bin").range("bytes=-100000").send();
    assert_same(&tail.body, &right[right.len() - 100_000..]);
    assert_same(&get("/file.bin").send().body, right);
    let whole = get("/empty").send();
    assert_eq!(
        (whole.status, whole.header("content-length")),
        (200, Some("0"))
    );
    let part = get("/empty").range("bytes=0-").send();
    assert_eq!(
        (part.status, part.header("content-range")),
        (416, Some("bytes */0"))
    );
}
