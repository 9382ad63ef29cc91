use proptest::prelude::*;

use super::*;
use crate::bitswap::{version::Version, wire::Malformed};

fn cid(seed: &[u8]) -> Cid {
    Cid::new_v1(0x55, Code::Sha2_256.digest(seed))
}

fn sample(seeds: &[Vec<u8>], full: bool) -> Message {
    let entries = seeds.iter().enumerate().map(|(n, seed)| Entry {
        cid: cid(seed),
        priority: n as i32 - 2,
        ask: [Some(Ask::Block), Some(Ask::Have), None][n % 3],
        denial: n % 2 == 0,
    });
    Message {
        full,
        entries: entries.collect(),
        payloads: seeds
            .iter()
            .map(|seed| Payload::of(&cid(seed), seed.clone().into()))
            .collect(),
        presences: seeds
            .iter()
            .map(|seed| (cid(seed), seed.len() % 2 == 0))
            .collect(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(seeds in any::<Vec<Vec<u8>>>(), full in any::<bool>()) {
        let message = sample(&seeds, full);
        for version in [Version::V1_2, Version::V1_1] {
            let read = Message::decode(message.encode(version).into());
            prop_assert_eq!(read.as_ref(), Ok(&message));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Message::decode(bytes.into());
    }

    #[test]
    fn damaged_messages_are_read_or_refused(at in any::<usize>(), to in any::<u8>()) {
        let mut bytes = sample(&[b"one".to_vec(), b"two".to_vec()], true).encode(Version::V1_2);
        let at = at % bytes.len();
        bytes[at] = to;
        let _ = Message::decode(bytes.into());
    }
}

#[test]
fn a_block_is_named_by_its_own_bytes() {
    let payload = Payload::of(&cid(b"block"), Bytes::from_static(b"block"));
    assert_eq!(payload.hash(), Some(*cid(b"block").hash()));
    let other = Payload {
        bytes: Bytes::from_static(b"other"),
        ..payload.clone()
    };
    assert_eq!(other.hash(), Some(*cid(b"other").hash()));
    assert_eq!(
        Payload {
            function: 0x9999,
            ..payload.clone()
        }
        .hash(),
        None
    );
    assert_eq!(
        Payload {
            digest: 20,
            ..payload
        }
        .hash(),
        None
    );
}

#[test]
fn version_1_0_has_blocks_without_a_prefix() {
    let old = Cid::new_v0(Code::Sha2_256.digest(b"old")).unwrap();
    let message = Message {
        payloads: vec![Payload::of(&old, Bytes::from_static(b"old"))],
        ..Message::default()
    };
    let bytes = message.encode(Version::V1_0);
    assert_eq!(bytes, [&[0x12, 3][..], b"old"].concat());
    assert_eq!(Message::decode(bytes.into()), Ok(message));
}

#[test]
fn too_much_of_anything_is_refused() {
    // An empty want is four bytes of message, and would be many more in memory.
    let list = [0x0a, 0x00].repeat(MOST * 4);
    let mut bytes = Vec::new();
    crate::bitswap::wire::put_bytes_field(&mut bytes, 1, &list);
    assert_eq!(Message::decode(bytes.into()), Ok(Message::default()));
    let blocks = [0x12, 0x00].repeat(MOST + 1);
    assert_eq!(Message::decode(blocks.into()), Err(Malformed));
    let long = Message {
        payloads: vec![Payload::of(
            &cid(b""),
            vec![0; crate::block::LONGEST + 1].into(),
        )],
        ..Message::default()
    };
    assert_eq!(
        Message::decode(long.encode(Version::V1_2).into()),
        Err(Malformed)
    );
}
