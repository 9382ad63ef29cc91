//! A tracker that tells everybody of the same peers.

use std::{
    io::{BufRead, BufReader, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// A tracker over HTTP (BEP 3, BEP 23). It listens until the process ends.
pub(crate) struct Tracker {
    /// Where peers announce themselves.
    pub(crate) url: String,
}

impl Tracker {
    /// Starts one on any port of an address; the peers must be of IPv4.
    pub(crate) fn start(address: IpAddr, peers: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let url = format!("http://{}/announce", listener.local_addr().unwrap());
        let mut compact = Vec::new();
        for peer in peers {
            let SocketAddr::V4(peer) = peer else {
                unreachable!("{peer} is not of IPv4");
            };
            compact.extend(peer.ip().octets());
            compact.extend(peer.port().to_be_bytes());
        }
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // a client that does not want its answer does no harm
                let _ = answer(client, &compact);
            }
        });
        Self { url }
    }

    /// A .torrent file that names this tracker; it must name none yet.
    pub(crate) fn named_in(&self, metainfo: &[u8]) -> Vec<u8> {
        with_tracker(metainfo, &self.url)
    }
}

/// A .torrent file that names a tracker; it must name none yet.
pub(crate) fn with_tracker(metainfo: &[u8], url: &str) -> Vec<u8> {
    assert!(!metainfo.starts_with(b"d8:announce"), "it has a tracker");
    let mut named = format!("d8:announce{}:{url}", url.len()).into_bytes();
    named.extend(metainfo.strip_prefix(b"d").expect("it is a dictionary"));
    named
}

/// Answers one announce.
fn answer(client: TcpStream, peers: &[u8]) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    while client.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut body = format!("d8:intervali5e12:min intervali5e5:peers{}:", peers.len()).into_bytes();
    body.extend(peers);
    body.push(b'e');
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    client
        .get_mut()
        .write_all(&[head.as_bytes(), &body].concat())
}
