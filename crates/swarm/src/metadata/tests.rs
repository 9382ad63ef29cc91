use futures_util::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::task::AbortOnDropHandle;

use super::*;

const INFOHASH: Id20 = Id20 { 0: [7; 20] };
const ME: Id20 = Id20 { 0: [1; 20] };

/// A peer that answers a handshake and then says these bytes.
async fn peer(answer: Vec<u8>) -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let serve = async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 68];
            let greeted = socket.read_exact(&mut hello).await.is_ok();
            // Another peer id than that of who asks.
            hello[67] ^= 1;
            if greeted
                && socket.write_all(&hello).await.is_ok()
                && socket.write_all(&answer).await.is_ok()
            {
                let _ = socket.read_to_end(&mut Vec::new()).await;
            }
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the handle ends it with the test"
    )]
    (address, AbortOnDropHandle::new(tokio::spawn(serve)))
}

fn extended(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).expect("short");
    [&length.to_be_bytes()[..], &[20], payload].concat()
}

async fn ask_only(peers: Vec<SocketAddr>) -> Error {
    let found = stream::iter(peers).boxed();
    let sockets = Sockets::outgoing(None);
    let search = Search {
        infohash: INFOHASH,
        hello: Handshake::new(INFOHASH, ME, false),
        sockets: &sockets,
        encryption: Encryption::Off,
    };
    let answer = search.among(found, Duration::from_secs(20)).await;
    answer.expect_err("none of these peers has it")
}

#[tokio::test]
async fn peers_without_metadata_are_told_from_no_peers() {
    assert!(matches!(ask_only(Vec::new()).await, Error::NoPeers { .. }));
    let (without, _running) = peer(extended(b"\x00d1:mdee")).await;
    let (garbage, _running) = peer(b"\xff\xff\xff\xff\x14garbage".to_vec()).await;
    let error = ask_only(vec![without, garbage]).await;
    assert!(
        matches!(error, Error::NoMetadata { peers: 2, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn absurd_lengths_take_no_memory() {
    let offer = b"\x00d1:md11:ut_metadatai3ee13:metadata_sizei4294967295ee";
    let (huge, _running) = peer(extended(offer)).await;
    let (zero, _running) = peer(extended(b"\x00d1:md11:ut_metadatai3ee13:metadata_sizei0ee")).await;
    let (bitfield, _running) = peer(b"\xff\xff\xff\xff\x05".to_vec()).await;
    let error = ask_only(vec![huge, zero, bitfield]).await;
    assert!(
        matches!(error, Error::NoMetadata { peers: 3, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn lying_metadata_is_not_taken() {
    let mut answer = extended(b"\x00d1:md11:ut_metadatai3ee13:metadata_sizei4ee");
    answer.extend(extended(
        b"\x03d8:msg_typei1e5:piecei0e10:total_sizei4eedead",
    ));
    let (liar, _running) = peer(answer).await;
    let error = ask_only(vec![liar]).await;
    assert!(
        matches!(error, Error::NoMetadata { peers: 1, .. }),
        "{error}"
    );
}
