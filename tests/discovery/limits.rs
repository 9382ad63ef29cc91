//! Limits of what the agent does on the network, and settings that are refused.

use std::{
    io::{self, ErrorKind, Write},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER_PERMISSIVE;

use super::trackers::{agent_at, free_port};
use crate::support::{
    MIB, Seeder, Seeding, Setup, Spec, assert_same, isolated, noise, pause, until,
};

/// How long connections are watched.
const WATCHED: Duration = Duration::from_secs(2);

#[test]
fn peers_beyond_the_limit_are_not_called() {
    let bytes = noise(21, 16 * MIB);
    let mut seeders: Vec<_> = (0..5).map(|_| Seeder::start()).collect();
    let films: Vec<Seeding> = seeders
        .iter_mut()
        .map(|seeder| {
            let film = seeder.seed(Spec::single("film.mkv", bytes.clone()));
            seeder.limit(1 << 20);
            film
        })
        .collect();
    let agent = Setup::new().set("bittorrent.peers_per_torrent = 2").start();
    // the search for metadata asks more of them, for a moment
    let metainfo = agent.get(&films[0].address("torrent", "")).send();
    assert_eq!(metainfo.status, 200);
    let others: String = films[1..]
        .iter()
        .map(|film| format!("&x.pe={}", film.peer))
        .collect();
    let target = films[0].at("/film.mkv") + &others;
    let mut stream = agent.get(&target).open();
    assert_same(&stream.read(MIB), &bytes[..MIB]);
    let began = Instant::now();
    let mut most = 0;
    while began.elapsed() < WATCHED {
        let connected = seeders
            .iter_mut()
            .zip(&films)
            .map(|(seeder, film)| seeder.sent(film).peers)
            .sum();
        assert!(connected <= 2, "{connected} are connected");
        most = most.max(connected);
        pause(Duration::from_millis(100));
    }
    assert_eq!(most, 2, "the limit was never reached");
}

/// Introduces somebody to an agent as a peer of a torrent.
fn call(port: u16, id: &str, number: u8) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).unwrap();
    let hello = [
        b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0",
        &id[..],
        b"-XX0000-callercaller",
    ];
    let mut hello = hello.concat();
    *hello.last_mut().unwrap() = number;
    stream.write_all(&hello).unwrap();
    stream
}

/// Whether the other side keeps a connection open; what it has sent is read.
fn is_kept(stream: &mut TcpStream) -> bool {
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let ended = io::copy(stream, &mut io::sink());
    ended.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn callers_beyond_the_limit_are_not_kept() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(23, MIB)));
    let port = free_port();
    let agent = agent_at(port)
        .set("bittorrent.peers_per_torrent = 2")
        .start();
    assert_eq!(agent.get(&film.at("/film.mkv")).send().body.len(), MIB);
    drop(seeder);
    until("the seeder's leaving", Duration::from_secs(10), || {
        let status = agent.get(&film.address("status", "")).send();
        status.json()["peers"] == 0
    });
    let mut callers: Vec<_> = (0..6).map(|number| call(port, &film.id, number)).collect();
    until("the refusals", Duration::from_secs(10), || {
        callers.retain_mut(is_kept);
        callers.len() <= 2
    });
    pause(Duration::from_secs(1));
    callers.retain_mut(is_kept);
    assert_eq!(callers.len(), 2, "those within the limit were not kept");
}

#[test]
fn everything_goes_through_the_interface() {
    isolated(|| {
        let mut seeder = Seeder::start();
        let film = seeder.seed(Spec::single("film.mkv", noise(22, MIB)));
        let agent = Setup::internet()
            .set("network.allow_private = true")
            .set(r#"network.interface = "lo""#)
            .start();
        let whole = agent.get(&film.at("/film.mkv")).send();
        assert_same(&whole.body, &film.bytes("film.mkv"));
    });
}

/// Checks that an agent with this line does not start, and says which key is to blame.
#[track_caller]
fn is_refused(line: &str, key: &str) {
    let output = Setup::internet().set(line).run();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "it said that it listens");
    assert!(said.contains(key), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn an_interface_that_is_not_there_is_refused_by_the_name_of_its_key() {
    is_refused(r#"network.interface = "nowhere0""#, "network.interface");
    is_refused(r#"network.interface = "nowhere0""#, "nowhere0");
}

#[test]
fn an_encryption_that_is_none_is_refused_by_the_name_of_its_key() {
    is_refused(
        r#"bittorrent.encryption = "maybe""#,
        "bittorrent.encryption",
    );
}
