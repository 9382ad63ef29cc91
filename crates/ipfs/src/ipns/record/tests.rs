//! Records of another implementation, and records that lie.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cid::multihash::Multihash;
use data_encoding::BASE64;
use libp2p_identity::Keypair;
use proptest::prelude::*;

use super::{BadRecord, LONGEST, Record};
use crate::{
    Name,
    testing::ipns::{Says, name_of},
};

/// Records that js-ipns 10.1.6 signed: kind of key, name, peer id, record.
const FOREIGN: &str = include_str!("../records.txt");

fn foreign() -> Vec<(&'static str, Name, &'static str, Bytes)> {
    let lines = FOREIGN.lines().map(|line| {
        let [kind, name, peer, record] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let record = BASE64.decode(record.as_bytes()).unwrap();
        (kind, Name::parse(name).unwrap(), peer, record.into())
    });
    lines.collect()
}

fn hash(name: &Name) -> &Multihash<64> {
    match name {
        Name::Key(hash) => hash,
        Name::Domain(domain) => panic!("{domain}"),
    }
}

fn check(name: &Name, bytes: impl Into<Bytes>) -> Result<Record, BadRecord> {
    Record::check(hash(name), bytes.into(), SystemTime::now())
}

#[test]
fn records_of_another_implementation_are_read() {
    let kinds: Vec<_> = foreign().iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, ["Ed25519", "Ed25519-v2", "secp256k1", "RSA"]);
    for (kind, name, peer, bytes) in foreign() {
        assert_eq!(Name::parse(peer).unwrap(), name, "{kind}");
        let record = check(&name, bytes).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(record.value, "/ipfs/bafkqabtimvwgy3yk");
        assert_eq!((record.sequence, record.ttl), (7, Duration::from_secs(60)));
    }
}

#[test]
fn a_record_is_of_one_name_and_is_over_in_the_end() {
    let foreign = foreign();
    for (kind, name, _, bytes) in &foreign {
        for (other, of_other, ..) in &foreign {
            let got = check(of_other, bytes.clone());
            assert_eq!(got.is_ok(), of_other == name, "{kind} under {other}");
        }
        let later = SystemTime::now() + Duration::from_secs(101 * 365 * 86_400);
        let got = Record::check(hash(name), bytes.clone(), later);
        assert_eq!(got, Err(BadRecord::Expired), "{kind}");
    }
}

#[test]
fn no_byte_of_a_record_can_be_changed_for_another_meaning() {
    for (kind, name, _, bytes) in foreign() {
        let whole = check(&name, bytes.clone()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            // What stands there for readers of old is not looked at, nor fields that nobody knows.
            if let Ok(record) = check(&name, changed) {
                let same = Record {
                    bytes: whole.bytes.clone(),
                    ..record
                };
                assert_eq!(same, whole, "{kind} {at}");
            }
        }
    }
}

#[test]
fn records_that_lie_are_refused() {
    let key = Keypair::generate_ed25519();
    let name = name_of(&key);
    let good = Says::new("/ipfs/bafkqabtimvwgy3yk", 3);
    assert_eq!(check(&name, good.by(&key)).unwrap().value, good.value);
    for (says, want) in [
        (
            Says {
                is_signed: false,
                ..good.clone()
            },
            BadRecord::Signature,
        ),
        (
            Says {
                beside: Some("/ipfs/bafkqaaa".into()),
                ..good.clone()
            },
            BadRecord::Ambiguous,
        ),
        (
            Says {
                until: "2020-01-01T00:00:00Z".into(),
                ..good.clone()
            },
            BadRecord::Expired,
        ),
        (
            Says {
                until: "tomorrow".into(),
                ..good.clone()
            },
            BadRecord::Malformed,
        ),
        (
            Says {
                value: "a".repeat(LONGEST),
                ..good.clone()
            },
            BadRecord::Length,
        ),
    ] {
        assert_eq!(check(&name, says.by(&key)), Err(want));
    }
    assert!(
        check(
            &name,
            Says {
                beside: None,
                ..good.clone()
            }
            .by(&key)
        )
        .is_ok()
    );
    let other = Keypair::generate_ed25519();
    assert_eq!(check(&name, good.by(&other)), Err(BadRecord::Signature));
    assert_eq!(check(&name, Vec::new()), Err(BadRecord::Unsigned));
    assert_eq!(check(&name, vec![0xff; 40]), Err(BadRecord::Malformed));
}

#[test]
fn the_greater_sequence_wins_then_the_later_end() {
    let key = Keypair::generate_ed25519();
    let record = |sequence, until: &str| {
        let says = Says {
            until: until.into(),
            ..Says::new("/ipfs/bafkqaaa", sequence)
        };
        check(&name_of(&key), says.by(&key)).unwrap()
    };
    let order = [
        record(1, "2126-01-01T00:00:00Z"),
        record(2, "2125-01-01T00:00:00Z"),
        record(2, "2126-01-01T00:00:00Z"),
        record(u64::MAX, "2100-01-01T00:00:00Z"),
    ];
    for (at, one) in order.iter().enumerate() {
        for (other_at, other) in order.iter().enumerate() {
            assert_eq!(one.newer(other), at.cmp(&other_at));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_are_the_end_of_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let name = Name::parse("k51qzi5uqu5dito4onnmz8o0srlnut0z99mgrllp6kaxkgn8m7ie2x2orvwxfw").unwrap();
        prop_assert!(check(&name, bytes).is_err());
    }
}
