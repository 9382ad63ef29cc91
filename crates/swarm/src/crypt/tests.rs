use librqbit_core::hash_id::Id20;
use librqbit_sha1_wrapper::{ISha1, Sha1};
use proptest::{collection::vec, prelude::*};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, repeat, sink, split};

use super::{Failed, Methods, Secured, cipher::Keystream, exchange::KeyPair, initiate, respond};
use crate::net::{Incoming, Outgoing};

const TORRENT: Id20 = Id20 { 0: [3; 20] };
const HELLO: &[u8; 68] = &[7; 68];

fn halves(stream: DuplexStream) -> (Incoming, Outgoing) {
    let (read, write) = split(stream);
    (Box::new(read), Box::new(write))
}

async fn greet(stream: DuplexStream, offered: Methods) -> Result<Secured, Failed> {
    let (read, write) = halves(stream);
    initiate(read, write, TORRENT, offered, HELLO).await
}

async fn welcome(stream: DuplexStream, accepted: Methods) -> Result<Secured, Failed> {
    let (read, write) = halves(stream);
    let served = || vec![Id20::default(), TORRENT];
    respond(read, write, &[], served, accepted).await
}

/// Sends different bytes both ways at once, in steps that suit nobody.
async fn talk(mut one: Secured, mut other: Secured, bytes: &[u8]) {
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    let mut hello = [0; HELLO.len()];
    other
        .read
        .read_exact(&mut hello)
        .await
        .expect("the first bytes");
    assert_eq!(&hello, HELLO);
    let (mut there, mut back) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let sends = async {
        for part in bytes.chunks(1009) {
            one.write.write_all(part).await.expect("open");
        }
    };
    let answers = async {
        other.write.write_all(&reversed).await.expect("open");
    };
    let (first, second, ..) = tokio::join!(
        other.read.read_exact(&mut there),
        one.read.read_exact(&mut back),
        sends,
        answers,
    );
    first.and(second).expect("as much as was sent");
    assert!(there == bytes && back == reversed);
}

#[tokio::test]
async fn the_best_common_method_is_agreed_upon() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let methods = [Methods::CLEAR, Methods::RC4, Methods::EITHER];
    for (offered, accepted) in methods
        .into_iter()
        .flat_map(|one| methods.map(|two| (one, two)))
    {
        // A small buffer in between makes writes partial.
        let (here, there) = duplex(700);
        match tokio::join!(greet(here, offered), welcome(there, accepted)) {
            (Ok(one), Ok(other)) => {
                let both_rc4 = offered != Methods::CLEAR && accepted != Methods::CLEAR;
                assert_eq!((one.encrypted, other.encrypted), (both_rc4, both_rc4));
                assert_eq!(other.infohash, TORRENT);
                talk(one, other, &bytes).await;
            }
            (greeted, welcomed) => {
                assert!(offered.choose(accepted).is_none());
                assert!(greeted.is_err());
                assert!(matches!(welcomed, Err(Failed::NoCommonMethod)));
            }
        }
    }
}

#[tokio::test]
async fn nothing_recognisable_is_sent() {
    let (here, there) = duplex(4096);
    let (mut spy, relay) = duplex(4096);
    let relayed = async {
        let (mut read, _open) = split(there);
        let (_, mut write) = split(relay);
        tokio::io::copy(&mut read, &mut write).await
    };
    let mut seen = vec![0; 96];
    let looks = async { spy.read_exact(&mut seen).await.map(|_| ()) };
    tokio::select! {
        _ = greet(here, Methods::RC4) => panic!("nobody answers"),
        _ = relayed => panic!("nobody hangs up"),
        result = looks => result.expect("a key"),
    }
    let equal = seen.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(equal < 20, "a key looks like noise");
}

#[tokio::test]
async fn somebody_who_does_not_know_the_torrent_is_refused() {
    let (here, there) = duplex(4096);
    let (read, write) = halves(there);
    let unknown = respond(read, write, &[], || vec![Id20::default()], Methods::EITHER);
    let (greeted, welcomed) = tokio::join!(greet(here, Methods::EITHER), unknown);
    assert!(matches!(welcomed, Err(Failed::OtherTorrent)));
    assert!(matches!(greeted, Err(Failed::Io(_))));
}

/// Computed from the description of the protocol by another program.
#[test]
fn keys_and_hashes_are_those_of_the_protocol() {
    let (one, other) = (KeyPair::new([1; 32]), KeyPair::new([2; 32]));
    let mut hash = Sha1::new();
    hash.update(&one.public);
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        hex(&hash.finish()),
        "45ecadeac3a020f1c19bbde9d2bdeb9b7411c7c0"
    );
    for (mine, theirs) in [(&one, &other), (&other, &one)] {
        let secret = mine.secret(&theirs.public).expect("sound");
        assert_eq!(
            hex(&secret.mark()),
            "4a57f9b9fff1d64dda0e8329291d863ba04f4bf8"
        );
        assert_eq!(
            hex(&secret.name_of(TORRENT)),
            "2f3d3ea771760e6a917f468eb2ff56bc9a218cf5"
        );
        let mut bytes = [0; 16];
        Keystream::new(secret.key(b"keyA", TORRENT)).apply(&mut bytes);
        assert_eq!(hex(&bytes), "02c89bb2cdf2a7c5efd3a08928a6d0bc");
    }
}

#[test]
fn keys_that_give_a_known_secret_are_refused() {
    let mine = KeyPair::random();
    let mut one = [0; 96];
    assert!(mine.secret(&one).is_none());
    one[95] = 1;
    assert!(mine.secret(&one).is_none());
    assert!(mine.secret(&[0xff; 96]).is_none());
}

#[tokio::test]
async fn endless_noise_is_given_up() {
    let endless = || Box::new(repeat(0x55)) as Incoming;
    let mute = || Box::new(sink()) as Outgoing;
    let greeted = initiate(endless(), mute(), TORRENT, Methods::EITHER, HELLO).await;
    assert!(matches!(greeted, Err(Failed::OtherProtocol)));
    let welcomed = respond(endless(), mute(), &[], || vec![TORRENT], Methods::EITHER).await;
    assert!(matches!(welcomed, Err(Failed::OtherProtocol)));
}

#[tokio::test]
async fn a_peer_that_hangs_up_anywhere_is_an_error() {
    // Without any padding, what comes is this long.
    const ASKED: u64 = 96 + 20 + 20 + 14 + 2 + HELLO.len() as u64;
    const ANSWERED: u64 = 96 + 14;
    for count in (0..ASKED).step_by(9) {
        let (here, there) = duplex(4096);
        let (read, write) = halves(there);
        let read = Box::new(read.take(count)) as Incoming;
        let cut = respond(read, write, &[], || vec![TORRENT], Methods::EITHER);
        let (greeted, welcomed) = tokio::join!(greet(here, Methods::EITHER), cut);
        assert!(
            matches!(welcomed, Err(Failed::Io(_))),
            "after {count} bytes"
        );
        assert!(greeted.is_err());
    }
    for count in (0..ANSWERED).step_by(9) {
        let (here, there) = duplex(4096);
        let (read, write) = halves(here);
        let read = Box::new(read.take(count)) as Incoming;
        let cut = initiate(read, write, TORRENT, Methods::EITHER, HELLO);
        let (greeted, _) = tokio::join!(cut, welcome(there, Methods::EITHER));
        assert!(matches!(greeted, Err(Failed::Io(_))), "after {count} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_bytes_are_refused(bytes in vec(any::<u8>(), 0..1500)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let read = || Box::new(std::io::Cursor::new(bytes.clone())) as Incoming;
            let mute = || Box::new(sink()) as Outgoing;
            let greeted = initiate(read(), mute(), TORRENT, Methods::EITHER, HELLO).await;
            prop_assert!(greeted.is_err());
            let first = &bytes[..bytes.len().min(20)];
            let served = || vec![TORRENT];
            let welcomed = respond(read(), mute(), first, served, Methods::EITHER).await;
            prop_assert!(welcomed.is_err());
            Ok(())
        })?;
    }
}
