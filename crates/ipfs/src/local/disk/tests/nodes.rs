//! What one node has on disk, another fetches, keeps, and serves to a third.

use libp2p::{Multiaddr, identity::Keypair};

use super::*;
use crate::{Identity, Node, NodeSettings, Scope};

const LENGTH: u64 = 5_000_000;

/// A node that serves what its store has.
struct Agent {
    node: Arc<Node>,
    disk: Arc<Disk>,
    sources: Arc<Sources>,
    store: Arc<Store>,
}

impl Agent {
    async fn start(folder: &TempDir, peers: &[Multiaddr]) -> Self {
        let store = open(folder.path(), 1 << 30);
        let disk = Arc::new(Disk::new(Arc::clone(&store)));
        let settings = NodeSettings {
            scope: Scope::Loopback,
            port: 0,
            bootstrap: Vec::new(),
            peers: peers.to_vec(),
            announce: false,
            upload_limit: None.into(),
            allow_private: false,
            identity: Identity::Key(Keypair::generate_ed25519().into()),
        };
        let node = Node::start(settings, Arc::clone(&disk) as Arc<dyn Held>);
        let node = Arc::new(node.await.unwrap());
        let chain = vec![Arc::clone(&node) as Arc<dyn BlockSource>];
        let sources = Sources::new(Arc::clone(&disk) as Arc<dyn Local>, chain);
        Self {
            node,
            disk,
            sources: Arc::new(sources),
            store,
        }
    }

    fn addresses(&self) -> Vec<Multiaddr> {
        let with_id = |address: Multiaddr| address.with_p2p(self.node.id()).unwrap();
        self.node.addresses().into_iter().map(with_id).collect()
    }

    async fn read(&self, root: &Cid) -> Vec<u8> {
        let scene = Scene {
            fake: Arc::default(),
            local: Arc::default(),
            sources: Arc::clone(&self.sources),
        };
        scene.read(root, 0..LENGTH).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_go_from_disk_to_disk_to_disk() {
    let folders = [(); 3].map(|()| TempDir::new().unwrap());
    let first = Agent::start(&folders[0], &[]).await;
    let content = content(LENGTH as usize);
    let scene = scene_with(&first.store, Arc::default());
    let root = *scene.add(&content, BLOCK, 7, false).last().unwrap();
    assert!(scene.read(&root, 0..LENGTH).await.unwrap() == content);
    let second = Agent::start(&folders[1], &first.addresses()).await;
    assert!(second.read(&root).await == content);
    first.node.stop().await;
    assert!(second.read(&root).await == content, "all of it was kept");
    let third = Agent::start(&folders[2], &second.addresses()).await;
    assert!(third.read(&root).await == content);
    assert_eq!(third.disk.held(&root).await, second.disk.held(&root).await);
    second.store.settle().unwrap();
    let report = second.store.item(&item_of(&root)).unwrap();
    assert!(
        (LENGTH..LENGTH + 10_000).contains(&report.fetched),
        "{}",
        report.fetched
    );
    for agent in [second, third] {
        agent.node.stop().await;
    }
}
