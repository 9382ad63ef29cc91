//! Peers that lie, fall silent, vanish, or want too much.

use super::{
    wild::{Wild, block, entries, is_closed, say},
    *,
};

/// How long a stream is watched for its end, once and at the most.
const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_liar_is_left_and_others_are_asked() {
    let shelf = Arc::new(Shelf::default());
    let (mut wild, honest) = (Wild::start().await, node(&shelf, &[]).await);
    let cid = shelf.put(b"the truth");
    let taker = node(&Arc::default(), std::slice::from_ref(&wild.address)).await;
    let mut stream = wild.heard().await;
    let want = within(cid, Duration::from_secs(30));
    let lie = async {
        asked(&mut stream).await;
        // Not before: it would be quicker than a liar on a busy machine.
        let honest = address(&honest, "tcp").to_string();
        taker.hint(&cid, [honest.as_str()]);
        let mut out = wild.stream().await;
        let mut lie = 0;
        // It claims the CID and has other bytes.
        while say(&mut out, &block(&cid, &[lie])).await && lie < 99 {
            lie += 1;
        }
        assert!(lie >= 2, "lie {lie} was one too many");
        let left = timeout(Duration::from_secs(10), async {
            while !entries(&mut stream).await.is_empty() {}
        });
        left.await.expect("the connection to a liar is closed");
    };
    let (got, ()) = tokio::join!(taker.get(&cid, &want), lie);
    assert_eq!(got.unwrap().bytes(), &Bytes::from_static(b"the truth"));
    // Not even to one that is configured or named it comes back soon.
    taker.hint(&cid, [wild.address.to_string().as_str()]);
    assert!(wild.is_left_alone(Duration::from_secs(3)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_liars_are_it_is_said_that_they_lie() {
    let mut wild = Wild::start().await;
    let taker = node(&Arc::default(), &[wild.address.clone()]).await;
    let (cid, _) = raw(b"the truth");
    let mut want = within(cid, Duration::from_secs(8));
    want.peers = Arc::new([wild.address.to_string()]);
    let lie = async {
        let mut stream = wild.heard().await;
        asked(&mut stream).await;
        let mut out = wild.stream().await;
        say(&mut out, &block(&cid, b"a lie")).await;
        stream
    };
    let (got, _stream) = tokio::join!(taker.get(&cid, &want), lie);
    assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_peer_is_overtaken_and_a_vanishing_one_replaced() {
    let shelf = Arc::new(Shelf::default());
    let (mut silent, mut vanishing) = (Wild::start().await, Wild::start().await);
    let honest = node(&shelf, &[]).await;
    let cid = shelf.put(b"late but true");
    let peers = [&silent.address, &vanishing.address];
    let taker = node(&Arc::default(), &peers.map(Clone::clone)).await;
    let mut streams = [silent.heard().await, vanishing.heard().await];
    let want = within(cid, Duration::from_secs(30));
    let claim = async {
        for (wild, stream) in [&mut silent, &mut vanishing].into_iter().zip(&mut streams) {
            asked(stream).await;
            let has = Message {
                presences: vec![(cid, true)],
                ..Message::default()
            };
            say(&mut wild.stream().await, &has).await;
        }
        drop(vanishing);
        sleep(Duration::from_millis(500)).await;
        let honest = address(&honest, "tcp").to_string();
        taker.hint(&cid, [honest.as_str()]);
    };
    let started = Instant::now();
    let (got, ()) = tokio::join!(taker.get(&cid, &want), claim);
    assert_eq!(got.unwrap().bytes(), &Bytes::from_static(b"late but true"));
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_is_made_anew() {
    let mut wild = Wild::start().await;
    let taker = node(&Arc::default(), &[]).await;
    let (cid, truth) = raw(b"after a while");
    let mut want = within(cid, Duration::from_secs(40));
    want.peers = Arc::new([wild.address.to_string()]);
    let answer = async {
        // Three times it says nothing, and on the next connection it answers.
        let mut dead = wild.heard().await;
        while !entries(&mut dead).await.is_empty() {}
        let mut stream = wild.heard().await;
        assert_eq!(asked(&mut stream).await.ask, Some(Ask::Block));
        say(&mut wild.stream().await, &block(&cid, truth.bytes())).await;
        stream
    };
    let (got, _stream) = tokio::join!(taker.get(&cid, &want), answer);
    assert_eq!(got.unwrap(), truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_streams_some_are_read_and_others_are_served_meanwhile() {
    let shelf = Arc::new(Shelf::default());
    let mut wild = Wild::start().await;
    let giver = node(&shelf, &[wild.address.clone()]).await;
    let _wants = wild.heard().await;
    wild.open(200);
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(wild.opened().await);
    }
    let mut left = 200;
    for _ in 0..20 {
        let closed = streams.iter_mut().map(|stream| is_closed(stream, SHORT));
        let closed = join_all(closed).await;
        left = closed.iter().filter(|closed| !**closed).count();
        if left <= 64 {
            break;
        }
    }
    assert_eq!(left, 64, "streams are left open");
    // The first is one of them, and is heard.
    let cid = shelf.put(b"for everybody");
    let ask = Message {
        entries: vec![Entry {
            cid,
            priority: 1,
            ask: Some(Ask::Block),
            denial: true,
        }],
        ..Message::default()
    };
    say(&mut streams[0], &ask).await;
    let mut answer = wild.heard().await;
    assert!(!is_closed(&mut answer, LONG).await);
    wild.open(1000);
    for _ in 0..3 {
        let taker = node(&Arc::default(), &[address(&giver, "tcp")]).await;
        let got = taker.get(&cid, &within(cid, Duration::from_secs(20))).await;
        assert_eq!(got.unwrap().bytes(), &Bytes::from_static(b"for everybody"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_costs_the_stream() {
    let mut wild = Wild::start().await;
    let _node = node(&Arc::default(), &[wild.address.clone()]).await;
    let _wants = wild.heard().await;
    // Five megabytes; two, of one who was asked for nothing; a length without end; no message.
    let wrong: [&[u8]; 4] = [
        &[0x80, 0x80, 0xc0, 0x02],
        &[0x80, 0x80, 0x80, 0x01],
        &[0xff; 8],
        &[0x03, 0xff, 0xff, 0xff],
    ];
    for bytes in wrong {
        let mut stream = wild.stream().await;
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        assert!(is_closed(&mut stream, LONG).await, "{bytes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_reads_nothing_takes_nothing_from_others() {
    let shelf = Arc::new(Shelf::default());
    let mut wild = Wild::start().await;
    let giver = node(&shelf, &[wild.address.clone()]).await;
    let _wants = wild.heard().await;
    let cids: Vec<Cid> = (0..32_u8)
        .map(|seed| shelf.put(&vec![seed; 1 << 20]))
        .collect();
    let entry = |cid: &Cid| Entry {
        cid: *cid,
        priority: 1,
        ask: Some(Ask::Block),
        denial: true,
    };
    let all = Message {
        entries: cids.iter().map(entry).collect(),
        ..Message::default()
    };
    say(&mut wild.stream().await, &all).await;
    let _unread = wild.heard().await;
    let taker = node(&Arc::default(), &[address(&giver, "tcp")]).await;
    let want = within(cids[0], Duration::from_secs(30));
    let gets = cids[..10].iter().map(|cid| taker.get(cid, &want));
    for got in join_all(gets).await {
        assert_eq!(got.unwrap().bytes().len(), 1 << 20);
    }
}
