use librqbit_core::hash_id::Id20;
use proptest::{collection::vec, prelude::*};
use tokio::io::{AsyncWriteExt, duplex};

use super::{
    Frames, Handshake, Message, ReadError, Request,
    extended::{HANDSHAKE, UT_METADATA, tests::parse_all},
    longest_message,
};

/// A message that owns its bytes: what is sent, and what is to come out.
#[derive(Clone, Debug)]
struct Owned {
    kind: u8,
    numbers: [u32; 3],
    bytes: Vec<u8>,
}

impl Owned {
    fn message(&self) -> Message<'_> {
        let [piece, begin, length] = self.numbers;
        let request = Request {
            piece,
            begin,
            length,
        };
        let data = &self.bytes[..];
        match self.kind {
            0 => Message::Choke,
            1 => Message::Unchoke,
            2 => Message::Interested,
            3 => Message::NotInterested,
            4 => Message::Have(piece),
            5 => Message::Bitfield(data),
            6 => Message::Request(request),
            7 => Message::Piece { piece, begin, data },
            8 => Message::Cancel(request),
            9 => Message::Port(u16::try_from(length & 0xffff).expect("masked")),
            10 => Message::Suggest(piece),
            11 => Message::HaveAll,
            12 => Message::HaveNone,
            13 => Message::Reject(request),
            14 => Message::AllowedFast(piece),
            15 => Message::Extended {
                id: UT_METADATA,
                payload: data,
            },
            16 => Message::Unknown(99),
            _ => Message::KeepAlive,
        }
    }
}

fn owned() -> impl Strategy<Value = Owned> {
    (0_u8..18, any::<[u32; 3]>(), vec(any::<u8>(), 0..300)).prop_map(|(kind, numbers, bytes)| {
        Owned {
            kind,
            numbers,
            bytes,
        }
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

proptest! {
    #[test]
    fn messages_survive_the_wire(owned in owned()) {
        let mut bytes = Vec::new();
        owned.message().write(&mut bytes);
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("a prefix"));
        prop_assert_eq!(length as usize + 4, bytes.len());
        prop_assert_eq!(Message::parse(&bytes[4..]), Ok(owned.message()));
    }

    #[test]
    fn messages_of_a_wrong_length_are_malformed(owned in owned(), extra in 1_usize..20) {
        let fixed = !matches!(owned.kind, 5 | 7 | 15 | 16..);
        prop_assume!(fixed);
        let mut bytes = Vec::new();
        owned.message().write(&mut bytes);
        let whole = bytes.len();
        bytes.extend(vec![0; extra]);
        prop_assert!(Message::parse(&bytes[4..]).is_err());
        if whole > 5 {
            let short = 5 + extra % (whole - 5);
            prop_assert!(Message::parse(&bytes[4..short]).is_err());
        }
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_messages(
        messages in vec(owned(), 0..40),
        cuts in vec(1_usize..500, 1..20),
    ) {
        let mut bytes = Vec::new();
        messages.iter().for_each(|owned| owned.message().write(&mut bytes));
        run(async {
            let (mut sender, receiver) = duplex(64);
            let mut frames = Frames::new(receiver, longest_message(0));
            let send = async move {
                let mut rest = &bytes[..];
                for cut in cuts.iter().cycle() {
                    let (now, later) = rest.split_at(rest.len().min(*cut));
                    sender.write_all(now).await.expect("a reader");
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
            };
            let receive = async {
                for owned in &messages {
                    let message = frames.next().await.expect("valid");
                    prop_assert_eq!(message, Some(owned.message()));
                }
                prop_assert_eq!(frames.next().await.expect("closed"), None);
                Ok(())
            };
            tokio::join!(send, receive).1
        })?;
    }

    #[test]
    fn random_bytes_are_survived(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Message::parse(&bytes);
        parse_all(&bytes);
        run(async {
            let mut frames = Frames::new(&bytes[..], longest_message(0));
            while let Ok(Some(_)) = frames.next().await {}
        });
    }

    #[test]
    fn handshakes_survive_the_wire(reserved: [u8; 8], infohash: [u8; 20], peer_id: [u8; 20]) {
        let (infohash, peer_id) = (Id20::new(infohash), Id20::new(peer_id));
        let handshake = Handshake { reserved, infohash, peer_id };
        prop_assert_eq!(Handshake::parse(&handshake.encode()), Some(handshake));
    }

}

#[test]
fn flags_are_those_of_the_extensions() {
    let (infohash, peer_id) = (Id20::default(), Id20::default());
    let ours = Handshake::new(infohash, peer_id, true);
    assert_eq!(ours.reserved, [0, 0, 0, 0, 0, 0x10, 0, 0x05]);
    assert!(ours.extended() && ours.fast() && ours.dht());
    assert!(!Handshake::new(infohash, peer_id, false).dht());
    let mut other = ours.encode();
    other[7] ^= 1;
    assert_eq!(Handshake::parse(&other), None);
}

#[tokio::test]
async fn a_message_too_long_is_refused_before_it_is_read() {
    let longest = longest_message(10);
    let mut bytes = (longest + 1).to_be_bytes().to_vec();
    bytes.extend(vec![0; 1000]);
    let mut frames = Frames::new(&bytes[..], longest);
    let error = frames.next().await.expect_err("too long");
    assert!(matches!(error, ReadError::TooLong { length, .. } if length == longest + 1));
    assert!(frames.has_buffered_message());
}

#[tokio::test]
async fn a_stream_that_ends_within_a_message_is_an_error() {
    let mut bytes = Vec::new();
    Message::Have(5).write(&mut bytes);
    let payload = &[1][..];
    Message::Extended {
        id: HANDSHAKE,
        payload,
    }
    .write(&mut bytes);
    let mut frames = Frames::new(&bytes[..bytes.len() - 1], longest_message(0));
    let message = frames.next().await.expect("whole");
    assert_eq!(message, Some(Message::Have(5)));
    assert!(!frames.has_buffered_message());
    assert!(matches!(frames.next().await, Err(ReadError::Closed)));
}

#[tokio::test]
async fn buffers_grow_with_what_comes_and_shrink_again() {
    let data = vec![7; 16_384];
    let mut bytes = Vec::new();
    for begin in 0..64 {
        let piece = 1;
        let message = Message::Piece {
            piece,
            begin,
            data: &data,
        };
        message.write(&mut bytes);
    }
    let (mut sender, receiver) = duplex(4 << 20);
    let mut frames = Frames::new(receiver, longest_message(0));
    assert_eq!(frames.memory(), 32 << 10);
    // An announcement alone does not make it grow.
    sender.write_all(&bytes[..8]).await.expect("open");
    let nothing = std::time::Duration::from_millis(1);
    assert!(tokio::time::timeout(nothing, frames.next()).await.is_err());
    assert_eq!(frames.memory(), 32 << 10);
    sender.write_all(&bytes[8..]).await.expect("open");
    for expected in 0..64 {
        let message = frames.next().await.expect("valid");
        assert!(matches!(message, Some(Message::Piece { begin, .. }) if begin == expected));
    }
    assert!(frames.memory() >= 256 << 10);
    for _ in 0..100 {
        let mut have = Vec::new();
        Message::Have(1).write(&mut have);
        sender.write_all(&have).await.expect("open");
        frames.next().await.expect("valid");
    }
    assert_eq!(frames.memory(), 32 << 10);
}
