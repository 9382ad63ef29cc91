use std::{io, net::Ipv6Addr, time::Duration};

use tokio::{net::UdpSocket, time::timeout};

use crate::net::{
    Options, Sockets,
    tests::{at, bind},
};

#[tokio::test(start_paused = true)]
async fn utp_tries_again_where_a_packet_is_lost() {
    let ours = bind("127.0.0.1:0", false, true).await;
    let peer = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = peer.local_addr().expect("bound");
    let twice = async {
        for _ in 0..2 {
            peer.recv(&mut [0; 1500]).await.expect("a packet");
        }
    };
    tokio::select! {
        _ = ours.dial(address) => panic!("gives up after the first packet"),
        () = twice => {}
    }
}

#[tokio::test]
async fn an_address_of_nobody_is_unreachable() {
    let ours = bind("127.0.0.1:0", true, false).await;
    let gone = at("127.0.0.1", &bind("127.0.0.1:0", true, false).await);
    let error = ours.dial(gone).await.err().expect("nobody there");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    for nowhere in ["127.0.0.1:0", "0.0.0.0:1", "224.0.0.1:1", "[ff02::1]:1"] {
        let address = nowhere.parse().expect("an address");
        let error = ours.dial(address).await.err().expect("no such peer");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_lost_when_accepting_is_interrupted() {
    let (ours, theirs) = (
        bind("127.0.0.1:0", false, true).await,
        bind("127.0.0.1:0", false, true).await,
    );
    let address = at("127.0.0.1", &theirs);
    let dialled = async {
        let mut peers = Vec::new();
        for _ in 0..100 {
            peers.push(ours.dial(address).await.expect("accepted"));
        }
        peers
    };
    let accepted = async {
        let mut guests = Vec::new();
        while guests.len() < 100 {
            tokio::select! {
                biased;
                guest = theirs.accept() => guests.push(guest.expect("open")),
                () = tokio::task::yield_now() => {}
            }
        }
        guests
    };
    let met = async { tokio::join!(dialled, accepted) };
    let met = timeout(Duration::from_secs(20), met).await;
    let (peers, guests) = met.expect("everybody is accepted");
    assert_eq!(peers.len(), guests.len());
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let taken = bind("127.0.0.1:0", true, false).await;
    let options = Options {
        address: at("127.0.0.1", &taken),
        device: None,
        tcp: true,
        utp: true,
    };
    let error = Sockets::bind(&options).await.err().expect("taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let both = bind("[::]:0", true, true).await;
    let again = Options {
        address: (Ipv6Addr::UNSPECIFIED, both.port()).into(),
        ..options.clone()
    };
    let error = Sockets::bind(&again).await.err().expect("taken");
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let neither = Options {
        address: (Ipv6Addr::UNSPECIFIED, 0).into(),
        tcp: false,
        utp: false,
        ..options
    };
    let error = Sockets::bind(&neither).await.err().expect("no sockets");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
