//! A node of ours with blocks on disk, and the reader in front of it.

use std::{ops::Range, sync::Arc, thread, time::Duration};

use futures_util::TryStreamExt;
use tempfile::TempDir;
use universal_p2p_core::{Backend, File, Hints, Id, Item as Root, Node as Found, Priority, ReadCx};
use universal_p2p_ipfs::{
    Disk, Held, Identity, Ipfs, Keypair, Multiaddr, Node, NodeSettings, Scope, Settings, Sources,
};
use universal_p2p_store::{BlockCheck, Policy, Settings as Limits, Store};

/// Blocks on a disk of its own.
pub(crate) struct Blocks {
    disk: Arc<Disk>,
    store: Arc<Store>,
    _folder: TempDir,
}

impl Blocks {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let settings = Limits {
            limit: 1 << 30,
            keep_free: 0,
            policy: Policy::Lru,
        };
        let store = Store::open(folder.path(), settings).unwrap();
        while !store.disk_use().counted {
            thread::yield_now();
        }
        Self {
            disk: Arc::new(Disk::new(Arc::clone(&store))),
            store,
            _folder: folder,
        }
    }

    /// Everything goes.
    pub(crate) fn forget(&self) {
        for item in self.items() {
            self.store.remove(&item).unwrap();
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        let check: BlockCheck = Arc::new(|_, _| true);
        let count = |item| self.store.blocks(&item, &check).unwrap().count();
        self.items().map(count).sum()
    }

    fn items(&self) -> impl Iterator<Item = Root> {
        self.store.items().into_iter().map(|report| Root {
            protocol: report.protocol,
            id: Id::new(&report.id).unwrap(),
        })
    }
}

/// A node and the reader in front of it.
pub(crate) struct Peer {
    pub(crate) node: Arc<Node>,
    pub(crate) blocks: Blocks,
    backend: Ipfs,
}

impl Peer {
    /// One that stays connected with these peers.
    pub(crate) async fn start(peers: &[String]) -> Self {
        Self::start_with(peers, &[]).await
    }

    /// One that joins the DHT too.
    pub(crate) async fn start_with(peers: &[String], bootstrap: &[String]) -> Self {
        let settings = NodeSettings {
            bootstrap: addresses(bootstrap),
            ..settings(Scope::Loopback, false, peers)
        };
        let blocks = Blocks::new();
        let held: Arc<dyn Held> = Arc::clone(&blocks.disk) as _;
        let node = Arc::new(Node::start(settings, held).await.unwrap());
        let sources = Sources::new(Arc::clone(&blocks.disk) as _, vec![Arc::clone(&node) as _]);
        let settings = Settings {
            metadata: Duration::from_secs(30).into(),
        };
        let backend = Ipfs::new(Arc::new(sources), settings);
        Self {
            node,
            blocks,
            backend,
        }
    }

    /// A node that holds nothing.
    pub(crate) async fn node(scope: Scope, allow_private: bool, peers: &[String]) -> Node {
        let blocks = Blocks::new();
        let held: Arc<dyn Held> = Arc::clone(&blocks.disk) as _;
        let settings = settings(scope, allow_private, peers);
        Node::start(settings, held).await.unwrap()
    }

    /// Where it is, over `tcp` or `quic-v1`.
    pub(crate) fn address(&self, way: &str) -> String {
        let way = format!("/{way}");
        let addresses = self.node.addresses();
        let mut texts = addresses.iter().map(ToString::to_string);
        let is_it = |text: &String| text.contains("127.0.0.1") && text.contains(&way);
        format!("{}/p2p/{}", texts.find(is_it).unwrap(), self.node.id())
    }

    /// Finds a file, which these peers may have.
    pub(crate) async fn file(&self, cid: &str, peers: &[String]) -> Arc<dyn File> {
        match self.find(cid, peers).await {
            Found::File(file) => file,
            Found::Dir(_) => panic!("a file was added"),
        }
    }

    /// Finds a file in a directory, which these peers may have.
    pub(crate) async fn entry(&self, cid: &str, name: &str, peers: &[String]) -> Arc<dyn File> {
        let Found::Dir(dir) = self.find(cid, peers).await else {
            panic!("a directory was added");
        };
        match dir.get(name).await.unwrap() {
            Some(Found::File(file)) => file,
            _ => panic!("a file was added to it"),
        }
    }

    async fn find(&self, cid: &str, peers: &[String]) -> Found {
        let (id, _) = self.backend.canonical(cid).unwrap();
        let mut hints = Hints::default();
        for peer in peers {
            hints.push("peer", peer);
        }
        self.backend.resolve(&id, &hints).await.unwrap()
    }

    /// Reads a range.
    pub(crate) async fn read(&self, file: &Arc<dyn File>, range: Range<u64>) -> Vec<u8> {
        let conditions = ReadCx {
            first_byte: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            priority: Priority::Interactive,
        };
        let mut stream = file.open(range, &conditions).await.unwrap();
        let mut read = Vec::new();
        while let Some(bytes) = stream.try_next().await.unwrap() {
            read.extend_from_slice(&bytes);
        }
        read
    }
}

fn settings(scope: Scope, allow_private: bool, peers: &[String]) -> NodeSettings {
    NodeSettings {
        scope,
        port: 0,
        bootstrap: Vec::new(),
        peers: addresses(peers),
        announce: false,
        upload_limit: None.into(),
        allow_private,
        identity: Identity::Key(Keypair::generate_ed25519().into()),
    }
}

fn addresses(texts: &[String]) -> Vec<Multiaddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Bytes that look like noise, and are the same every time.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Runs the body of a test, two minutes at the most.
pub(crate) fn run(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = async { tokio::time::timeout(Duration::from_secs(120), body).await };
    runtime.block_on(body).expect("it takes too long");
}
