//! Stretches of files in one answer, and gateways that give none, or others.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cid::Cid;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use universal_p2p_core::{Backend, Error, Hints, Node};

use super::{gateway, serve};
use crate::{
    Block, BlockSource, Gateway, Ipfs, Part, Settings, Sources, Urgency,
    testing::{
        Memory, car, raw, want,
        web::{Reply, Web},
    },
    unixfs::tests::trees::{content, read, scene},
};

const CAR: &str = "application/vnd.ipld.car; version=1";

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
            metadata: Duration::from_secs(20).into(),
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
