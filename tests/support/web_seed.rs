//! A web server with one file, which is all a webseed (BEP 19) is.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{IpAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A server that answers ranges of one file, whatever it is asked for by name. It listens until the process ends.
pub(crate) struct WebSeed {
    /// The address of the file.
    pub(crate) url: String,
    given: Arc<AtomicUsize>,
}

impl WebSeed {
    /// Serves these bytes under this name.
    pub(crate) fn start(address: IpAddr, name: &str, bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let url = format!("http://{}/{name}", listener.local_addr().unwrap());
        let given = Arc::new(AtomicUsize::new(0));
        let (file, count) = (Arc::new(bytes), Arc::clone(&given));
        let name = format!("/{name}");
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (file, count, name) = (Arc::clone(&file), Arc::clone(&count), name.clone());
                // a client that leaves early does no harm
                thread::spawn(move || drop(serve(client, &name, &file, &count)));
            }
        });
        Self { url, given }
    }

    /// Bytes of the file sent so far.
    pub(crate) fn given(&self) -> usize {
        self.given.load(Ordering::Relaxed)
    }
}

/// Answers requests until the client leaves.
fn serve(client: TcpStream, name: &str, file: &[u8], given: &AtomicUsize) -> io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let mut request = String::new();
        while client.read_line(&mut request)? > 2 {}
        if request.is_empty() {
            return Ok(());
        }
        let stream = client.get_mut();
        if request.split_whitespace().nth(1) != Some(name) {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        }
        let part = range(&request, file.len());
        let (status, (start, end)) = part.map_or(("200 OK", (0, file.len())), |part| {
            ("206 Partial Content", part)
        });
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\n\
             Content-Range: bytes {start}-{}/{}\r\n\r\n",
            end - start,
            end - 1,
            file.len()
        );
        stream.write_all(head.as_bytes())?;
        for chunk in file[start..end].chunks(1 << 14) {
            stream.write_all(chunk)?;
            given.fetch_add(chunk.len(), Ordering::Relaxed);
        }
    }
}

/// The one range of a request, as start and end.
fn range(request: &str, length: usize) -> Option<(usize, usize)> {
    let lower = request.to_ascii_lowercase();
    let line = lower
        .lines()
        .find_map(|line| line.strip_prefix("range: bytes="))?;
    let (start, last) = line.trim().split_once('-')?;
    let end = last.parse().map_or(length, |last: usize| last + 1);
    Some((start.parse().ok()?, end.min(length)))
}
