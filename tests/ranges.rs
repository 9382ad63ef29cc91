//! RFC 9110's ranges, case by case.

use crate::support::{Agent, Answer, MIB, Seeder, Seeding, Spec, assert_same, noise, position};

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

fn thousand_bytes(seeder: &mut Seeder) -> Seeding {
    seeder.seed(Spec::single("thousand.bin", noise(1, 1000)))
}

#[test]
fn the_table_of_ranges() {
    let mut seeder = Seeder::start();
    let file = thousand_bytes(&mut seeder);
    let right = file.bytes("thousand.bin");
    let agent = Agent::start();
    for (range, want) in TABLE {
        println!("{range}"); // seen only where it fails
        let answer = agent.get(&file.at("/thousand.bin")).range(range).send();
        assert!(!answer.broken);
        match want {
            Whole => {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("content-range"), None);
                assert_same(&answer.body, &right);
            }
            Part(first, last) => {
                let content_range = format!("bytes {first}-{last}/1000");
                assert_eq!(answer.status, 206);
                assert_eq!(answer.header("content-range"), Some(content_range.as_str()));
                assert_same(&answer.body, &right[*first..=*last]);
            }
            Parts(parts) => assert_parts(&answer, parts, &right),
            Unsatisfiable => {
                assert_eq!(answer.status, 416);
                assert_eq!(answer.header("content-range"), Some("bytes */1000"));
            }
        }
    }
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

#[test]
fn head_ignores_ranges() {
    let mut seeder = Seeder::start();
    let file = thousand_bytes(&mut seeder);
    let agent = Agent::start();
    let answer = agent
        .head(&file.at("/thousand.bin"))
        .range("bytes=0-0")
        .send();
    // RFC 9110 section 14.2: Range is defined for GET only
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("1000"));
}

#[test]
fn an_empty_file_has_no_range() {
    let mut seeder = Seeder::start();
    let spec = Spec::folder("f").with(&["empty"], "").with(&["one"], "1");
    let file = seeder.seed(spec);
    let agent = Agent::start();
    let whole = agent.get(&file.at("/empty")).send();
    assert_eq!(
        (whole.status, whole.header("content-length")),
        (200, Some("0"))
    );
    let part = agent.get(&file.at("/empty")).range("bytes=0-").send();
    assert_eq!(
        (part.status, part.header("content-range")),
        (416, Some("bytes */0"))
    );
}

#[test]
fn ranges_that_cross_pieces_are_right() {
    let mut seeder = Seeder::start();
    let file = seeder.seed(Spec::single("file.bin", noise(2, 2 * MIB + 77)));
    let right = file.bytes("file.bin");
    let agent = Agent::start();
    for (first, last) in [
        (65_535, 65_536),
        (0, 65_535),
        (65_536, 131_071),
        (100_000, 1_900_000),
    ] {
        let range = format!("bytes={first}-{last}");
        let answer = agent.get(&file.at("/file.bin")).range(&range).send();
        assert_same(&answer.body, &right[first..=last]);
    }
    let tail = agent
        .get(&file.at("/file.bin"))
        .range("bytes=-100000")
        .send();
    assert_same(&tail.body, &right[right.len() - 100_000..]);
}
