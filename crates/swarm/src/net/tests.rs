use std::{net::SocketAddr, time::Duration};

use librqbit_core::hash_id::Id20;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Connection, Encryption, Options, Refused, Sockets, Transport, greet, welcome};
use crate::wire::Handshake;

const MODES: [Encryption; 4] = [
    Encryption::Off,
    Encryption::Allow,
    Encryption::Prefer,
    Encryption::Require,
];

fn torrent() -> Id20 {
    Id20::new([5; 20])
}

fn hello(name: u8) -> Handshake {
    Handshake::new(torrent(), Id20::new([name; 20]), false)
}

pub(super) async fn bind(address: &str, tcp: bool, utp: bool) -> Sockets {
    let options = Options {
        address: address.parse().expect("an address"),
        device: None,
        tcp,
        utp,
    };
    Sockets::bind(&options).await.expect("free ports")
}

pub(super) fn at(ip: &str, sockets: &Sockets) -> SocketAddr {
    SocketAddr::new(ip.parse().expect("an address"), sockets.port())
}

/// Futures have to be driven on any thread.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// Answers peers until one stays.
async fn first_guest(sockets: &Sockets, encryption: Encryption) -> Connection {
    loop {
        let raw = sendable(sockets.accept()).await.expect("open");
        let guest = welcome(raw, || vec![torrent()], |_| hello(2), encryption);
        if let Ok(guest) = sendable(guest).await {
            return guest;
        }
    }
}

/// Sends half a megabyte there and back.
async fn talk(one: &mut Connection, other: &mut Connection) {
    let bytes: Vec<u8> = (0..512_u32 << 10).map(|at| (at % 253) as u8).collect();
    let (mut there, mut back) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let there_and_back = async {
        let sent = one.write.write_all(&bytes);
        let (sent, read) = tokio::join!(sent, other.read.read_exact(&mut there));
        sent.and(read.map(|_| ())).expect("open");
        let sent = other.write.write_all(&there);
        let (sent, read) = tokio::join!(sent, one.read.read_exact(&mut back));
        sent.and(read.map(|_| ())).expect("open");
    };
    timeout(Duration::from_secs(60), there_and_back)
        .await
        .expect("in the end");
    assert!(back == bytes);
}

async fn meet(
    sockets: (&Sockets, &Sockets),
    address: SocketAddr,
    modes: (Encryption, Encryption),
) -> Result<(Connection, Connection), Refused> {
    let ours = hello(1);
    let greeted = sendable(greet(sockets.0, address, &ours, modes.0));
    let guest = first_guest(sockets.1, modes.1);
    tokio::pin!(greeted, guest);
    tokio::select! {
        result = &mut greeted => {
            let one = result?;
            Ok((one, guest.await))
        }
        other = &mut guest => Ok((greeted.await?, other)),
    }
}

async fn all_modes_meet(tcp: bool, utp: bool, transport: Transport) {
    let (ours, theirs) = (
        bind("127.0.0.1:0", tcp, utp).await,
        bind("127.0.0.1:0", tcp, utp).await,
    );
    let address = at("127.0.0.1", &theirs);
    for modes in MODES
        .into_iter()
        .flat_map(|one| MODES.map(|two| (one, two)))
    {
        use Encryption::{Allow, Off, Prefer, Require};
        let encrypted = match modes {
            (Off, Require) | (Require, Off) => None,
            (_, Require) | (Require, _) | (Prefer, Allow | Prefer) => Some(true),
            (Off | Allow, _) | (Prefer, Off) => Some(false),
        };
        match meet((&ours, &theirs), address, modes).await {
            Ok((mut one, mut other)) => {
                assert_eq!(Some(one.encrypted), encrypted, "{modes:?}");
                assert_eq!(Some(other.encrypted), encrypted, "{modes:?}");
                assert_eq!((one.transport, other.transport), (transport, transport));
                assert_eq!((one.hello, other.hello), (hello(2), hello(1)));
                assert_eq!(one.address, address);
                talk(&mut one, &mut other).await;
            }
            Err(refused) => {
                assert!(
                    matches!(refused, Refused::HungUp(_)),
                    "{modes:?}: {refused}"
                );
                assert_eq!(encrypted, None, "{modes:?}");
            }
        }
    }
}

#[tokio::test]
async fn peers_of_any_two_modes_meet_by_tcp() {
    all_modes_meet(true, false, Transport::Tcp).await;
}

#[tokio::test]
async fn peers_of_any_two_modes_meet_by_utp() {
    all_modes_meet(false, true, Transport::Utp).await;
}

#[tokio::test]
async fn one_port_takes_both_transports_of_both_families() {
    let theirs = bind("[::]:0", true, true).await;
    for ip in ["127.0.0.1", "::1"] {
        for (tcp, transport) in [(true, Transport::Tcp), (false, Transport::Utp)] {
            let ours = bind("[::]:0", tcp, !tcp).await;
            let modes = (Encryption::Allow, Encryption::Allow);
            let met = meet((&ours, &theirs), at(ip, &theirs), modes).await;
            let (one, other) = met.expect("both families");
            assert_eq!((one.transport, other.transport), (transport, transport));
            let from = other.address.ip().to_string();
            assert_eq!(
                from, ip,
                "an IPv4 address is not in the form of an IPv6 one"
            );
        }
    }
}

#[tokio::test]
async fn utp_is_tried_at_once_where_tcp_is_refused() {
    let ours = bind("127.0.0.1:0", true, true).await;
    let theirs = bind("127.0.0.1:0", false, true).await;
    let modes = (Encryption::Allow, Encryption::Allow);
    let met = meet((&ours, &theirs), at("127.0.0.1", &theirs), modes).await;
    assert_eq!(met.expect("by uTP").0.transport, Transport::Utp);
}

#[tokio::test]
async fn we_do_not_talk_to_ourselves() {
    let sockets = bind("127.0.0.1:0", true, false).await;
    let address = at("127.0.0.1", &sockets);
    for mode in [Encryption::Allow, Encryption::Require] {
        let welcomed = async {
            let raw = sockets.accept().await.expect("open");
            welcome(raw, || vec![torrent()], |_| hello(2), mode).await
        };
        let ours = hello(2);
        let greeted = greet(&sockets, address, &ours, Encryption::Require);
        tokio::pin!(welcomed);
        tokio::select! {
            _ = greeted => panic!("hears of it second"),
            result = &mut welcomed => assert!(matches!(result, Err(Refused::Ourselves))),
        }
    }
}

#[tokio::test]
async fn a_torrent_that_is_not_served_is_refused() {
    let (ours, theirs) = (
        bind("127.0.0.1:0", true, false).await,
        bind("127.0.0.1:0", true, false).await,
    );
    for mode in [Encryption::Off, Encryption::Require] {
        let welcomed = async {
            let raw = theirs.accept().await.expect("open");
            welcome(raw, Vec::new, |_| hello(2), mode).await
        };
        let ours_hello = hello(1);
        let greeted = greet(&ours, at("127.0.0.1", &theirs), &ours_hello, mode);
        let (greeted, welcomed) = tokio::join!(greeted, welcomed);
        assert!(matches!(welcomed, Err(Refused::OtherTorrent)));
        assert!(matches!(greeted, Err(Refused::HungUp(_))));
    }
}

/// A peer that reads what comes and answers with these bytes, and then hangs up.
async fn answered_with(bytes: &[u8]) -> Refused {
    let ours = bind("127.0.0.1:0", true, false).await;
    let peer = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = peer.local_addr().expect("bound");
    let answer = async {
        loop {
            let (mut stream, _) = peer.accept().await.expect("open");
            stream.read_exact(&mut [0; 68]).await.expect("a handshake");
            stream.write_all(bytes).await.expect("open");
        }
    };
    let ours_hello = hello(1);
    tokio::select! {
        result = greet(&ours, address, &ours_hello, Encryption::Off) => {
            result.err().expect("no such handshake is taken")
        }
        () = answer => panic!("answers for ever"),
    }
}

#[tokio::test]
async fn handshakes_that_do_not_fit_are_refused() {
    let mut other = hello(2);
    other.infohash = Id20::new([6; 20]);
    let refused = answered_with(&other.encode()).await;
    assert!(matches!(refused, Refused::OtherTorrent));
    let refused = answered_with(&hello(1).encode()).await;
    assert!(matches!(refused, Refused::Ourselves));
    let refused =
        answered_with(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is no peer at all, as everybody can see who reads it")
            .await;
    assert!(matches!(refused, Refused::OtherProtocol));
    let refused = answered_with(&hello(2).encode()[..67]).await;
    assert!(matches!(refused, Refused::HungUp(_)));
    let refused = answered_with(b"").await;
    assert!(matches!(refused, Refused::HungUp(_)));
}

#[tokio::test(start_paused = true)]
async fn peers_that_say_nothing_are_given_up() {
    let sockets = bind("127.0.0.1:0", true, false).await;
    for mode in MODES {
        let address = at("127.0.0.1", &sockets);
        let silent = TcpStream::connect(address).await.expect("open");
        let raw = sockets.accept().await.expect("open");
        let welcomed = welcome(raw, || vec![torrent()], |_| hello(2), mode).await;
        assert!(matches!(welcomed, Err(Refused::Slow)));
        drop(silent);
        // The system accepts for us, and nobody answers.
        let greeted = greet(&sockets, address, &hello(1), mode).await;
        assert!(matches!(
            greeted,
            Err(Refused::Slow | Refused::Unreachable(_))
        ));
        let waiting = timeout(Duration::from_millis(1), async {
            loop {
                drop(sockets.accept().await);
            }
        });
        assert!(waiting.await.is_err());
    }
}
