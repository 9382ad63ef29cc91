//! Gateways against a web server on this machine that answers well and badly.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use futures_util::future::join_all;
use libp2p_identity::Keypair;
use tokio::time::{Instant, sleep, timeout};
use universal_p2p_core::{Backend, Error, Hints, Node};

use super::{Gateway, GatewaySettings};
use crate::{
    Block, BlockSource, Ipfs, Part, Records, Settings, Sources, Urgency,
    testing::{
        Memory, car,
        ipns::{Says, name_of},
        raw, want,
        web::{Reply, Web},
    },
    unixfs::tests::trees::{content, read, scene},
};

const RAW: &str = "application/vnd.ipld.raw";
const CAR: &str = "application/vnd.ipld.car; version=1";

fn gateway(url: &str) -> Arc<Gateway> {
    let settings = GatewaySettings {
        gateways: vec![url.to_owned()],
        is_loopback_only: true,
    };
    Gateway::all(&settings).unwrap().remove(0)
}

/// The CID that a request names.
fn asked_for(head: &str) -> Option<Cid> {
    let path = head.strip_prefix("GET /ipfs/")?;
    Cid::try_from(path.split(['?', ' ']).next()?).ok()
}

/// Serves these blocks.
fn serve(blocks: &[Block]) -> impl Fn(&str) -> Reply + Send + Sync + 'static {
    let blocks: HashMap<Cid, Bytes> = (blocks.iter())
        .map(|block| (*block.cid(), block.bytes().clone()))
        .collect();
    move |head| match asked_for(head).and_then(|cid| blocks.get(&cid)) {
        Some(bytes) => Reply::ok(RAW, bytes.to_vec()),
        None => Reply::status(404, ""),
    }
}

#[tokio::test]
async fn a_block_is_asked_for_as_the_specification_says() {
    let (cid, block) = raw(b"hello");
    let web = Web::start(serve(std::slice::from_ref(&block))).await;
    let got = gateway(&web.url())
        .get(&cid, &want(cid, Urgency::Now))
        .await;
    assert_eq!(got.unwrap(), block);
    let head = web.asked().remove(0);
    assert!(
        head.starts_with(&format!("GET /ipfs/{cid}?format=raw HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains("accept: application/vnd.ipld.raw\r\n"),
        "{head}"
    );
    assert!(!head.contains("accept-encoding"), "{head}");
}

#[tokio::test]
async fn other_bytes_are_no_block() {
    let (cid, _) = raw(b"hello");
    let web = Web::start(|_| Reply::ok(RAW, b"hellp")).await;
    let got = gateway(&web.url())
        .get(&cid, &want(cid, Urgency::Now))
        .await;
    assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
}

#[tokio::test]
async fn a_body_without_end_is_left() {
    let (cid, _) = raw(b"hello");
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let endless = "HTTP/1.1 200 OK\r\n\r\n";
    for head in [announced, endless] {
        let web = Web::start(move |_| Reply {
            head: head.to_owned(),
            body: vec![0; 4 << 20],
            ..Reply::default()
        });
        let got = gateway(&web.await.url())
            .get(&cid, &want(cid, Urgency::Now))
            .await;
        assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_no_block() {
    let (cid, _) = raw(b"hello");
    let web = Web::start(|_| Reply {
        head: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_owned(),
        body: b"hell".to_vec(),
        ..Reply::default()
    });
    let got = gateway(&web.await.url())
        .get(&cid, &want(cid, Urgency::Now))
        .await;
    assert!(matches!(got, Err(Error::Unavailable { .. })), "{got:?}");
}

#[tokio::test]
async fn statuses_have_their_errors() {
    let (cid, _) = raw(b"hello");
    for (status, headers) in [(404, ""), (410, ""), (451, ""), (504, "")] {
        let web = Web::start(move |_| Reply::status(status, headers)).await;
        let gateway = gateway(&web.url());
        for _ in 0..3 {
            let got = gateway.get(&cid, &want(cid, Urgency::Now)).await;
            assert!(
                matches!(got, Err(Error::NoPeers { .. })),
                "{status} {got:?}"
            );
        }
        assert_eq!(web.asked().len(), 3, "it is well");
    }
    for status in [400, 403, 406, 501] {
        let web = Web::start(move |_| Reply::status(status, "")).await;
        let got = gateway(&web.url())
            .get(&cid, &want(cid, Urgency::Now))
            .await;
        assert!(
            matches!(got, Err(Error::Unavailable { .. })),
            "{status} {got:?}"
        );
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_well_is_left_alone() {
    let (cid, _) = raw(b"hello");
    for (status, headers, least) in [
        (500, "", Duration::ZERO),
        (429, "Retry-After: 7\r\n", Duration::from_secs(6)),
        (503, "Retry-After: 9\r\n", Duration::from_secs(8)),
    ] {
        let web = Web::start(move |_| Reply::status(status, headers)).await;
        let gateway = gateway(&web.url());
        assert!(gateway.get(&cid, &want(cid, Urgency::Now)).await.is_err());
        match gateway.get(&cid, &want(cid, Urgency::Now)).await {
            Err(Error::Busy { retry_after, .. }) => {
                assert!(retry_after >= least, "{retry_after:?}");
            }
            other => panic!("{status} {other:?}"),
        }
        assert_eq!(web.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_told_with_the_cure() {
    let (cid, _) = raw(b"hello");
    // A port that was free a moment ago.
    let url = Web::start(|_| Reply::default()).await.url();
    let gateway = gateway(&url);
    let error = gateway
        .get(&cid, &want(cid, Urgency::Now))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(
        text.contains(&url) && text.contains("[ipfs] gateways"),
        "{text}"
    );
}

#[tokio::test]
async fn redirects_lead_to_the_same_server_and_end() {
    let (cid, block) = raw(b"hello");
    let bytes = block.bytes().to_vec();
    let web = Web::start(move |head| {
        if head.contains("/elsewhere") {
            Reply::ok(RAW, bytes.clone())
        } else {
            Reply::status(302, "Location: /elsewhere\r\n")
        }
    });
    let web = web.await;
    let got = gateway(&web.url())
        .get(&cid, &want(cid, Urgency::Now))
        .await;
    assert_eq!(got.unwrap(), block);
    let other = Web::start(|_| Reply::default()).await;
    for to in [
        other.url(),
        "http://localhost/".into(),
        "/ipfs/again".into(),
    ] {
        let headers = format!("Location: {to}\r\n");
        let web = Web::start(move |_| Reply::status(302, &headers)).await;
        let got = gateway(&web.url())
            .get(&cid, &want(cid, Urgency::Now))
            .await;
        assert!(matches!(got, Err(Error::Unavailable { .. })), "{got:?}");
        assert!(web.asked().len() <= 4, "{}", web.asked().len());
    }
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn requests_at_a_time_are_bounded() {
    let blocks: Vec<_> = (0..60_u8).map(|at| raw(&[at; 100]).1).collect();
    let answer = serve(&blocks);
    let web = Web::start(move |head| Reply {
        delay: Duration::from_millis(20),
        ..answer(head)
    });
    let (web, gateway) = {
        let web = web.await;
        let gateway = gateway(&web.url());
        (web, gateway)
    };
    let gets = blocks.iter().map(|block| {
        let gateway = Arc::clone(&gateway);
        async move {
            gateway
                .get(block.cid(), &want(*block.cid(), Urgency::Soon))
                .await
        }
    });
    for (got, block) in join_all(gets).await.into_iter().zip(&blocks) {
        assert_eq!(got.as_ref().unwrap(), block);
    }
    let most = web.most_at_work.load(Ordering::SeqCst);
    assert!((2..=12).contains(&most), "{most}");
}

#[tokio::test]
async fn what_nobody_waits_for_is_taken_back() {
    let (cid, _) = raw(b"hello");
    let web = Web::start(|_| Reply {
        delay: Duration::from_secs(60),
        ..Reply::status(404, "")
    });
    let web = web.await;
    let gateway = gateway(&web.url());
    for _ in 0..40 {
        let want = want(cid, Urgency::Now);
        let left = timeout(Duration::from_millis(30), gateway.get(&cid, &want)).await;
        assert!(left.is_err());
    }
    // None of them holds a turn any more.
    assert_eq!(web.asked().len(), 40);
}

/// A file of raw blocks of 64 KiB each; only its order matters here.
fn blocks_of_a_file(count: usize) -> Vec<Block> {
    (0..count).map(|at| raw(&[at as u8; 65_536]).1).collect()
}

fn part(file: Cid, number: usize, count: usize) -> Option<Part> {
    let start = number as u64 * 65_536;
    Some(Part {
        file,
        bytes: start..start + 65_536,
        upto: count as u64 * 65_536,
    })
}

async fn read_all(gateway: &Arc<Gateway>, file: Cid, blocks: &[Block]) {
    let gets = blocks.iter().enumerate().map(|(number, block)| {
        let gateway = Arc::clone(gateway);
        let mut want = want(file, Urgency::Soon);
        want.part = part(file, number, blocks.len());
        async move { gateway.get(block.cid(), &want).await }
    });
    for (got, block) in join_all(gets).await.into_iter().zip(blocks) {
        assert_eq!(got.as_ref().unwrap(), block);
    }
}

#[tokio::test]
async fn a_stretch_comes_in_one_answer() {
    let (file, _) = raw(b"the file");
    let blocks = blocks_of_a_file(64);
    let archive = car(&blocks);
    let web = Web::start(move |_| Reply {
        step: 100_000,
        ..Reply::ok(CAR, archive.clone())
    });
    let web = web.await;
    let gateway = gateway(&web.url());
    read_all(&gateway, file, &blocks).await;
    let asked = web.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let query = "?format=car&dag-scope=entity&entity-bytes=0%3A4194303 HTTP";
    assert!(
        asked[0].starts_with(&format!("GET /ipfs/{file}{query}")),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("accept: application/vnd.ipld.car; version=1"),
        "{}",
        asked[0]
    );
}

#[tokio::test]
async fn what_an_archive_lacks_is_asked_for_by_itself() {
    let (file, _) = raw(b"the file");
    let blocks = blocks_of_a_file(32);
    let mut wrong = car(&blocks[..20]);
    *wrong.last_mut().unwrap() ^= 1;
    let cut = car(&blocks)[..900_000].to_vec();
    for (answer, least, archives) in [
        (Reply::ok(CAR, wrong), 13, 1),
        (Reply::ok(CAR, cut), 18, 1),
        (Reply::ok("text/html", b"<p>no".to_vec()), 32, 1),
        (Reply::status(404, ""), 32, 8),
        (Reply::status(400, ""), 32, 1),
    ] {
        let one_by_one = serve(&blocks);
        let web = Web::start(move |head| {
            if head.contains("format=car") {
                answer.clone()
            } else {
                one_by_one(head)
            }
        });
        let web = web.await;
        let gateway = gateway(&web.url());
        // An archive that lies is a failure, after which the gateway has a short rest.
        for (number, block) in blocks.iter().enumerate() {
            let mut want = want(file, Urgency::Now);
            want.part = part(file, number, blocks.len());
            let mut got = gateway.get(block.cid(), &want).await;
            if matches!(got, Err(Error::Busy { .. })) {
                sleep(Duration::from_millis(600)).await;
                got = gateway.get(block.cid(), &want).await;
            }
            assert_eq!(&got.unwrap(), block);
        }
        let asked = web.asked();
        let cars = asked
            .iter()
            .filter(|head| head.contains("format=car"))
            .count();
        assert!(asked.len() - cars >= least, "{}", asked.len());
        assert!(cars <= archives.max(1) * 4, "{cars}");
    }
}

#[tokio::test]
async fn a_stretch_that_is_left_ends() {
    let (file, _) = raw(b"the file");
    let blocks = blocks_of_a_file(64);
    let archive = car(&blocks);
    let web = Web::start(move |_| Reply {
        step: 70_000,
        delay: Duration::from_millis(300),
        ..Reply::ok(CAR, archive.clone())
    });
    let web = web.await;
    let gateway = gateway(&web.url());
    let mut want = want(file, Urgency::Now);
    want.part = part(file, 0, 64);
    gateway.get(blocks[0].cid(), &want).await.unwrap();
    assert_eq!(gateway.stretches.count(), 1);
    let left = Instant::now();
    while gateway.stretches.count() > 0 {
        assert!(left.elapsed() < Duration::from_secs(30), "it goes on");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn short_reads_need_no_archive() {
    let blocks = blocks_of_a_file(4);
    let web = Web::start(serve(&blocks)).await;
    let gateway = gateway(&web.url());
    read_all(&gateway, *blocks[0].cid(), &blocks).await;
    assert!(web.asked().iter().all(|head| head.contains("format=raw")));
}

#[tokio::test]
async fn records_of_names_are_asked_for_as_the_specification_says() {
    let key = Keypair::generate_ed25519();
    let (name, record) = (name_of(&key), Says::new("/ipfs/bafkqaaa", 1).by(&key));
    let sent = record.clone();
    let web = Web::start(move |_| Reply::ok("application/vnd.ipfs.ipns-record", sent.clone()));
    let web = web.await;
    let got = gateway(&web.url())
        .records(&name, Duration::from_secs(5))
        .await;
    assert_eq!(got.unwrap(), [record]);
    let head = web.asked().remove(0);
    assert!(
        head.starts_with(&format!("GET /ipns/{name}?format=ipns-record HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains("accept: application/vnd.ipfs.ipns-record\r\n"),
        "{head}"
    );
    let long = Web::start(|_| Reply::ok("text/plain", vec![0; 20_000])).await;
    let got = gateway(&long.url())
        .records(&name, Duration::from_secs(5))
        .await;
    assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
}

/// Reads the range of a file that a request for an archive names, with the last byte.
fn asked_bytes(head: &str) -> Option<std::ops::Range<u64>> {
    let bytes = head.split("entity-bytes=").nth(1)?.split(' ').next()?;
    let (from, to) = bytes.split_once("%3A")?;
    Some(from.parse().ok()?..to.parse::<u64>().ok()? + 1)
}

#[tokio::test]
async fn a_file_that_is_read_in_order_comes_in_few_answers() {
    const CHUNK: usize = 65_536;
    // The tree is built with a fake source, and served as a gateway does.
    let model = scene();
    let content = content(20 << 20);
    let cids = model.add(&content, CHUNK, 174, true);
    let root = *cids.last().unwrap();
    let blocks: HashMap<Cid, Block> = (model.fake.blocks.lock().unwrap().iter())
        .flat_map(|(hash, bytes)| {
            let cid = cids.iter().find(|cid| cid.hash() == hash)?;
            Some((*cid, Block::check(*cid, bytes.clone()).unwrap()))
        })
        .collect();
    let (leaves, nodes): (Vec<_>, Vec<_>) =
        (0..cids.len()).partition(|at| cids[*at].codec() == 0x55);
    let all: Vec<Block> = blocks.values().cloned().collect();
    let by_itself = serve(&all);
    let web = Web::start(move |head| {
        let Some(range) = asked_bytes(head) else {
            return by_itself(head);
        };
        // The root and what lies below it first, then the leaves of the range.
        let leaves = leaves.iter().enumerate().filter(|(number, _)| {
            let start = (number * CHUNK) as u64;
            start < range.end && start + CHUNK as u64 > range.start
        });
        let order = nodes.iter().rev().chain(leaves.map(|(_, at)| at));
        let order: Vec<_> = order.map(|at| blocks[&cids[*at]].clone()).collect();
        Reply::ok(CAR, car(&order))
    });
    let web = web.await;
    let local = Arc::new(Memory::default());
    let sources = Sources::new(local, vec![gateway(&web.url()) as Arc<dyn BlockSource>]);
    let ipfs = Ipfs::new(
        Arc::new(sources),
        Settings {
            metadata: Duration::from_secs(20),
        },
    );
    let id = crate::canonical(&root.to_string()).unwrap();
    let Node::File(file) = ipfs.resolve(&id, &Hints::default()).await.unwrap() else {
        panic!("no file");
    };
    let got = read(&file, 1_000_000..content.len() as u64).await.unwrap();
    assert!(got == content[1_000_000..], "other bytes");
    let asked = web.asked();
    let cars = asked
        .iter()
        .filter(|head| head.contains("format=car"))
        .count();
    // 320 leaves: five stretches, and a few blocks at their ends.
    assert!((4..=8).contains(&cars), "{cars}");
    assert!(asked.len() < 40, "{}", asked.len());
}
