//! Whatever bytes a peer sends: its connection ends, and leaves nothing behind.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use librqbit_core::hash_id::Id20;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex, sink, split},
    runtime::Builder,
    time::timeout,
};

use super::{SAMPLE, steps::frame};
use crate::{
    net::{Connection, Transport},
    swarm::{
        connection::attend,
        tests::{memory::Memory, nodes::Node},
    },
    wire::Handshake,
};

/// How many peers come.
const CASES: u32 = 1000;

/// After so long a connection that should end has not.
const LIMIT: Duration = Duration::from_secs(30);

/// What a peer sends: frames with their lengths, and now and then anything at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let framed = frame().prop_map(|frame| {
        let length = u32::try_from(frame.len()).expect("short");
        [&length.to_be_bytes()[..], &frame].concat()
    });
    let block = (0..6_u32, 0..5_u32, 0..20_000_usize).prop_map(|(piece, index, length)| {
        let mut bytes = u32::try_from(length + 9)
            .expect("short")
            .to_be_bytes()
            .to_vec();
        bytes.push(7);
        bytes.extend(piece.to_be_bytes());
        bytes.extend((index * crate::BLOCK).to_be_bytes());
        bytes.resize(bytes.len() + length, 1);
        bytes
    });
    let anything = vec(any::<u8>(), 0..60);
    vec(prop_oneof![30 => framed, 5 => block, 1 => anything], 0..60).prop_map(|all| all.concat())
}

#[test]
fn any_bytes_end_a_connection_without_a_trace() {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let memory = Memory::with(&SAMPLE, |piece| piece % 2 == 0);
    let node = runtime.block_on(Node::start(memory, &[]));
    let _reader = node.reader();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(CASES));
    let peer = (bytes(), any::<[u8; 8]>(), any::<bool>(), 1..u16::MAX);
    runner
        .run(&peer, |(bytes, reserved, outgoing, port)| {
            let (ours, theirs) = duplex(20_000);
            let (read, write) = split(ours);
            let connection = Connection {
                read: Box::new(read),
                write: Box::new(write),
                address: (Ipv4Addr::LOCALHOST, port).into(),
                transport: Transport::Tcp,
                encrypted: false,
                hello: Handshake {
                    reserved,
                    infohash: SAMPLE.infohash,
                    peer_id: Id20::new([9; 20]),
                },
            };
            runtime.block_on(visit(&node, connection, outgoing, theirs, &bytes))
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Has a peer come, say something and hang up.
async fn visit(
    node: &Node,
    connection: Connection,
    outgoing: bool,
    theirs: DuplexStream,
    bytes: &[u8],
) -> Result<(), TestCaseError> {
    let (mut reading, mut writing) = split(theirs);
    let speaking = async {
        // We may hang up before it has said all.
        let _ = writing.write_all(bytes).await;
        let _ = writing.shutdown().await;
    };
    let listening = async { tokio::io::copy(&mut reading, &mut sink()).await };
    let attending = attend(Arc::clone(node.swarm.live()), connection, outgoing);
    let all = async { tokio::join!(attending, speaking, listening) };
    let (.., heard) = timeout(LIMIT, all).await.expect("it has an end");
    heard.expect("memory works");
    prop_assert_eq!(node.swarm.vitals().peers, 0);
    Ok(())
}
