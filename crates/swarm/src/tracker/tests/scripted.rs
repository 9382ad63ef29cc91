//! Trackers that say what a test wants.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

use url::Url;

/// The connection id that the UDP tracker gives.
pub(super) const CONNECTION: [u8; 8] = *b"connect!";

/// A tracker that answers HTTP requests in turn.
pub(super) struct HttpTracker {
    address: SocketAddr,
    answers: Arc<Mutex<Vec<Vec<u8>>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HttpTracker {
    /// Listens.
    pub(super) fn start(bodies: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let whole = bodies.into_iter().rev().map(|body| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.as_bytes(), &body].concat()
        });
        let tracker = Self {
            address: listener.local_addr().expect("bound"),
            answers: Arc::new(Mutex::new(whole.collect())),
            requests: Arc::default(),
        };
        let (answers, requests) = (tracker.answers.clone(), tracker.requests.clone());
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let Some(line) = lines.next() else { continue };
                requests.lock().expect("sound").push(line);
                let mut rest = lines;
                while rest.next().is_some_and(|line| !line.is_empty()) {}
                let answer = answers.lock().expect("sound").pop();
                // A client that has had enough may be gone.
                let _ = (&stream).write_all(&answer.unwrap_or_default());
            }
        });
        tracker
    }

    /// Answers with a redirect from now on.
    pub(super) fn redirect_to(&self, url: &str) {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n");
        self.answers
            .lock()
            .expect("sound")
            .push(answer.into_bytes());
    }

    /// Its URL with this path.
    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).expect("a URL")
    }

    /// Its URL with a name.
    pub(super) fn named_url(&self) -> Url {
        let port = self.address.port();
        Url::parse(&format!("http://localhost:{port}/")).expect("a URL")
    }

    /// The first lines of all requests.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("sound").clone()
    }
}

/// The answer of an HTTP tracker with compact peers; `more` are keys that sort before them.
pub(super) fn bencoded(peers: &[SocketAddr], more: &str) -> Vec<u8> {
    let compact = compact(peers);
    let head = format!("d{more}5:peers{}:", compact.len());
    [head.as_bytes(), &compact, b"e"].concat()
}

fn compact(peers: &[SocketAddr]) -> Vec<u8> {
    let one = |peer: &SocketAddr| match peer {
        SocketAddr::V4(peer) => [&peer.ip().octets()[..], &peer.port().to_be_bytes()].concat(),
        SocketAddr::V6(peer) => [&peer.ip().octets()[..], &peer.port().to_be_bytes()].concat(),
    };
    peers.iter().flat_map(one).collect()
}

/// A tracker that answers every UDP packet with what a function of it, and of its number from 1,
/// returns.
pub(super) struct UdpTracker {
    address: SocketAddr,
    packets: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl UdpTracker {
    /// Listens.
    pub(super) fn start(
        ip: &str,
        script: impl Fn(&[u8], u16) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind(format!("{ip}:0")).expect("a port");
        let tracker = Self {
            address: socket.local_addr().expect("bound"),
            packets: Arc::default(),
        };
        let packets = tracker.packets.clone();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            for number in 1.. {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    return;
                };
                let packet = &buffer[..length];
                packets.lock().expect("sound").push(packet.to_vec());
                for answer in script(packet, number) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        tracker
    }

    /// Its URL with this path.
    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("udp://{}{path}", self.address)).expect("a URL")
    }

    /// All packets that came.
    pub(super) fn packets(&self) -> Vec<Vec<u8>> {
        self.packets.lock().expect("sound").clone()
    }
}

/// The right answer to the first packet.
pub(super) fn connected(packet: &[u8]) -> Vec<u8> {
    [&[0; 4][..], &packet[12..16], &CONNECTION].concat()
}

/// The right answer to an announcement.
pub(super) fn announced(packet: &[u8], peers: &[SocketAddr]) -> Vec<u8> {
    let numbers = [0, 0, 3, 132, 0, 0, 0, 1, 0, 0, 0, 1];
    [
        &[0, 0, 0, 1],
        &packet[12..16],
        &numbers[..],
        &compact(peers),
    ]
    .concat()
}

/// An error.
pub(super) fn refused(packet: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 3], &packet[12..16], b"no"].concat()
}

/// The same answer to something else.
pub(super) fn with_transaction(mut answer: Vec<u8>, transaction: [u8; 4]) -> Vec<u8> {
    answer[4..8].copy_from_slice(&transaction);
    answer
}
