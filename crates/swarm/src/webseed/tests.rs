mod nginx;
mod scripted;

use futures_util::TryStreamExt;
use proptest::prelude::*;
use scripted::Server;

use self::nginx::Nginx;
use super::*;
use crate::{
    http,
    policy::{Policy, Scope},
};

const LONG: Duration = Duration::from_secs(60);

fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async { timeout(LONG, test).await.expect("it ends") })
}

fn client(scope: Scope) -> Client {
    http::client(Policy::new(scope, false), None).expect("a client")
}

/// A torrent of files of these lengths, the third of them padding, and its bytes.
fn torrent(lengths: &[u64]) -> (Vec<WebFile>, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut files = Vec::new();
    for (number, length) in lengths.iter().enumerate() {
        files.push(WebFile {
            path: vec![format!("füll {}", number % 2), format!("{number}#?.bin")],
            offset: bytes.len() as u64,
            length: *length,
            padding: number == 2,
        });
        let content = (0..*length).map(|at| (at % 251) as u8 ^ number as u8);
        bytes.extend(content.map(|byte| if number == 2 { 0 } else { byte }));
    }
    (files, bytes)
}

fn gather(seed: &WebSeed, range: Range<u64>) -> Result<Vec<u8>, Refused> {
    run(async {
        let parts: Vec<Bytes> = seed.fetch(range).try_collect().await?;
        assert!(parts.iter().all(|part| !part.is_empty()));
        Ok(parts.concat())
    })
}

#[test]
fn nginx_gives_every_range_of_every_file() {
    let (files, bytes) = torrent(&[5, 300_000, 100_000, 0, 70_000, 1]);
    let server = Nginx::start();
    for file in files.iter().filter(|file| !file.padding) {
        let content = &bytes[file.offset as usize..][..file.length as usize];
        server.put(
            &["A torrent".to_owned(), file.path.join("/")].join("/"),
            content,
        );
    }
    let http = client(Scope::Loopback);
    let seed = WebSeed::new(
        server.url(""),
        files,
        "A torrent".to_owned(),
        false,
        http.clone(),
    );
    let length = bytes.len() as u64;
    let ranges = [
        0..length,
        0..1,
        4..6,
        1000..299_000,
        299_999..length - 1,
        400_004..400_006,
    ];
    for range in ranges {
        let expected = &bytes[range.start as usize..range.end as usize];
        let got = gather(&seed, range.clone()).expect("it is there");
        assert!(got == expected, "{range:?} is something else");
    }
    assert!(matches!(
        gather(&seed, length - 1..length + 1),
        Err(Refused::Failed(_))
    ));
    let (lone, bytes) = torrent(&[70_000]);
    server.put("x/A name", &bytes);
    for path in ["x/", "x/A%20name"] {
        let url = server.url(path);
        let seed = WebSeed::new(url, lone.clone(), "A name".to_owned(), true, http.clone());
        assert!(gather(&seed, 7..69_999).expect("it is there") == bytes[7..69_999]);
    }
    let nowhere = WebSeed::new(server.url("y/"), lone, "A name".to_owned(), true, http);
    assert!(matches!(gather(&nowhere, 0..9), Err(Refused::Gone)));
}

/// What is got of the bytes from 10 to 20 of a file of 100 bytes of which each is its offset.
fn answered(head: &str, body: impl Into<Vec<u8>>) -> (Result<Vec<u8>, Refused>, Vec<String>) {
    let server = Server::start(&format!("HTTP/1.1 {head}\r\n\r\n"), body.into());
    let got = gather(&seed_at(&server.url(), Scope::Loopback), 10..20);
    (got, server.requests())
}

fn seed_at(url: &str, scope: Scope) -> WebSeed {
    let (files, _) = torrent(&[100]);
    let url = Url::parse(url).expect("a URL");
    WebSeed::new(url, files, "name".to_owned(), true, client(scope))
}

fn body(range: Range<u8>) -> Vec<u8> {
    range.collect()
}

#[test]
fn right_answers_are_taken_in_all_their_forms() {
    for (head, body) in [
        (
            "206 P\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10",
            body(10..20),
        ),
        ("206 P\r\nContent-Range: bytes 10-19/*", body(10..20)),
        ("206 P\r\nContent-Range: bytes 10-19/100", body(10..99)),
        ("200 OK\r\nContent-Length: 100", body(0..100)),
        ("200 OK", body(0..20)),
        ("200 OK\r\nContent-Encoding: identity", body(0..100)),
    ] {
        let (got, requests) = answered(head, body);
        assert_eq!(got.expect(head), (10..20).collect::<Vec<u8>>(), "{head}");
        let request = requests.concat().to_ascii_lowercase();
        assert!(request.contains("range: bytes=10-19"), "{request}");
        assert!(request.contains("user-agent: universal-p2p/"), "{request}");
    }
}

#[test]
fn other_bytes_than_asked_for_are_refused() {
    for (head, body) in [
        ("206 P\r\nContent-Length: 10", body(10..20)),
        ("206 P\r\nContent-Range: bytes 0-9/100", body(0..10)),
        ("206 P\r\nContent-Range: bytes 10-29/100", body(10..30)),
        ("206 P\r\nContent-Range: bytes 10-19/101", body(10..20)),
        (
            "206 P\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 9",
            body(10..19),
        ),
        (
            "206 P\r\nContent-Range: bytes 99999999999999999999-19/100",
            body(10..20),
        ),
        ("206 P\r\nContent-Range: items 10-19/100", body(10..20)),
        (
            "206 P\r\nContent-Range: bytes 10-19/100\r\nContent-Encoding: gzip",
            body(10..20),
        ),
        ("200 OK\r\nContent-Length: 99", body(0..99)),
    ] {
        let (got, _) = answered(head, body);
        let is_right = matches!(got, Err(Refused::Failed(Failure::SomethingElse)));
        assert!(is_right, "{head}: {got:?}");
    }
    for (head, body) in [
        ("206 P\r\nContent-Range: bytes 10-19/100", body(10..19)),
        ("200 OK", body(0..10)),
        (
            "206 P\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10",
            body(10..19),
        ),
        ("nonsense", Vec::new()),
        ("416 No\r\nContent-Length: 0", Vec::new()),
    ] {
        let (got, _) = answered(head, body);
        assert!(matches!(got, Err(Refused::Failed(_))), "{head}: {got:?}");
    }
}

#[test]
fn servers_say_when_to_come_again() {
    let future = httpdate::fmt_http_date(std::time::SystemTime::now() + LONG * 10);
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (status, header, range) in [
        (503, "Retry-After: 7", 7..=7),
        (429, "Retry-After: 99999999", 3600..=3600),
        (429, &format!("Retry-After: {future}"), 500..=600),
        (503, &format!("Retry-After: {past}"), 1..=1),
    ] {
        let (got, _) = answered(&format!("{status} No\r\n{header}\r\nContent-Length: 0"), []);
        let wait = match got {
            Err(Refused::Busy(wait)) => wait.as_secs(),
            other => panic!("{header}: {other:?}"),
        };
        assert!(range.contains(&wait), "{header}: {wait} s");
    }
    for (head, status) in [
        ("503 No", 503),
        ("429 No\r\nRetry-After: x", 429),
        ("403 No", 403),
    ] {
        let (got, _) = answered(head, []);
        let right = matches!(got, Err(Refused::Failed(Failure::Status(got))) if got == status);
        assert!(right, "{head}: {got:?}");
    }
    for head in ["404 No", "410 No"] {
        assert!(matches!(answered(head, []).0, Err(Refused::Gone)), "{head}");
    }
}

#[test]
fn redirects_are_followed_thrice_and_never_inwards() {
    let server = Server::start("", Vec::new());
    let file = "HTTP/1.1 206 P\r\nConnection: close\r\nContent-Range: bytes 10-19/100\r\n\r\n";
    let file = [file.as_bytes(), &body(10..20)].concat();
    let there = format!(
        "HTTP/1.1 302 F\r\nLocation: {}\r\nConnection: close\r\n\r\n",
        server.url()
    );
    let there = there.as_bytes();
    for (redirects, is_followed) in [(3, true), (4, false)] {
        let answers = std::iter::repeat_n(there.to_vec(), redirects).chain([file.clone()]);
        server.answer_with(answers.collect());
        let got = gather(&seed_at(&server.url(), Scope::Loopback), 10..20);
        assert_eq!(got.is_ok(), is_followed, "{redirects}: {got:?}");
    }
    server.answer_with(vec![file.clone()]);
    let before = server.requests().len();
    for inwards in ["localhost", "a.localhost"] {
        let url = server.url().replace("127.0.0.1", inwards);
        let got = gather(&seed_at(&url, Scope::Internet), 10..20);
        assert!(
            matches!(got, Err(Refused::Failed(Failure::Http(_)))),
            "{got:?}"
        );
    }
    assert_eq!(server.requests().len(), before);
    // A literal address is for the caller to check, and stands here for a server far away.
    server.answer_with(vec![there.to_vec(), file]);
    let got = gather(&seed_at(&server.url(), Scope::Internet), 10..20);
    assert!(
        matches!(got, Err(Refused::Failed(Failure::Http(_)))),
        "{got:?}"
    );
    assert_eq!(server.requests().len(), before + 1);
}

#[test]
fn an_endless_body_is_left_as_soon_as_enough_came() {
    let server = Server::start("HTTP/1.1 200 OK\r\n\r\n", Vec::new());
    server.never_end();
    let got = gather(&seed_at(&server.url(), Scope::Loopback), 10..20);
    assert_eq!(got.expect("enough").len(), 10);
    assert!(
        server.was_left_after() < 64 << 20,
        "what the system buffers is less"
    );
    let dropped = Server::start("HTTP/1.1 200 OK\r\n\r\n", Vec::new());
    dropped.never_end();
    run(async {
        let mut stream = seed_at(&dropped.url(), Scope::Loopback).fetch(0..100);
        assert!(stream.next().await.is_some_and(|first| first.is_ok()));
    });
    assert!(dropped.was_left_after() < 64 << 20);
}

#[test]
fn a_silent_server_is_left() {
    let head = "HTTP/1.1 206 P\r\nContent-Range: bytes 10-19/100\r\n\r\n";
    for (head, sent) in [("", 0), ("HTTP/1.1 206", 0), (head, 0), (head, 9)] {
        let server = Server::start(head, body(10..10 + sent));
        server.hold();
        let mut seed = seed_at(&server.url(), Scope::Loopback);
        let site = Arc::get_mut(&mut seed.of).expect("the only one");
        site.stall = Duration::from_millis(100);
        let got = gather(&seed, 10..20);
        let is_right = matches!(got, Err(Refused::Failed(Failure::Stalled)));
        assert!(is_right, "{head}, {sent}: {got:?}");
        server.was_left_after();
    }
}

#[test]
fn a_server_without_ranges_serves_no_late_part() {
    let (files, bytes) = torrent(&[200_000]);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n";
    let server = Server::start(head, bytes.clone());
    let url = Url::parse(&server.url()).expect("a URL");
    let seed = WebSeed::new(url, files, "name".to_owned(), true, client(Scope::Loopback));
    let got = gather(&seed, SMALL..SMALL + 100_000).expect("near enough");
    assert!(got == bytes[SMALL as usize..][..100_000]);
    let late = gather(&seed, SMALL + 1..SMALL + 2);
    assert!(matches!(late, Err(Refused::Failed(Failure::SomethingElse))));
}

proptest! {
    /// Whatever is cut, the slices put together are the range.
    #[test]
    fn slices_cover_a_range(
        lengths in proptest::collection::vec(0_u64..9, 0..9), start in 0_u64..50, more in 0_u64..50,
    ) {
        let (files, bytes) = torrent(&lengths);
        let mut missing = start..(start + more).min(bytes.len() as u64);
        while !missing.is_empty() {
            let slice = slice_at(&files, &missing).expect("a file has it");
            prop_assert_eq!(slice.file.offset + slice.bytes.start, missing.start);
            prop_assert!(slice.bytes.end <= slice.file.length && slice.len() > 0);
            missing.start += slice.len();
        }
    }
}
