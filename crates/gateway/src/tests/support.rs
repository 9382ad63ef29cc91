//! A gateway over fakes, asked directly or through real connections.

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response, StatusCode},
};
use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, Id, Item, NoArchives, Node};
use universal_p2p_store::Store;

use super::{
    fakes::{Event, FakeBackend, Manner, dir, folder},
    standard::Standard,
};
use crate::{Ban, Blocked, Gateway, Registry, Settings};

/// Long enough for a busy machine; only a test that fails waits for it.
const FAR_TOO_LONG: Duration = Duration::from_secs(60);

/// The bytes of `video.mp4`.
pub(super) fn video() -> Bytes {
    (0..1000_u32).map(|place| (place % 251) as u8).collect()
}

pub(super) fn settings() -> Settings {
    Settings {
        hosts: vec!["media.lan".into()],
        dashboard: "http://127.0.0.1:7789".into(),
        first_byte: Duration::from_secs(30).into(),
        stall: Duration::from_secs(60).into(),
        streams: 100.into(),
        streams_per_client: 100.into(),
        token: None,
        blocked: blocked(),
    }
}

fn blocked() -> Blocked {
    let mut blocked = Blocked::default();
    for (id, ban) in [("unlawful", Ban::Legal), ("unwanted", Ban::Unwanted)] {
        let id = Id::new(id).expect("an id");
        blocked.add(
            &Item {
                protocol: "ipfs",
                id,
            },
            ban,
        );
    }
    blocked
}

/// A gateway and what its fakes report.
pub(super) struct World {
    pub(super) gateway: Gateway,
    pub(super) events: UnboundedReceiver<Event>,
    pub(super) folder: TempDir,
}

/// The one place that knows how a store is made.
fn store(folder: &TempDir) -> Arc<Store> {
    let settings = universal_p2p_store::Settings {
        limit: 1 << 30,
        keep_free: 0,
        policy: universal_p2p_store::Policy::Lru,
    };
    Store::open(folder.path(), settings).expect("a fresh folder")
}

pub(super) fn world(settings: Settings) -> World {
    let (sender, events) = unbounded_channel();
    let fake = FakeBackend::new(sender);
    let standard = FakeBackend::new(fake.events());
    let standard = standard
        .with("all", all(&fake))
        .with("file", fake.holding("", "only"))
        .with("held", fake.holding("", "held"))
        .with("dag-json", dir("", [("a", fake.holding("a", "1"))]));
    let all = all(&fake);
    let one_file = fake.holding("only.txt", "only");
    let single = dir("only.txt", [("only.txt", fake.holding("only.txt", "only"))]);
    let many = (0..4000).map(|n| {
        let name = format!("{n}.txt");
        let node = fake.holding(&name, "x");
        (name, node)
    });
    let many = folder("many", many);
    let named = fake.of(Some("content"), "named.bin", 1 << 40, Manner::Zeros);
    let fake = fake
        .with("all", all)
        .with("file", one_file)
        .with("single", single)
        .with("many", many)
        .with("named", named)
        .with("nothing", dir("nothing", []));
    let folder = TempDir::new().expect("a temporary folder");
    let registry = Registry::new(vec![Arc::new(fake), Arc::new(Standard(standard))]);
    World {
        gateway: Gateway::new(registry, store(&folder), Arc::new(NoArchives), settings),
        events,
        folder,
    }
}

fn all(fake: &FakeBackend) -> Node {
    let bad = |name: &str, manner| fake.file(name, 1000, manner);
    let corrupt = Error::Corrupt {
        what: "a hash".into(),
    };
    let inside = Error::internal("reading", "a secret place");
    dir(
        "All <of> it",
        [
            ("video.mp4", fake.holding("video.mp4", video())),
            ("huge.bin", fake.file("huge.bin", 1 << 40, Manner::Zeros)),
            ("late.mp4", bad("late.mp4", Manner::FailsLate)),
            ("early.mp4", bad("early.mp4", Manner::EndsEarly)),
            ("more.mp4", bad("more.mp4", Manner::GivesMore)),
            ("never.mp4", bad("never.mp4", Manner::NeverReady)),
            ("stalls.mp4", bad("stalls.mp4", Manner::Stalls)),
            ("panics.mp4", bad("panics.mp4", Manner::Panics)),
            ("corrupt.mp4", bad("corrupt.mp4", Manner::Fails(corrupt))),
            ("inside.mp4", bad("inside.mp4", Manner::Fails(inside))),
            (
                "picture",
                fake.holding("picture", &b"\x89PNG\r\n\x1a\n...."[..]),
            ),
            ("empty.txt", fake.holding("empty.txt", "")),
            (
                "page.html",
                fake.holding("page.html", "<script>alert(1)</script>"),
            ),
            ("book.pdf", fake.holding("book.pdf", "%PDF-1.4")),
            ("ä b.txt", fake.holding("ä b.txt", "umlaut")),
            ("<i>&\"'.txt", fake.holding("<i>&\"'.txt", "markup")),
            (
                "site",
                dir(
                    "site",
                    [("index.html", fake.holding("index.html", "<p>hello"))],
                ),
            ),
            (
                "music",
                dir(
                    "music",
                    [
                        ("10.mp3", fake.holding("10.mp3", "ten")),
                        ("2.mp3", fake.holding("2.mp3", "two")),
                        ("2.srt", fake.holding("2.srt", "text")),
                    ],
                ),
            ),
        ],
    )
}

/// An answer with all of its body.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Result<Bytes, axum::Error>,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    pub(super) fn bytes(&self) -> &Bytes {
        self.body.as_ref().expect("a whole body")
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(self.bytes()).expect("text")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(self.bytes()).expect("JSON")
    }

    /// The reason of a problem.
    pub(super) fn reason(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        json["reason"].as_str().expect("a word").to_owned()
    }
}

impl World {
    /// Asks with GET and headers beside a good Host.
    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answered {
        self.ask("GET", path, headers).await
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answered {
        let host = [("host", "127.0.0.1:7788")];
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in host.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let response = self.begin(request).await;
        let (head, body) = response.into_parts();
        Answered {
            status: head.status,
            headers: head.headers,
            body: to_bytes(body, usize::MAX).await,
        }
    }

    /// Asks with exactly this request and leaves the body unread.
    pub(super) async fn begin(&self, request: Request<()>) -> Response<Body> {
        let (head, ()) = request.into_parts();
        let client = IpAddr::from([127, 0, 0, 1]);
        self.gateway.answer(&head, client).await
    }

    /// The ranges that were opened so far.
    pub(super) fn opened(&mut self) -> Vec<std::ops::Range<u64>> {
        let mut all = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Opened(range) = event {
                all.push(range);
            }
        }
        all
    }

    /// Serves on a real port.
    pub(super) async fn serve(self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let mut server = JoinSet::new();
        server.spawn(self.gateway.serve(listener, stop.clone()));
        Served {
            address,
            stop,
            server,
            events: self.events,
            _folder: self.folder,
        }
    }
}

/// A gateway behind a real port.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) server: JoinSet<std::io::Result<()>>,
    events: UnboundedReceiver<Event>,
    _folder: TempDir,
}

impl Served {
    /// Connects and sends text as it is.
    pub(super) async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("listening");
        stream.write_all(text.as_bytes()).await.expect("connected");
        stream
    }

    /// Whether a fake has reported this by now.
    pub(super) fn seen(&mut self, wanted: impl Fn(&Event) -> bool) -> bool {
        let now = std::iter::from_fn(|| self.events.try_recv().ok());
        now.into_iter().any(|event| wanted(&event))
    }

    /// Waits until a fake reports this.
    pub(super) async fn until(&mut self, wanted: impl Fn(&Event) -> bool) {
        let seen = async {
            while let Some(event) = self.events.recv().await {
                if wanted(&event) {
                    return;
                }
            }
            panic!("the fakes are gone");
        };
        soon(seen).await;
    }
}

/// The text of a GET request as it goes over the wire.
pub(super) fn get_text(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n")
}

/// Reads until the other side closes, however it does.
pub(super) async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    let reading = async {
        while let Ok(count @ 1..) = stream.read(&mut piece).await {
            all.extend_from_slice(&piece[..count]);
        }
    };
    soon(reading).await;
    all
}

/// Reads one answer with a Content-Length: its head, and its body.
pub(super) async fn read_one(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    soon(async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
    })
    .await;
    let head = String::from_utf8(head).expect("text");
    let lengths = head
        .lines()
        .filter_map(|line| line.strip_prefix("content-length: "));
    let length = lengths.map(|text| text.parse().expect("a number")).next();
    let mut body = vec![0; length.expect("a length")];
    soon(stream.read_exact(&mut body)).await.expect("a body");
    (head, body)
}

/// Waits for what must happen, but not for ever.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(FAR_TOO_LONG, future)
        .await
        .expect("it never happened")
}
