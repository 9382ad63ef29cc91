//! The backend: from a name to a file, and how long that stays true.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use libp2p_identity::Keypair;
use tokio::time::advance;
use universal_p2p_core::{
    Backend, Error, Freshness, Hints, Item, Node, Priority, ProofBody, ProofForm, ReadCx, Result,
    Site, State,
};
use universal_p2p_store::{Policy, Settings as StoreSettings, Store};

use super::{Ipns, Kept, Name, Names, Records};
use crate::{
    Ipfs, Settings,
    testing::ipns::{Says, name_of},
    unixfs::tests::trees::{Scene, pb, read, scene},
};

/// A source with one record.
struct One(Vec<u8>);

#[async_trait::async_trait]
impl Records for One {
    fn name(&self) -> &'static str {
        "one"
    }

    async fn records(&self, _: &Name, _: Duration) -> Result<Vec<Bytes>> {
        Ok(vec![self.0.clone().into()])
    }
}

fn ipns(scene: &Scene, record: Vec<u8>) -> Ipns {
    let metadata = Duration::from_secs(5);
    let content = Ipfs::new(
        Arc::clone(&scene.sources),
        Settings {
            metadata: metadata.into(),
        },
    );
    let names = Names {
        records: vec![Arc::new(One(record))],
        resolver: None,
        kept: None,
        within: metadata.into(),
    };
    Ipns::new(Arc::new(content), names)
}

#[tokio::test(start_paused = true)]
async fn a_name_leads_to_a_file_for_a_while() {
    let scene = scene();
    let film = scene.put(0x55, b"a film".to_vec());
    let root = scene.put(0x70, pb(&[8, 1], &[("film.txt", film, 6)]));
    let key = Keypair::generate_ed25519();
    let ipns = ipns(
        &scene,
        Says::new(&format!("/ipfs/{root}/film.txt"), 1).by(&key),
    );
    let (id, _) = ipns
        .canonical(&key.public().to_peer_id().to_base58())
        .unwrap();
    assert_eq!(ipns.status(&id).await.unwrap().state, State::Unknown);
    let Node::File(file) = ipns.resolve(&id, &Hints::default()).await.unwrap() else {
        panic!("no file");
    };
    assert_eq!(read(&file, 0..6).await.unwrap(), b"a film");
    // What a client is told to keep it for is the rest of what the publisher says.
    assert_eq!(
        file.meta().freshness,
        Freshness::For(Duration::from_secs(60))
    );
    advance(Duration::from_secs(20)).await;
    let Node::File(file) = ipns.resolve(&id, &Hints::default()).await.unwrap() else {
        panic!("no file");
    };
    assert_eq!(
        file.meta().freshness,
        Freshness::For(Duration::from_secs(40))
    );
    assert_eq!(ipns.status(&id).await.unwrap().state, State::Parked);
    ipns.release(&id).await.unwrap();
    assert_eq!(ipns.status(&id).await.unwrap().state, State::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_domain_without_anybody_to_ask_is_told() {
    let ipns = ipns(&scene(), Vec::new());
    let (id, _) = ipns.canonical("Docs.Example.").unwrap();
    assert_eq!(id.as_str(), "docs.example");
    let got = ipns.resolve(&id, &Hints::default()).await.map(|_| ());
    assert!(matches!(got, Err(Error::Unavailable { .. })), "{got:?}");
    let got = ipns.canonical("bafkqaaa");
    assert!(
        matches!(got, Err(Error::BadId { .. })),
        "content is no name"
    );
}

#[tokio::test]
async fn the_last_good_record_stays_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        limit: 64 << 20,
        keep_free: 0,
        policy: Policy::Lru,
    };
    let store = Store::open(folder.path(), settings).unwrap();
    let key = Keypair::generate_ed25519();
    let id = name_of(&key).id().unwrap();
    assert_eq!(store.read(&id).await, None);
    let record = Bytes::from(Says::new("/ipfs/bafkqaaa", 1).by(&key));
    let item = Item {
        protocol: "ipns",
        id: id.clone(),
    };
    let lease = store.lease(item, Site::unknown());
    store.write(&id, record.clone()).await;
    drop(lease);
    assert_eq!(store.read(&id).await, Some(record.clone()));
    store.close().unwrap();
    drop(store);
    let store = Store::open(folder.path(), settings).unwrap();
    assert_eq!(store.read(&id).await, Some(record));
}

#[tokio::test(start_paused = true)]
async fn what_a_name_leads_to_can_be_checked() {
    let scene = scene();
    let film = scene.put(0x55, b"a film".to_vec());
    let root = scene.put(0x70, pb(&[8, 1], &[("film.txt", film, 6)]));
    let key = Keypair::generate_ed25519();
    let record = Says::new(&format!("/ipfs/{root}"), 1).by(&key);
    let ipns = ipns(&scene, record.clone());
    let (id, _) = ipns
        .canonical(&key.public().to_peer_id().to_base58())
        .unwrap();
    let (hints, cx) = (Hints::default(), cx());
    let proof = ipns
        .prove(&id, &[], ProofForm::Record, &hints, &cx)
        .await
        .unwrap();
    assert_eq!(proof.media_type, "application/vnd.ipfs.ipns-record");
    assert_eq!(proof.freshness, Freshness::For(Duration::from_secs(60)));
    assert_eq!(whole(proof.body), record);
    let path = ["film.txt".to_owned()];
    let proof = ipns
        .prove(&id, &path, ProofForm::Block, &hints, &cx)
        .await
        .unwrap();
    assert_eq!(whole(proof.body), b"a film");
    assert_eq!(proof.roots, [root.to_string(), film.to_string()]);
    assert_eq!(proof.freshness, Freshness::For(Duration::from_secs(60)));
    let trace = ipns.trace(&id, &path, &hints).await.unwrap();
    assert_eq!(trace.roots, proof.roots);
    assert_eq!(trace.freshness, proof.freshness);
}

fn whole(body: ProofBody) -> Vec<u8> {
    match body {
        ProofBody::Whole(bytes) => bytes.into(),
        ProofBody::Stream(_) => panic!("it is all there"),
    }
}

fn cx() -> ReadCx {
    ReadCx {
        first_byte: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        priority: Priority::Interactive,
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_where_only_what_is_held_is_wanted() {
    let scene = scene();
    let film = scene.put(0x55, b"a film".to_vec());
    let key = Keypair::generate_ed25519();
    let ipns = ipns(&scene, Says::new(&format!("/ipfs/{film}"), 1).by(&key));
    let (id, _) = ipns
        .canonical(&key.public().to_peer_id().to_base58())
        .unwrap();
    let mut held = Hints::default();
    held.want_only_held();
    let is_held = |found: Result<Node>| match found {
        Ok(_) => true,
        Err(Error::NotHeld { .. }) => false,
        Err(error) => panic!("{error}"),
    };
    assert!(
        !is_held(ipns.resolve(&id, &held).await),
        "the name is not known"
    );
    ipns.resolve(&id, &Hints::default()).await.unwrap();
    let asked = scene.fake.asked().len();
    assert!(
        is_held(ipns.resolve(&id, &held).await),
        "name and block are here"
    );
    scene.local.forget();
    assert!(!is_held(ipns.resolve(&id, &held).await), "the block is not");
    assert_eq!(scene.fake.asked().len(), asked);
}
