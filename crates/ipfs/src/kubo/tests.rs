//! The source against a server that speaks the API as Kubo does, well and badly.

use std::{sync::Arc, time::Duration};

use cid::Cid;
use universal_p2p_core::Error;

use super::{Kubo, KuboSettings};
use crate::{
    BadSource, BlockSource, Sources, Urgency,
    testing::{
        Fake, Memory, raw, want,
        web::{Reply, Web},
    },
};

fn kubo(api: &str) -> Result<Arc<Kubo>, BadSource> {
    Kubo::new(&KuboSettings {
        api: api.to_owned(),
        is_loopback_only: true,
    })
}

/// How Kubo says that it has not got a block.
fn not_found() -> Reply {
    let text = r#"{"Message":"block was not found locally (offline): ipld: could not find bafy","Code":0,"Type":"error"}"#;
    let mut reply = Reply::ok("application/json", text);
    reply.head = reply.head.replace("200 OK", "500 Internal Server Error");
    reply
}

#[tokio::test]
async fn a_block_is_asked_for_as_the_api_says() {
    let (cid, block) = raw(b"hello");
    let bytes = block.bytes().to_vec();
    let web = Web::start(move |_| Reply::ok("application/vnd.ipld.raw", bytes.clone())).await;
    let kubo = kubo(&web.url()).unwrap();
    let got = kubo.get(&cid, &want(cid, Urgency::Now)).await;
    assert_eq!(got.unwrap(), block);
    // Kubo answers nothing but POST, against pages that browsers open.
    let start = format!("POST /api/v0/block/get?arg={cid} HTTP/1.1\r\n");
    assert!(web.asked()[0].starts_with(&start), "{:?}", web.asked());
    // A CID of version 0 is asked for as it is.
    let old = Cid::try_from("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG").unwrap();
    let got = kubo.get(&old, &want(old, Urgency::Soon)).await;
    assert!(
        matches!(got, Err(Error::Corrupt { .. })),
        "other bytes: {got:?}"
    );
    assert!(web.asked()[1].contains("arg=QmYwAP"));
}

#[tokio::test]
async fn what_a_daemon_has_not_got_makes_room_for_the_next_source() {
    let (cid, block) = raw(b"hello");
    let web = Web::start(|_| not_found()).await;
    let kubo = kubo(&web.url()).unwrap();
    let got = kubo.get(&cid, &want(cid, Urgency::Now)).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    let next = Arc::new(Fake::default());
    next.put(&cid, block.bytes().clone());
    let sources = Sources::new(Arc::new(Memory::default()), vec![kubo, next]);
    assert_eq!(
        sources.get(&cid, &want(cid, Urgency::Now)).await.unwrap(),
        block
    );
}

#[tokio::test]
async fn a_daemon_that_does_not_run_is_told_with_the_cure() {
    let (cid, block) = raw(b"hello");
    // A port that was free a moment ago.
    let url = Web::start(|_| Reply::default()).await.url();
    let kubo = kubo(&url).unwrap();
    let alone = Sources::new(
        Arc::new(Memory::default()),
        vec![Arc::clone(&kubo) as Arc<dyn BlockSource>],
    );
    let error = alone.get(&cid, &want(cid, Urgency::Now)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains(&url) && text.contains("ipfs daemon"),
        "{text}"
    );
    let next = Arc::new(Fake::default());
    next.put(&cid, block.bytes().clone());
    let sources = Sources::new(Arc::new(Memory::default()), vec![kubo, next]);
    assert_eq!(
        sources.get(&cid, &want(cid, Urgency::Now)).await.unwrap(),
        block
    );
}

#[tokio::test]
async fn nonsense_is_told_from_an_answer() {
    let (cid, _) = raw(b"hello");
    let not_kubo = Reply {
        head: Reply::ok("text/html", "<p>404")
            .head
            .replace("200 OK", "404 Not Found"),
        body: b"<p>404".to_vec(),
        ..Reply::default()
    };
    let endless = Reply {
        head: "HTTP/1.1 200 OK\r\n\r\n".into(),
        body: vec![0; 4 << 20],
        ..Reply::default()
    };
    let garbled = Reply {
        head: "SSH-2.0-OpenSSH\r\n\r\n".into(),
        ..Reply::default()
    };
    let mut lengthy = endless.clone();
    lengthy.head = "HTTP/1.1 500 X\r\n\r\n".into();
    for reply in [not_kubo, endless, garbled, lengthy] {
        let head = reply.head.clone();
        let web = Web::start(move |_| reply.clone()).await;
        let got = kubo(&web.url())
            .unwrap()
            .get(&cid, &want(cid, Urgency::Now))
            .await;
        assert!(matches!(got, Err(Error::Corrupt { .. })), "{head} {got:?}");
    }
}

#[tokio::test]
async fn a_daemon_that_wants_authorization_is_told_of() {
    let (cid, _) = raw(b"hello");
    let web = Web::start(|_| Reply::status(403, "")).await;
    let kubo = kubo(&web.url()).unwrap();
    let got = kubo.get(&cid, &want(cid, Urgency::Now)).await;
    let error = got.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("forbidden"), "{error}");
}

#[test]
fn a_daemon_on_this_machine_keeps_what_it_gives() {
    assert!(kubo("http://localhost:5001").unwrap().keeps());
    let there = KuboSettings {
        api: "http://192.168.0.5:5001".into(),
        is_loopback_only: false,
    };
    assert!(!Kubo::new(&there).unwrap().keeps());
}

#[tokio::test]
async fn a_daemon_that_searches_on_is_left_in_time() {
    let (cid, _) = raw(b"hello");
    let web = Web::start(|_| Reply {
        delay: Duration::from_secs(600),
        ..not_found()
    });
    let web = web.await;
    let mut want = want(cid, Urgency::Now);
    want.within = Duration::from_millis(100);
    let got = kubo(&web.url()).unwrap().get(&cid, &want).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
}

#[test]
fn only_addresses_of_an_api_are_taken() {
    for good in [
        "http://127.0.0.1:5001",
        "http://localhost:5001/",
        "http://[::1]:5001/api/v0",
    ] {
        assert!(kubo(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "127.0.0.1:5001",
        "https://127.0.0.1:5001",
        "http://127.0.0.1:5001/ipfs",
    ] {
        assert!(matches!(kubo(bad), Err(BadSource::Address { .. })), "{bad}");
    }
    for there in ["http://kubo.example:5001", "http://10.0.0.1:5001"] {
        assert!(
            matches!(kubo(there), Err(BadSource::Remote { .. })),
            "{there}"
        );
    }
}
