//! Bounds: streams, headers, slow clients.

use std::{io::Write, net::TcpStream, time::Duration};

use crate::support::{Agent, MIB, Seeder, Setup, Spec, assert_same, noise, pause, until};

#[test]
fn one_stream_too_many_is_asked_to_come_back() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.bin", noise(1, 64 * MIB)).pieces(1 << 20));
    seeder.limit(4 << 20);
    let agent = Setup::new().set("limits.streams = 2").start();
    let get = || agent.get(&film.at("/film.bin"));
    let first = get().open();
    let second = get().open();
    assert_eq!((first.status(), second.status()), (200, 200));
    let third = get().send();
    assert_eq!(third.problem(503), "busy");
    assert!(
        third
            .header("retry-after")
            .is_some_and(|wait| wait.parse::<u32>().is_ok())
    );
    drop((first, second));
    until("room for another stream", Duration::from_secs(30), || {
        get().open().status() == 200
    });
}

#[test]
fn many_parallel_streams_do_not_stop_each_other() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.bin", noise(2, 8 * MIB)));
    let agent = Agent::start();
    let mut open: Vec<_> = (0..64_u64)
        .map(|number| {
            let range = format!("bytes={}-", number * 100_000);
            (
                number,
                agent.get(&film.at("/film.bin")).range(&range).open(),
            )
        })
        .collect();
    for (number, body) in &mut open {
        let right = film.part("film.bin", *number * 100_000, 50_000);
        assert_same(&body.read(50_000), &right);
    }
}

#[test]
fn endless_headers_are_refused() {
    let mut agent = Agent::start();
    let answer = agent.get("/").header("X", &"x".repeat(200_000)).send();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let mut request = agent.get("/");
    for number in 0..500 {
        request = request.header(&format!("X-{number}"), "x");
    }
    let answer = request.send();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert!(agent.is_running());
    assert!(agent.get("/favicon.ico").send().status == 404);
}

#[test]
fn a_client_that_never_finishes_its_request_is_dropped() {
    let agent = Setup::new().set("timeouts.stall = \"2s\"").start();
    let before = agent.open_files();
    let mut slow: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(agent.content()).unwrap())
        .collect();
    for client in &mut slow {
        client.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    }
    until(
        "the end of the connections",
        Duration::from_secs(120),
        || agent.open_files() <= before,
    );
}

#[test]
fn a_client_that_stops_reading_is_dropped_and_its_fetching_ends() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.bin", noise(3, 200 * MIB)).pieces(1 << 20));
    let agent = Setup::new().set("timeouts.stall = \"2s\"").start();
    let mut body = agent.get(&film.at("/film.bin")).open();
    assert_same(&body.read(MIB), &film.part("film.bin", 0, MIB));
    // longer than the stall, and then some for the agent to notice
    pause(Duration::from_secs(20));
    let fetched = seeder.sent(&film).uploaded;
    let rest = body.finish();
    assert!(rest.broken, "a client that did not read was kept");
    assert!(
        fetched < 100 * MIB as u64,
        "{fetched} bytes were fetched for nobody"
    );
}
