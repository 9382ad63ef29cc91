mod scripted;

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use scripted::{HttpTracker, UdpTracker, announced, bencoded};
use tokio::{sync::mpsc::Receiver, time::timeout};

use super::*;
use crate::policy::Scope;

const INFOHASH: Id20 = Id20 { 0: [0xa5; 20] };
const LONG: Duration = Duration::from_secs(30);

fn announcer(policy: Policy) -> Announcer {
    let me = Identity {
        peer_id: Id20::new(*b"-UP0000-abcdefghijkl"),
        port: 4711,
    };
    let http = http::client(policy, None).expect("a client");
    Announcer::new(http, policy, me, None).expect("an announcer")
}

fn here() -> Announcer {
    announcer(Policy::new(Scope::Loopback, false))
}

fn peer(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async { timeout(LONG, test).await.expect("it ends") })
}

fn found(announcer: &Announcer, trackers: &[(Url, bool)]) -> HashSet<SocketAddr> {
    run(announcer.peers(INFOHASH, trackers.to_vec()).collect())
}

/// A torrent that is followed.
struct Followed {
    wishes: watch::Sender<Wish>,
    news: Receiver<Vec<SocketAddr>>,
    stop: CancellationToken,
}

fn follow(announcer: &Announcer, tracker: Url) -> (Followed, impl Future<Output = ()> + use<>) {
    let (wishes, wished) = watch::channel(Wish::default());
    let (teller, news) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let times = AtomicU64::new(0);
    let totals = move || Totals {
        uploaded: 1,
        downloaded: 2,
        left: 100 - times.fetch_add(1, Ordering::Relaxed),
    };
    let trackers = vec![(tracker, false)];
    let future = announcer.follow(INFOHASH, trackers, totals, &wished, &teller, &stop);
    (Followed { wishes, news, stop }, future)
}

/// Starts, completes and stops, with a client's side that reads all news.
async fn live(announcer: &Announcer, tracker: Url) -> Vec<SocketAddr> {
    let (mut followed, following) = follow(announcer, tracker);
    let owner = async {
        let mut peers = followed.news.recv().await.expect("the first news");
        followed.wishes.send_modify(|wish| wish.completed = true);
        peers.extend(followed.news.recv().await.expect("news of completion"));
        followed.stop.cancel();
        peers
    };
    let (peers, ()) = future::join(owner, following).await;
    peers
}

#[test]
fn an_http_tracker_hears_of_start_completion_and_end() {
    let answers = [
        bencoded(&[peer(1)], "8:intervali900e10:tracker id3:\0&x"),
        bencoded(&[peer(2)], "8:intervali900e"),
        bencoded(&[], ""),
    ];
    let tracker = HttpTracker::start(answers.to_vec());
    let peers = run(live(&here(), tracker.url("/secret/announce?passkey=7")));
    assert_eq!(peers, [peer(1), peer(2)]);
    let requests = tracker.requests();
    let infohash = "%A5".repeat(20);
    for (number, (request, event)) in requests
        .iter()
        .zip(["started", "completed", "stopped"])
        .enumerate()
    {
        assert!(
            request.starts_with("GET /secret/announce?passkey=7&info_hash="),
            "{request}"
        );
        for part in [
            format!("info_hash={infohash}&"),
            "peer_id=%2D%55%50%30".to_owned(),
            "port=4711&uploaded=1&downloaded=2&".to_owned(),
            format!("event={event}"),
            "compact=1".to_owned(),
        ] {
            assert!(request.contains(&part), "{part} is not in {request}");
        }
        assert_eq!(
            request.contains("trackerid=%00%26%78"),
            number > 0,
            "{request}"
        );
    }
    assert_eq!(requests.len(), 3);
}

#[test]
fn a_udp_tracker_hears_of_start_completion_and_end() {
    for ip in ["127.0.0.1", "[::1]"] {
        let at: SocketAddr = format!("{ip}:1").parse().expect("an address");
        let peer = move |port| SocketAddr::new(at.ip(), port);
        let tracker = UdpTracker::start(ip, move |packet, number| match packet.len() {
            16 => vec![scripted::connected(packet)],
            _ => vec![announced(packet, &[peer(number)])],
        });
        let peers = run(live(&here(), tracker.url("/a?b")));
        assert_eq!(peers, [peer(2), peer(3)]);
        let packets = tracker.packets();
        assert_eq!(packets.len(), 4, "one connection is enough");
        for (packet, event) in packets[1..].iter().zip([2, 1, 3]) {
            assert_eq!(packet[..8], scripted::CONNECTION);
            assert_eq!(packet[16..36], INFOHASH.0);
            assert_eq!(packet[36..56], *b"-UP0000-abcdefghijkl");
            assert_eq!((packet[63], packet[79]), (2, 1), "downloaded and uploaded");
            assert_eq!(packet[83], event);
            assert_eq!(
                packet[96..],
                [&4711_u16.to_be_bytes()[..], &[2, 4], b"/a?b"].concat()
            );
        }
    }
}

#[test]
fn stopping_does_not_wait_for_a_tracker_that_is_silent() {
    let tracker = UdpTracker::start("127.0.0.1", |_, _| Vec::new());
    let (followed, following) = follow(&here(), tracker.url(""));
    followed.stop.cancel();
    run(following);
    assert!(
        tracker.packets().is_empty(),
        "it was stopped before it began"
    );
    let (followed, following) = follow(&here(), tracker.url(""));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        followed.stop.cancel();
    };
    run(future::join(following, stop));
}

#[test]
fn nobody_listening_ends_the_following() {
    let tracker = HttpTracker::start(vec![bencoded(&[peer(1)], ""), bencoded(&[], "")]);
    let (followed, following) = follow(&here(), tracker.url("/"));
    drop(followed.news);
    run(following);
    assert!(tracker.requests()[1].contains("event=stopped"));
}

#[test]
fn all_trackers_are_asked_at_once_and_each_once() {
    let udp = UdpTracker::start("127.0.0.1", |packet, _| match packet.len() {
        16 => vec![scripted::connected(packet)],
        _ => vec![announced(packet, &[peer(1), peer(2)])],
    });
    let dictionaries = b"d5:peersld2:ip9:127.0.0.14:porti3eed2:ip3:::14:porti4ee\
        d2:ip11:example.org4:porti5eed2:ip9:127.0.0.14:porti-1eeee";
    let http = HttpTracker::start(vec![dictionaries.to_vec()]);
    let six = [&[0; 15][..], &[1, 0, 6]].concat();
    let six = [b"d5:peers0:6:peers618:", &six[..], b"e"].concat();
    let six = HttpTracker::start(vec![six]);
    let refusing = HttpTracker::start(vec![b"d14:failure reason4:gonee".to_vec()]);
    let trackers = [
        udp.url(""),
        http.url("/a"),
        http.url("/a"),
        six.url("/"),
        refusing.url("/"),
    ];
    let trackers = trackers.map(|url| (url, false));
    let one: SocketAddr = "[::1]:4".parse().expect("an address");
    let other: SocketAddr = "[::1]:6".parse().expect("an address");
    let expected = HashSet::from([peer(1), peer(2), peer(3), one, other]);
    assert_eq!(found(&here(), &trackers), expected);
    assert_eq!(http.requests().len(), 1);
}

#[test]
fn a_lost_packet_is_sent_again_and_lies_are_not_heard() {
    let tracker = UdpTracker::start("127.0.0.1", |packet, number| match (packet.len(), number) {
        (_, 1) => Vec::new(),
        (16, _) => vec![
            Vec::new(),
            vec![0; 7],
            scripted::with_transaction(scripted::connected(packet), [9; 4]),
            announced(packet, &[peer(8)]),
            scripted::connected(packet),
        ],
        _ => vec![
            scripted::with_transaction(announced(packet, &[peer(9)]), [9; 4]),
            scripted::connected(packet),
            [announced(packet, &[peer(1)]), vec![1, 2, 3]].concat(),
        ],
    });
    assert_eq!(
        found(&here(), &[(tracker.url(""), false)]),
        HashSet::from([peer(1)])
    );
    assert_eq!(tracker.packets().len(), 3);
}

#[test]
fn garbage_gives_nothing() {
    for garbage in [
        &b""[..],
        b"<html>",
        b"d5:peers",
        b"d5:peersi4ee",
        b"d5:peers99999999999:abce",
        b"d8:interval3:abc5:peers6:abcdefe",
        b"d5:peersd1:a1:bee",
        &b"l".repeat(500_000),
        &[&b"d5:peers2000000:"[..], &[1; 2_000_000], b"e"].concat(),
    ] {
        let tracker = HttpTracker::start(vec![garbage.to_vec()]);
        assert_eq!(found(&here(), &[(tracker.url("/"), false)]), HashSet::new());
    }
    for length in [0, 4, 8, 12, 15, 19] {
        let tracker = UdpTracker::start("127.0.0.1", move |packet, _| {
            let reply = match packet.len() {
                16 => scripted::connected(packet),
                _ => announced(packet, &[peer(1)])[..length].to_vec(),
            };
            vec![reply, scripted::refused(packet)]
        });
        assert_eq!(found(&here(), &[(tracker.url(""), false)]), HashSet::new());
    }
}

#[test]
fn one_answer_gives_a_bounded_number_of_peers() {
    let many: Vec<SocketAddr> = (1..20_000).map(peer).collect();
    let tracker = HttpTracker::start(vec![bencoded(&many, "")]);
    assert_eq!(
        found(&here(), &[(tracker.url("/"), false)]).len(),
        WANTED as usize
    );
}

#[test]
fn strangers_reach_nothing_within_and_the_configuration_may() {
    let internet = announcer(Policy::new(Scope::Internet, false));
    let public: SocketAddr = "8.8.8.8:1".parse().expect("an address");
    let answer = bencoded(&[public, peer(1)], "");
    let tracker = HttpTracker::start(vec![answer.clone(), answer]);
    for url in [tracker.url("/"), tracker.named_url()] {
        assert_eq!(found(&internet, &[(url, false)]), HashSet::new());
    }
    assert_eq!(tracker.requests(), Vec::<String>::new());
    let peers = found(&internet, &[(tracker.url("/"), true)]);
    assert_eq!(
        peers,
        HashSet::from([public]),
        "peers are checked whoever names them"
    );
    let away = Url::parse("http://192.0.2.1/announce").expect("a URL");
    assert_eq!(found(&here(), &[(away, true)]), HashSet::new());
    let redirect = HttpTracker::start(vec![]);
    redirect.redirect_to("http://192.0.2.1/announce");
    assert_eq!(found(&here(), &[(redirect.url("/"), true)]), HashSet::new());
    assert_eq!(redirect.requests().len(), 1);
}
