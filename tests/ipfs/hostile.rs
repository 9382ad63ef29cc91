//! Peers that lie: the reader gets right bytes from an honest one, or none.

use std::{io::Write, net::TcpStream, time::Duration};

use super::{NOBODYS, assert_whole, at, held, impatient};
use crate::support::{Agent, IpfsPeer, MIB, isolated, most_memory, noise, until};

/// Reads from an honest peer and one of this manner, and then from the latter alone.
fn read_beside(manner: &str) {
    let right = noise(1, 8 * MIB);
    let (mut honest, mut hostile) = (IpfsPeer::kubo(), IpfsPeer::crafted(manner));
    let cid = honest.add("film.mkv", &right);
    let agent = Agent::start();
    // it is connected first, and asked for whatever is wanted
    std::thread::scope(|scope| {
        let (agent, only) = (&agent, at(NOBODYS, "/a.bin", &[&hostile]));
        let mut client = TcpStream::connect(agent.content()).unwrap();
        let host = agent.content();
        write!(client, "GET {only} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        until("a first want", Duration::from_secs(20), || {
            hostile.told().0 > 0
        });
        let target = at(&cid, "/film.mkv", &[&hostile, &honest]);
        scope.spawn(move || assert_whole(agent, &target, &right));
    });
    let (asked, _) = hostile.told();
    assert!(asked > 1, "it was not asked for the film");
    let memory = most_memory(&agent.data());
    assert!(memory < 250 * MIB as u64, "{memory} bytes of memory");
    drop(agent);
    let alone = impatient().start();
    let answer = alone.get(&at(&cid, "/film.mkv", &[&hostile])).send();
    assert!(matches!(answer.status, 502 | 504), "{}", answer.status);
    answer.problem(answer.status);
    assert_eq!(held(&alone, &cid), 0);
}

#[test]
fn a_peer_that_sends_other_bytes_is_overtaken() {
    isolated(|| read_beside("wrong"));
}

#[test]
fn a_peer_that_sends_blocks_nobody_asked_for_is_overtaken() {
    isolated(|| read_beside("other"));
}

#[test]
fn a_peer_that_has_everything_and_sends_nothing_is_overtaken() {
    isolated(|| read_beside("silent"));
}

#[test]
fn a_peer_that_sends_noise_without_end_is_overtaken() {
    isolated(|| read_beside("garbage"));
}

#[test]
fn a_peer_that_opens_a_thousand_streams_is_overtaken() {
    isolated(|| read_beside("streams"));
}
