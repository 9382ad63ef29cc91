//! Single flight, order and hedging, on a clock that tests turn.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use universal_p2p_core::Error;

use super::Sources;
use crate::{
    BlockSource, Local, Urgency,
    testing::{Fake, Memory, raw, want},
};

const MS: Duration = Duration::from_millis(1);

struct Scene {
    sources: Sources,
    local: Arc<Memory>,
    fakes: Vec<Arc<Fake>>,
}

fn scene(fakes: Vec<Fake>) -> Scene {
    let local = Arc::new(Memory::default());
    let fakes: Vec<_> = fakes.into_iter().map(Arc::new).collect();
    let chain = fakes
        .iter()
        .map(|fake| Arc::clone(fake) as Arc<dyn BlockSource>);
    Scene {
        sources: Sources::new(Arc::clone(&local) as Arc<dyn Local>, chain.collect()),
        local,
        fakes,
    }
}

#[tokio::test(start_paused = true)]
async fn many_wants_are_one_fetch() {
    let scene = scene(vec![Fake::slow(MS * 100)]);
    let (cid, block) = raw(b"hello");
    scene.fakes[0].put(&cid, block.bytes().clone());
    let want = want(cid, Urgency::Now);
    let gets = (0..50).map(|_| scene.sources.get(&cid, &want));
    for got in join_all(gets).await {
        assert_eq!(got.unwrap(), block);
    }
    assert_eq!(scene.fakes[0].asked().len(), 1);
    assert_eq!(scene.sources.flights.count(), 0);
    // It is on disk now.
    assert_eq!(scene.local.count(), 1);
    scene.sources.get(&cid, &want).await.unwrap();
    assert_eq!(scene.fakes[0].asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_source_keeps_is_not_kept_twice() {
    let keeper = Fake {
        keeps: true,
        ..Fake::default()
    };
    let scene = scene(vec![keeper, Fake::default()]);
    let (cid, block) = raw(b"hello");
    scene.fakes[0].put(&cid, block.bytes().clone());
    let want = want(cid, Urgency::Now);
    for _ in 0..2 {
        assert_eq!(scene.sources.get(&cid, &want).await.unwrap(), block);
    }
    assert_eq!((scene.fakes[0].asked().len(), scene.local.count()), (2, 0));
    // From another source the same block is kept.
    scene.fakes[0].remove(&cid);
    scene.fakes[1].put(&cid, block.bytes().clone());
    scene.sources.get(&cid, &want).await.unwrap();
    assert_eq!(scene.local.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_ends_when_nobody_waits() {
    let scene = scene(vec![Fake::slow(MS * 1000)]);
    let (cid, _) = raw(b"hello");
    let want = want(cid, Urgency::Now);
    let left = timeout(MS * 10, scene.sources.get(&cid, &want)).await;
    assert!(left.is_err());
    assert_eq!(
        scene.fakes[0]
            .at_work
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    assert_eq!(scene.sources.flights.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_rests_a_moment_is_asked_again_where_nobody_else_has_it() {
    for (rest, is_there, asked) in [(3, true, 2), (3, false, 2), (60, true, 1)] {
        let resting = Fake {
            rest: MS * 1000 * rest,
            ..Fake::default()
        };
        let scene = scene(vec![resting, Fake::default()]);
        let (cid, block) = raw(b"hello");
        if is_there {
            scene.fakes[0].put(&cid, block.bytes().clone());
        }
        let started = Instant::now();
        let got = scene.sources.get(&cid, &want(cid, Urgency::Now)).await;
        assert_eq!(got.is_ok(), is_there && asked == 2, "{got:?}");
        assert_eq!(scene.fakes[0].asked().len(), asked);
        let waited = if asked == 2 { rest } else { 0 };
        assert_eq!(started.elapsed().as_secs(), u64::from(waited));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_overtaken() {
    let scene = scene(vec![Fake::slow(MS * 20_000), Fake::slow(MS * 10)]);
    let (cid, block) = raw(b"hello");
    for fake in &scene.fakes {
        fake.put(&cid, block.bytes().clone());
    }
    let started = Instant::now();
    scene
        .sources
        .get(&cid, &want(cid, Urgency::Now))
        .await
        .unwrap();
    let took = started.elapsed();
    assert!((MS * 300..MS * 330).contains(&took), "{took:?}");
    assert_eq!(
        scene.fakes[0]
            .at_work
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_it_not_makes_room_at_once() {
    let scene = scene(vec![Fake::default(), Fake::default()]);
    let (cid, block) = raw(b"hello");
    scene.fakes[1].put(&cid, block.bytes().clone());
    let started = Instant::now();
    scene
        .sources
        .get(&cid, &want(cid, Urgency::Now))
        .await
        .unwrap();
    assert!(started.elapsed() < MS * 10);
}

#[tokio::test(start_paused = true)]
async fn wrong_blocks_are_not_taken_and_make_a_source_last() {
    let liar = Fake {
        is_liar: true,
        ..Fake::default()
    };
    let scene = scene(vec![liar, Fake::default()]);
    for number in 0..5_u8 {
        let (cid, block) = raw(&[number; 9]);
        for fake in &scene.fakes {
            fake.put(&cid, block.bytes().clone());
        }
        let got = scene.sources.get(&cid, &want(cid, Urgency::Now)).await;
        assert_eq!(got.unwrap(), block);
    }
    assert_eq!(
        scene.fakes[0].asked().len(),
        3,
        "it is not asked first for ever"
    );
    let (cid, block) = raw(b"only the liar has it");
    scene.fakes[0].put(&cid, block.bytes().clone());
    let got = scene.sources.get(&cid, &want(cid, Urgency::Now)).await;
    assert!(matches!(got, Err(Error::Corrupt { .. })), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_has_it_is_said_in_time() {
    let scene = scene(vec![Fake::slow(MS * 3_600_000)]);
    let (cid, _) = raw(b"hello");
    let started = Instant::now();
    let got = scene.sources.get(&cid, &want(cid, Urgency::Now)).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_hurries_a_fetch_begun_for_later() {
    let scene = scene(vec![Fake::slow(MS * 100)]);
    let (cid, block) = raw(b"hello");
    scene.fakes[0].put(&cid, block.bytes().clone());
    let (soon, now) = (want(cid, Urgency::Soon), want(cid, Urgency::Now));
    let both = (
        scene.sources.get(&cid, &soon),
        scene.sources.get(&cid, &now),
    );
    let (soon, now) = tokio::join!(both.0, both.1);
    assert!(soon.is_ok() && now.is_ok());
    assert!(scene.fakes[0].hurried.lock().unwrap().contains(&cid));
    assert_eq!(scene.fakes[0].asked().len(), 1);
}
