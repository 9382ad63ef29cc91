//! Names that lead to names, sources that disagree or are away, and what is remembered.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use libp2p_identity::Keypair;
use tokio::time::{Instant, advance, sleep};
use universal_p2p_core::{Error, Id, Result};

use super::{Follower, Names};
use crate::{
    Kept, Name, Records, Resolver, Texts,
    testing::ipns::{Says, name_of},
};

const CID: &str = "bafkqabtimvwgy3yk";
const OTHER: &str = "bafkqaaa";

fn ipfs(cid: &str) -> String {
    format!("/ipfs/{cid}")
}

/// A source of records, which may be slow or away.
#[derive(Default)]
struct Fake {
    records: Mutex<HashMap<Name, Vec<Bytes>>>,
    is_away: Mutex<bool>,
    delay: Duration,
    asked: AtomicUsize,
}

impl Fake {
    fn put(&self, key: &Keypair, says: &Says) {
        let record = vec![says.by(key).into()];
        self.records.lock().unwrap().insert(name_of(key), record);
    }
}

#[async_trait]
impl Records for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn records(&self, name: &Name, _: Duration) -> Result<Vec<Bytes>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        sleep(self.delay).await;
        let found = self.records.lock().unwrap().get(name).cloned();
        let found = found.filter(|_| !*self.is_away.lock().unwrap());
        found.ok_or_else(|| Error::NoProviders {
            waited: Duration::ZERO,
            cure: "none".into(),
        })
    }
}

/// A resolver with TXT records that live ten minutes.
#[derive(Default)]
struct Zone(Mutex<HashMap<String, String>>, Mutex<Vec<String>>);

#[async_trait]
impl Resolver for Zone {
    async fn texts(&self, domain: &str, _: Duration) -> Result<Option<Texts>> {
        self.1.lock().unwrap().push(domain.to_owned());
        if self.0.lock().unwrap().is_empty() {
            return Err(Error::Unavailable {
                what: "DNS".into(),
                cure: "none".into(),
            });
        }
        let found = self.0.lock().unwrap().get(domain).cloned();
        Ok(found.map(|text| Texts {
            texts: vec!["v=spf1".into(), text],
            ttl: Duration::from_secs(600),
        }))
    }
}

#[derive(Default)]
struct Shelf(Mutex<HashMap<Id, Bytes>>);

#[async_trait]
impl Kept for Shelf {
    async fn read(&self, id: &Id) -> Option<Bytes> {
        self.0.lock().unwrap().get(id).cloned()
    }

    async fn write(&self, id: &Id, record: Bytes) {
        self.0.lock().unwrap().insert(id.clone(), record);
    }
}

#[derive(Default)]
struct Scene {
    fakes: Vec<Arc<Fake>>,
    zone: Arc<Zone>,
    shelf: Arc<Shelf>,
}

impl Scene {
    fn of(fakes: Vec<Fake>) -> Self {
        Self {
            fakes: fakes.into_iter().map(Arc::new).collect(),
            ..Self::default()
        }
    }

    /// A program that starts now: it remembers nothing but what is on disk.
    fn start(&self) -> Follower {
        let records = self.fakes.iter().cloned();
        Follower::new(Names {
            records: records.map(|fake| fake as Arc<dyn Records>).collect(),
            resolver: Some(Arc::clone(&self.zone) as Arc<dyn Resolver>),
            kept: Some(Arc::clone(&self.shelf) as Arc<dyn Kept>),
            within: Duration::from_secs(10).into(),
        })
    }

    fn zone(&self, domain: &str, to: &str) {
        let text = format!("dnslink={to}");
        self.zone.0.lock().unwrap().insert(domain.to_owned(), text);
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_record_of_all_sources_wins() {
    let key = Keypair::generate_ed25519();
    let slow = Fake {
        delay: Duration::from_millis(300),
        ..Fake::default()
    };
    let scene = Scene::of(vec![Fake::default(), slow, Fake::default()]);
    scene.fakes[0].put(&key, &Says::new(&ipfs(OTHER), 1));
    scene.fakes[1].put(&key, &Says::new(&ipfs(CID), 2));
    // One of another key is nothing to this name.
    let forged = Says::new(&ipfs(OTHER), 9).by(&Keypair::generate_ed25519());
    (scene.fakes[2].records.lock().unwrap()).insert(name_of(&key), vec![forged.into()]);
    let follower = scene.start();
    let target = follower.follow(&name_of(&key)).await.unwrap();
    assert_eq!(target.cid.to_string(), CID);
    assert!(
        target.fresh_for <= Duration::from_secs(60) && target.fresh_for > Duration::from_secs(50)
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_never_goes_back() {
    let key = Keypair::generate_ed25519();
    let scene = Scene::of(vec![Fake::default()]);
    scene.fakes[0].put(&key, &Says::new(&ipfs(CID), 5));
    scene.start().follow(&name_of(&key)).await.unwrap();
    // A liar repeats an old record after a new start.
    scene.fakes[0].put(&key, &Says::new(&ipfs(OTHER), 4));
    let target = scene.start().follow(&name_of(&key)).await.unwrap();
    assert_eq!(target.cid.to_string(), CID);
    scene.fakes[0].put(&key, &Says::new(&ipfs(OTHER), 6));
    let target = scene.start().follow(&name_of(&key)).await.unwrap();
    assert_eq!(target.cid.to_string(), OTHER);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_record_is_used_where_nobody_has_one() {
    let key = Keypair::generate_ed25519();
    let scene = Scene::of(vec![Fake::default()]);
    scene.fakes[0].put(&key, &Says::new(&ipfs(CID), 5));
    let follower = scene.start();
    follower.follow(&name_of(&key)).await.unwrap();
    *scene.fakes[0].is_away.lock().unwrap() = true;
    advance(Duration::from_secs(3600)).await;
    for follower in [follower, scene.start()] {
        let target = follower.follow(&name_of(&key)).await.unwrap();
        assert_eq!(target.cid.to_string(), CID);
        assert!(target.fresh_for <= Duration::from_secs(60));
    }
    // Not what has run out: it would be good for ever.
    let other = Keypair::generate_ed25519();
    let old = Says {
        until: "2020-01-01T00:00:00Z".into(),
        ..Says::new(&ipfs(CID), 5)
    };
    let id = name_of(&other).id().unwrap();
    scene
        .shelf
        .0
        .lock()
        .unwrap()
        .insert(id, old.by(&other).into());
    let got = scene.start().follow(&name_of(&other)).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_is_looked_for_once_until_it_is_stale() {
    let key = Keypair::generate_ed25519();
    let slow = Fake {
        delay: Duration::from_millis(300),
        ..Fake::default()
    };
    let scene = Scene::of(vec![slow]);
    scene.fakes[0].put(
        &key,
        &Says {
            ttl: 0,
            ..Says::new(&ipfs(CID), 5)
        },
    );
    let (follower, name) = (scene.start(), name_of(&key));
    let all = (0..20).map(|_| follower.follow(&name));
    for target in futures_util::future::join_all(all).await {
        assert_eq!(target.unwrap().fresh_for, Duration::ZERO);
    }
    let asked = || scene.fakes[0].asked.load(Ordering::SeqCst);
    assert_eq!(asked(), 1);
    advance(Duration::from_secs(6)).await;
    follower.follow(&name).await.unwrap();
    assert_eq!(asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_says_nothing_holds_nobody_up() {
    let key = Keypair::generate_ed25519();
    let dead = Fake {
        delay: Duration::from_secs(3600),
        ..Fake::default()
    };
    let scene = Scene::of(vec![dead, Fake::default()]);
    let started = Instant::now();
    let got = scene.start().follow(&name_of(&key)).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    assert!(started.elapsed() <= Duration::from_secs(11));
    scene.fakes[1].put(&key, &Says::new(&ipfs(CID), 5));
    let started = Instant::now();
    scene.start().follow(&name_of(&key)).await.unwrap();
    assert!(started.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn names_lead_through_names_and_paths_add_up() {
    let key = Keypair::generate_ed25519();
    let scene = Scene::of(vec![Fake::default()]);
    scene.zone("_dnslink.a.example", "/ipns/b.example/inner");
    scene.zone("b.example", &format!("/ipns/{}/outer", name_of(&key)));
    scene.fakes[0].put(&key, &Says::new(&format!("/ipfs/{CID}/root"), 1));
    let follower = scene.start();
    let name = Name::parse("a.example").unwrap();
    let target = follower.follow(&name).await.unwrap();
    assert_eq!(target.cid.to_string(), CID);
    assert_eq!(target.path, ["root", "outer", "inner"]);
    // The shortest life on the way counts.
    assert!(target.fresh_for <= Duration::from_secs(60));
    assert_eq!(follower.at_hand(&name), Some(target));
    let asked = ["_dnslink.a.example", "_dnslink.b.example", "b.example"];
    assert_eq!(*scene.zone.1.lock().unwrap(), asked);
}

#[tokio::test(start_paused = true)]
async fn names_in_a_circle_end() {
    let scene = Scene::default();
    scene.zone("_dnslink.a.example", "/ipns/b.example");
    scene.zone("_dnslink.b.example", "/ipns/a.example");
    let got = scene
        .start()
        .follow(&Name::parse("a.example").unwrap())
        .await;
    assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_leads_nowhere_or_cannot_be_looked_up_is_told() {
    let scene = Scene::default();
    let name = Name::parse("a.example").unwrap();
    let got = scene.start().follow(&name).await;
    assert!(matches!(got, Err(Error::Unavailable { .. })), "{got:?}");
    scene.zone("_dnslink.b.example", &ipfs(CID));
    let got = scene.start().follow(&name).await;
    assert!(matches!(got, Err(Error::NotFound { .. })), "{got:?}");
    // What was found once is used while nobody answers, for a day.
    let (follower, name) = (scene.start(), Name::parse("b.example").unwrap());
    follower.follow(&name).await.unwrap();
    scene.zone.0.lock().unwrap().clear();
    advance(Duration::from_secs(3600)).await;
    let target = follower.follow(&name).await.unwrap();
    assert!(target.fresh_for <= Duration::from_secs(60));
    advance(Duration::from_secs(24 * 3600)).await;
    assert!(follower.follow(&name).await.is_err());
}
