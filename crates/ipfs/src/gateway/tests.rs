//! Gateways against a web server on this machine that answers well and badly.

mod stretches;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use futures_util::future::join_all;
use libp2p_identity::Keypair;
use tokio::time::timeout;
use universal_p2p_core::Error;

use super::{Gateway, GatewaySettings};
use crate::{
    Block, BlockSource, Records, Urgency,
    testing::{
        ipns::{Says, name_of},
        raw, want,
        web::{Reply, Web},
    },
};

const RAW: &str = "application/vnd.ipld.raw";

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
                matches!(got, Err(Error::NoProviders { .. })),
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
