//! A web server on this machine that answers as it is told, badly too.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// The start line of a request, such as `GET /ipfs/x?format=raw HTTP/1.1`, with its headers.
pub(crate) type Head = String;

/// An answer: its pieces, and how long each is waited for before it is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body goes out in pieces of this length, where it is not 0.
    pub(crate) step: usize,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self {
            head,
            body,
            ..Self::default()
        }
    }

    pub(crate) fn status(status: u16, headers: &str) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{headers}\r\n"),
            ..Self::default()
        }
    }
}

/// The server. It ends when it is dropped.
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Head>>>,
    pub(crate) most_at_work: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Web {
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, answer) = (Arc::<Mutex<Vec<Head>>>::default(), Arc::new(answer));
        let (at_work, most_at_work) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let mut tasks = JoinSet::new();
        let (all, most) = (Arc::clone(&asked), Arc::clone(&most_at_work));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                let (at_work, most) = (Arc::clone(&at_work), Arc::clone(&most));
                connections.spawn(async move {
                    let mut stream = stream;
                    while let Some(head) = read_head(&mut stream).await {
                        all.lock().unwrap().push(head.clone());
                        let now = at_work.fetch_add(1, Ordering::SeqCst) + 1;
                        AtomicUsize::fetch_max(&most, now, Ordering::SeqCst);
                        let reply = answer(&head);
                        let sent = send(&mut stream, &reply).await;
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        if sent.is_none() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            address,
            asked,
            most_at_work,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Head> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<Head> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// None where the connection ends with this answer: where it says so, or is shorter than it says.
async fn send(stream: &mut TcpStream, reply: &Reply) -> Option<()> {
    sleep(reply.delay).await;
    stream.write_all(reply.head.as_bytes()).await.ok()?;
    let step = if reply.step == 0 {
        usize::MAX
    } else {
        reply.step
    };
    for piece in reply.body.chunks(step.min(reply.body.len().max(1))) {
        stream.write_all(piece).await.ok()?;
        if reply.step > 0 {
            sleep(reply.delay).await;
        }
    }
    let length = format!("Content-Length: {}\r\n", reply.body.len());
    reply.head.contains(&length).then_some(())
}
