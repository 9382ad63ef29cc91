#![expect(
    clippy::single_range_in_vec_init,
    reason = "lists of one range are what is tested"
)]

use axum::http::HeaderValue;
use proptest::prelude::*;
use universal_p2p_core::Freshness;

use super::*;

/// What a header selects of a length; nothing for 416.
fn selected(header: &str, length: u64) -> Option<Selection> {
    let meta = Meta {
        name: String::new(),
        length,
        etag: "tag".into(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    };
    let value = HeaderValue::from_str(header).expect("a header");
    match select(&Method::GET, &[(RANGE, value)].into_iter().collect(), &meta) {
        Ok(selection) => Some(selection),
        Err(Failure::RangeNotSatisfiable { length: said }) if said == length => None,
        Err(other) => panic!("{other:?}"),
    }
}

fn parts<const N: usize>(ranges: [Range<u64>; N]) -> Option<Selection> {
    Some(Selection::Parts(ranges.into()))
}

#[test]
fn the_table_of_ranges() {
    let whole = Some(Selection::Whole);
    for (header, want) in [
        ("bytes=0-0", parts([0..1])),
        ("bytes=0-1", parts([0..2])),
        ("bytes=500-", parts([500..1000])),
        ("bytes=-10", parts([990..1000])),
        ("bytes=990-2000", parts([990..1000])),
        ("bytes=-5000", parts([0..1000])),
        ("bytes=0-", parts([0..1000])),
        ("bytes=1000-", None),
        ("bytes=-0", None),
        ("bytes=1000-,-0", None),
        ("bytes=0-0,-1", parts([0..1, 999..1000])),
        ("bytes=-1,0-0", parts([999..1000, 0..1])),
        ("bytes=0-10,5-20", parts([0..21])),
        ("bytes=0-10,11-20", parts([0..21])),
        ("bytes=50-60, 5-20 ,,0-10", parts([50..61, 0..21])),
        ("bytes=0-9,2000-", parts([0..10])),
        ("bytes=0-9,-0", parts([0..10])),
        ("bytes=0-99999999999999999999", parts([0..1000])),
        ("bytes=0-18446744073709551615", parts([0..1000])),
        ("bytes=99999999999999999999-", None),
        ("bytes=-99999999999999999999", parts([0..1000])),
        ("bytes=007-0010", parts([7..11])),
        ("Bytes=0-5", parts([0..6])),
        ("items=0-5", whole.clone()),
        ("bytes=abc-", whole.clone()),
        ("bytes=5-3", whole.clone()),
        ("bytes=0-1,5-3", whole.clone()),
        ("bytes=", whole.clone()),
        ("bytes=,", whole.clone()),
        ("bytes=-", whole.clone()),
        ("bytes=--5", whole.clone()),
        ("bytes=+1-5", whole.clone()),
        ("bytes=1 - 5", whole.clone()),
        ("bytes 0-5", whole.clone()),
        ("0-5", whole.clone()),
    ] {
        assert_eq!(selected(header, 1000), want, "{header}");
    }
}

#[test]
fn an_empty_file_satisfies_no_range() {
    for header in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
        assert_eq!(selected(header, 0), None, "{header}");
    }
    assert_eq!(selected("bytes=x", 0), Some(Selection::Whole));
}

#[test]
fn the_largest_lengths_do_not_overflow() {
    let length = u64::MAX;
    assert_eq!(selected("bytes=0-", length), parts([0..length]));
    let last = format!("bytes={}-{}", length - 1, length);
    assert_eq!(selected(&last, length), parts([length - 1..length]));
}

#[test]
fn too_many_parts_are_the_whole_file() {
    let list = |count: u64| {
        let ranges: Vec<_> = (0..count).map(|n| format!("{0}-{0}", n * 2)).collect();
        format!("bytes={}", ranges.join(","))
    };
    assert!(matches!(selected(&list(8), 1000), Some(Selection::Parts(all)) if all.len() == 8));
    assert_eq!(selected(&list(9), 1000), Some(Selection::Whole));
    let touching: Vec<_> = (0..100).map(|n| format!("{n}-{n}")).collect();
    let touching = format!("bytes={}", touching.join(","));
    assert_eq!(selected(&touching, 1000), parts([0..100]));
}

#[test]
fn two_headers_are_none() {
    let mut headers = HeaderMap::new();
    headers.append(RANGE, HeaderValue::from_static("bytes=0-0"));
    headers.append(RANGE, HeaderValue::from_static("bytes=1-1"));
    let meta = Meta {
        name: String::new(),
        length: 9,
        etag: "tag".into(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    };
    let selection = select(&Method::GET, &headers, &meta).expect("ignored");
    assert_eq!(selection, Selection::Whole);
}

/// One range as a client may write it: its text, and by another way the bytes it means.
#[derive(Clone, Debug)]
enum Asked {
    FromTo(u8, u8),
    From(u8),
    Last(u8),
}

impl Asked {
    fn text(&self) -> String {
        match self {
            Self::FromTo(start, last) => format!("{start}-{last}"),
            Self::From(start) => format!("{start}-"),
            Self::Last(count) => format!("-{count}"),
        }
    }

    fn means(&self, byte: u64, length: u64) -> bool {
        match *self {
            Self::FromTo(start, last) => (u64::from(start)..=u64::from(last)).contains(&byte),
            Self::From(start) => byte >= u64::from(start),
            Self::Last(count) => byte + u64::from(count) >= length,
        }
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(start, last)| Asked::FromTo(start, last)),
        (any::<u8>(), 0..4u8)
            .prop_map(|(start, more)| Asked::FromTo(start, start.saturating_add(more))),
        any::<u8>().prop_map(Asked::From),
        (0..40u8).prop_map(Asked::Last),
    ]
}

proptest! {
    #[test]
    fn a_selection_is_the_bytes_that_the_ranges_mean(
        all in prop::collection::vec(asked(), 1..7), length in 0..300u64,
    ) {
        let texts: Vec<_> = all.iter().map(Asked::text).collect();
        let found = selected(&format!("bytes={}", texts.join(", ")), length);
        let reversed = |one: &Asked| matches!(one, Asked::FromTo(start, last) if last < start);
        if all.iter().any(reversed) {
            prop_assert_eq!(found, Some(Selection::Whole));
            return Ok(());
        }
        let meant: Vec<bool> =
            (0..length).map(|byte| all.iter().any(|one| one.means(byte, length))).collect();
        let Some(selection) = found else {
            prop_assert!(!meant.contains(&true));
            return Ok(());
        };
        let Selection::Parts(ranges) = selection else {
            return Err(TestCaseError::fail("at most six ranges are never the whole"));
        };
        let mut covered = vec![0; meant.len()];
        for range in &ranges {
            prop_assert!(range.start < range.end && range.end <= length);
            for byte in range.clone() {
                covered[usize::try_from(byte).expect("small")] += 1;
            }
        }
        let once: Vec<bool> = covered.iter().map(|count| *count == 1).collect();
        prop_assert_eq!(once, meant);
        for one in &ranges {
            prop_assert!(ranges.iter().all(|other| other.start != one.end), "they touch");
        }
    }

    #[test]
    fn no_header_makes_the_parser_panic(header in "(bytes=)?[-0-9, a-zA-Z=+\t]{0,40}", length: u64) {
        match selected(&header, length) {
            Some(Selection::Parts(ranges)) => {
                prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= length));
            }
            Some(Selection::Whole) | None => {}
        }
    }
}
