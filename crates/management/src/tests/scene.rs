//! A plane over a real store.

use std::{
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, Response},
};
use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use universal_p2p_core::{Backend, Evidence, Expand, Id, Item, Site};
use universal_p2p_sharing::Shares;
use universal_p2p_store::{Layout, Policy, Settings, Store};

use super::{fake_network::Fake, fakes::Likely, one_key::OneKey};
use crate::*;

/// Where the plane believes to be.
pub(crate) const HOST: (&str, &str) = ("host", "127.0.0.1:7789");

/// Length of a chunk in bytes.
pub(crate) const CHUNK: u64 = 64 * 1024;

/// A plane and what it stands on.
pub(crate) struct Scene {
    pub(crate) store: Arc<Store>,
    network: Arc<Fake>,
    shares: Option<Arc<Shares>>,
    router: Router,
    pub(crate) stop: CancellationToken,
    client: TcpStream,
    _listener: TcpListener,
    bearer: String,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Checks that it is a failure told in the way of RFC 9457, and gives its reason.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem["reason"].as_str().expect("a reason").to_owned()
    }
}

impl Scene {
    /// Everything is empty.
    pub(crate) fn new() -> Self {
        Self::with(|plane| plane)
    }

    /// Files can be shared, and are noted in this folder.
    pub(crate) fn sharing(notes: &std::path::Path) -> Self {
        let shares = Shares::open(notes, notes).expect("a fresh folder");
        let shared = Arc::clone(&shares);
        Self {
            shares: Some(shares),
            ..Self::with(|plane| plane.sharing(shared))
        }
    }

    fn with(changed: impl FnOnce(Plane) -> Plane) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let settings = Settings {
            limit: 100_000_000,
            keep_free: 0,
            policy: Policy::Lru,
        };
        let store = Store::open(folder.path(), settings).expect("a fresh folder");
        let token = Token::load_or_make(folder.path()).expect("writable");
        let bearer = format!("Bearer {}", token.expose());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound"));
        let client = client.expect("it listens");
        let facts = Facts {
            version: "1",
            content: "http://127.0.0.1:7788".into(),
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000),
            since: Instant::now(),
            networks: vec!["fake", "other"],
        };
        let network = Arc::new(Fake::default());
        let backends = vec![
            Arc::clone(&network) as Arc<dyn Backend>,
            Arc::new(Fake::named("bittorrent")) as Arc<dyn Backend>,
        ];
        let expand = Arc::new(Likely) as Arc<dyn Expand>;
        let configuration = Arc::new(OneKey::default());
        let plane = Plane::new(facts, Arc::clone(&store), backends, expand, configuration);
        let plane = changed(plane);
        let stop = plane.events.stop.clone();
        Self {
            store,
            network,
            shares: None,
            router: router(token, plane),
            stop,
            client,
            _listener: listener,
            bearer,
            _folder: folder,
        }
    }

    /// Has it noticed now which shared files changed.
    pub(crate) fn look_at_shares(&self) {
        self.shares.as_ref().expect("it shares").look();
    }

    /// Asks with exactly these headers; `TOKEN` stands for the right authorization.
    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let here = IpAddr::from([127, 0, 0, 1]);
        self.ask_from(here, method, target, headers, body).await
    }

    /// The same from another address.
    pub(crate) async fn ask_from(
        &self,
        client: IpAddr,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let answer = self.open(client, method, target, headers, body).await;
        let (head, body) = answer.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: to_bytes(body, usize::MAX).await.expect("a whole body"),
        }
    }

    async fn open(
        &self,
        client: IpAddr,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, value.replace("TOKEN", &self.bearer));
        }
        // Of who is on this machine it is looked at whose connection it is.
        let here = self.client.local_addr().expect("connected");
        let client = ConnectInfo(SocketAddr::from((client, here.port())));
        let request = request.extension(client).body(body.into());
        let answer = self.router.clone().oneshot(request.expect("valid"));
        answer.await.expect("infallible")
    }

    /// Begins to listen to events.
    pub(crate) async fn listen(&self) -> Response<Body> {
        let headers = [HOST, ("authorization", "TOKEN")];
        let here = IpAddr::from([127, 0, 0, 1]);
        self.open(here, "GET", "/api/v0/events", &headers, "").await
    }

    /// The token as it is given in an address.
    pub(crate) fn token(&self) -> &str {
        self.bearer.trim_start_matches("Bearer ")
    }

    /// A call with everything it needs.
    pub(crate) async fn call(&self, method: &str, path: &str) -> Answer {
        self.call_with(method, path, "").await
    }

    /// A call with a body.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let headers = [HOST, ("authorization", "TOKEN")];
        self.ask(method, &format!("/api/v0{path}"), &headers, body)
            .await
    }

    /// The JSON that a call without effect answers.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// Puts an item of some chunks on disk, asked for by these sites.
    pub(crate) async fn keep(&self, id: &str, chunks: u32, sites: &[&str]) -> Item {
        let item = Item {
            protocol: "fake",
            id: Id::new(id).expect("valid"),
        };
        let counted = async {
            while !self.store.disk_use().counted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        counted.await;
        let layout = Layout::new(u64::from(chunks) * CHUNK, CHUNK).expect("few chunks");
        let check = Arc::new(|_, _: &[u8]| true);
        let object = self.store.object(&item, layout, check).expect("room");
        for chunk in 0..chunks {
            let start = u64::from(chunk) * CHUNK;
            object.write_at(start, &[7; CHUNK as usize]).expect("room");
            object.mark_checked(chunk);
        }
        for site in sites {
            let site = Site {
                name: (*site).into(),
                evidence: Evidence::Claimed,
            };
            drop(self.store.lease(item.clone(), site));
        }
        drop(object);
        self.store.settle().expect("room");
        item
    }

    /// The ids that the network was told to leave, in that order.
    pub(crate) fn released(&self) -> Vec<String> {
        self.network.released()
    }
}
