use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    most: 20,
    per_ip: 3,
};

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn book() -> Book {
    Book::new(vec![address("5.5.5.5:6881")], LIMITS)
}

/// Dials all that are due, and says in which order.
fn dial_all(book: &mut Book, now: Duration) -> Vec<SocketAddr> {
    std::iter::from_fn(|| {
        let next = book.next(now)?;
        book.dialling(next);
        Some(next)
    })
    .collect()
}

#[test]
fn named_peers_come_first_and_sources_take_turns() {
    let mut book = book();
    for last in 1..=3 {
        book.add(address(&format!("8.1.{last}.1:1")), Source::Pex, seconds(0));
        book.add(address(&format!("8.2.{last}.1:1")), Source::Dht, seconds(0));
    }
    book.add(address("8.3.1.1:1"), Source::Hint, seconds(0));
    let order = dial_all(&mut book, seconds(0));
    assert_eq!(order[0], address("8.3.1.1:1"));
    let is_pex = |peer: &SocketAddr| peer.to_string().starts_with("8.1.");
    assert!(
        order[1..]
            .windows(2)
            .all(|two| is_pex(&two[0]) != is_pex(&two[1]))
    );
    assert_eq!(order.len(), 7);
}

#[test]
fn a_named_peer_that_is_starting_is_tried_twice_a_second() {
    let mut book = book();
    let peer = address("127.0.0.1:1");
    assert!(book.add(peer, Source::Hint, seconds(0)));
    let mut now = seconds(0);
    for _ in 0..5 {
        assert_eq!(book.next(now), Some(peer));
        book.dialling(peer);
        assert_eq!((book.next(now), book.next_due(now)), (None, None));
        book.failed(peer, now);
        assert_eq!(book.next(now), None);
        now += Duration::from_millis(500);
        assert_eq!(book.next_due(now), Some(now));
    }
}

#[test]
fn failures_double_the_wait_and_end_in_oblivion() {
    let mut book = book();
    let (named, other) = (address("127.0.0.1:1"), address("127.0.0.1:2"));
    book.add(named, Source::Hint, seconds(0));
    book.add(other, Source::Pex, seconds(0));
    let mut waits = Vec::new();
    let mut now = seconds(0);
    while book.len() == 2 {
        book.dialling(other);
        book.failed(other, now);
        book.failed(named, now);
        book.dialling(named);
        let due = book.next_due(now).unwrap_or(now);
        waits.push((due - now).as_secs());
        now = due;
        book.failed(named, now);
    }
    assert_eq!(waits[..3], [5, 10, 20]);
    assert_eq!(waits.iter().max(), Some(&600));
    assert!(
        book.next_due(now)
            .is_some_and(|due| due <= now + seconds(600))
    );
    assert!(!book.add(named, Source::Hint, now), "it is known");
    assert!(
        book.next_due(now)
            .is_some_and(|due| due <= now + seconds(1))
    );
}

#[test]
fn a_useful_peer_is_tried_again_soon() {
    let mut book = book();
    let peer = address("127.0.0.1:1");
    book.add(peer, Source::Pex, seconds(0));
    book.dialling(peer);
    book.connected(peer);
    assert_eq!(book.next_due(seconds(0)), None);
    book.lost(peer, seconds(60), seconds(60));
    assert_eq!(book.next_due(seconds(60)), Some(seconds(61)));
    book.connected(peer);
    book.lost(peer, seconds(1), seconds(70));
    assert_eq!(book.next_due(seconds(70)), Some(seconds(75)));
}

#[test]
fn a_peer_that_is_here_already_is_left_alone() {
    let mut book = book();
    let peer = address("8.8.8.8:1");
    book.add(peer, Source::Pex, seconds(0));
    book.dialling(peer);
    book.reached_twice(peer, seconds(1));
    assert_eq!(book.next_due(seconds(1)), Some(seconds(601)));
    assert!(book.busy.is_empty());
}

#[test]
fn one_public_ip_gets_few_connections_and_a_private_one_many() {
    let mut book = book();
    for port in 1..=5 {
        for ip in ["8.8.8.8", "127.0.0.1", "[::ffff:8.8.8.8]"] {
            book.add(address(&format!("{ip}:{port}")), Source::Dht, seconds(0));
        }
        let v6 = format!("[2606:4700::{port}]:{port}");
        book.add(address(&v6), Source::Dht, seconds(0));
    }
    assert_eq!(book.len(), 15, "a mapped address is the same address");
    let dialled = dial_all(&mut book, seconds(0));
    assert_eq!(dialled.len(), 3 + 5 + 3);
    assert!(!book.may_come(address("8.8.8.8:9")));
    let public = dialled
        .iter()
        .find(|peer| peer.ip() == address("8.8.8.8:1").ip());
    book.failed(*public.expect("three of them"), seconds(0));
    assert!(book.may_come(address("8.8.8.8:9")));
    book.connected(address("8.8.8.8:9"));
    book.connected(address("8.8.8.8:9"));
    assert!(!book.may_come(address("8.8.8.8:10")));
    book.lost(address("8.8.8.8:9"), seconds(100), seconds(100));
    assert!(book.may_come(address("8.8.8.8:10")));
}

#[test]
fn liars_are_shunned_and_two_of_them_spoil_an_ip() {
    let mut book = book();
    let at = |port: u16| SocketAddr::new(address("8.8.8.8:1").ip(), port);
    for port in 1..=3 {
        book.add(at(port), Source::Dht, seconds(0));
    }
    book.ban(at(1));
    assert!(!book.add(at(1), Source::Hint, seconds(0)));
    assert!(book.may_come(at(9)) && book.next(seconds(0)).is_some());
    book.ban(at(2));
    assert!(!book.may_come(at(9)));
    assert_eq!(
        (book.next(seconds(0)), book.next_due(seconds(0))),
        (None, None)
    );
    book.ban(address("127.0.0.1:1"));
    book.ban(address("127.0.0.1:2"));
    assert!(book.may_come(address("127.0.0.1:3")) && !book.may_come(address("127.0.0.1:2")));
}

#[test]
fn a_full_book_keeps_named_peers_and_a_mixture() {
    let mut book = book();
    book.add(address("8.9.9.9:1"), Source::Hint, seconds(0));
    book.add(address("8.9.9.8:1"), Source::Tracker, seconds(0));
    for last in 0..=255 {
        book.add(address(&format!("8.1.{last}.1:1")), Source::Pex, seconds(0));
    }
    assert_eq!(book.len(), LIMITS.most);
    assert!(book.add(address("8.2.2.2:1"), Source::Dht, seconds(0)));
    assert!(book.add(address("8.2.2.3:1"), Source::Hint, seconds(0)));
    let dialled = dial_all(&mut book, seconds(0));
    for kept in ["8.9.9.9:1", "8.9.9.8:1", "8.2.2.2:1", "8.2.2.3:1"] {
        assert!(dialled.contains(&address(kept)), "{kept} was dropped");
    }
    assert!(
        !book.add(address("8.7.7.7:1"), Source::Pex, seconds(0)),
        "all are busy"
    );
}

#[test]
fn our_own_address_is_no_peer() {
    let mut book = book();
    for none in ["5.5.5.5:6881", "0.0.0.0:1", "8.8.8.8:0", "224.0.0.1:1"] {
        assert!(!book.add(address(none), Source::Dht, seconds(0)), "{none}");
    }
    assert!(book.add(address("6.6.6.6:1"), Source::Dht, seconds(0)));
    book.learn_me(address("6.6.6.6:1"));
    assert_eq!(book.next(seconds(0)), None);
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8, u16, u8),
    Dial,
    Connect(u8, u16),
    Fail(u8, u16),
    Lose(u8, u16, u64),
    Ban(u8, u16),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || (0_u8..6, 0_u16..5);
    let step = prop_oneof![
        4 => (0_u8..6, 0_u16..5, 0_u8..6).prop_map(|(ip, port, from)| Step::Add(ip, port, from)),
        4 => Just(Step::Dial),
        1 => at().prop_map(|(ip, port)| Step::Connect(ip, port)),
        2 => at().prop_map(|(ip, port)| Step::Fail(ip, port)),
        2 => (0_u8..6, 0_u16..5, 0_u64..20).prop_map(|(ip, port, s)| Step::Lose(ip, port, s)),
        1 => at().prop_map(|(ip, port)| Step::Ban(ip, port)),
        2 => (0_u64..100).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 0..200)
}

const SOURCES: [Source; 6] = [
    Source::Hint,
    Source::Tracker,
    Source::Dht,
    Source::Pex,
    Source::Lsd,
    Source::Incoming,
];

proptest! {
    /// Whatever happens: the book stays small, nobody is dialled twice at once, no liar is dialled,
    /// no public IP gets more than its share, and `next` and `next_due` agree.
    #[test]
    fn the_rules_hold_whatever_happens(steps in steps()) {
        let mut book = book();
        let mut now = seconds(0);
        let mut busy = HashSet::new();
        let mut banned = HashSet::new();
        let at = |ip: u8, port: u16| SocketAddr::from(([8, 8, 8, ip], port));
        for step in steps {
            match step {
                Step::Add(ip, port, from) => {
                    book.add(at(ip, port), SOURCES[usize::from(from)], now);
                }
                Step::Dial => if let Some(peer) = book.next(now) {
                    prop_assert!(!banned.contains(&peer));
                    let same = busy.iter().filter(|other: &&SocketAddr| other.ip() == peer.ip());
                    prop_assert!(same.count() < LIMITS.per_ip);
                    prop_assert!(busy.insert(peer));
                    book.dialling(peer);
                },
                Step::Connect(ip, port) => {
                    if busy.contains(&at(ip, port)) || book.may_come(at(ip, port)) {
                        book.connected(at(ip, port));
                        busy.insert(at(ip, port));
                    }
                }
                Step::Fail(ip, port) => {
                    book.failed(at(ip, port), now);
                    busy.remove(&at(ip, port));
                }
                Step::Lose(ip, port, after) => {
                    book.lost(at(ip, port), seconds(after), now);
                    busy.remove(&at(ip, port));
                }
                Step::Ban(ip, port) => {
                    book.ban(at(ip, port));
                    banned.insert(at(ip, port));
                    busy.remove(&at(ip, port));
                }
                Step::Wait(wait) => now += seconds(wait),
            }
            prop_assert!(book.len() <= LIMITS.most);
            prop_assert_eq!(book.next(now).is_some(), book.next_due(now) == Some(now));
            let counted: usize = book.busy.values().sum();
            prop_assert_eq!(counted, busy.len());
        }
    }
}
