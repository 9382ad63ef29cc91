//! Any range of any tree has the right bytes, and asks for no other blocks.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::TryStreamExt;
use proptest::prelude::*;
use universal_p2p_core::{Priority, ReadCx};

use super::trees::{content, read, scene, scene_of};
use crate::testing::Fake;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_range_has_the_right_bytes(
        length in 0_usize..60_000,
        chunk in 1_usize..5_000,
        fan in 2_usize..9,
        is_raw: bool,
        cuts in proptest::collection::vec((0_u64..60_000, 0_u64..60_000), 1..5),
    ) {
        let (chunk, content) = (chunk.max(length / 400 + 1), content(length));
        let scene = scene();
        let root = *scene.add(&content, chunk, fan, is_raw).last().unwrap();
        block_on(async {
            for (a, b) in cuts {
                let (a, b) = (a.min(length as u64), b.min(length as u64));
                let range = a.min(b)..a.max(b);
                let want = &content[range.start as usize..range.end as usize];
                // Once from elsewhere, then from disk, as far as it is there.
                assert_eq!(scene.read(&root, range.clone()).await.unwrap(), want);
                let asked = scene.fake.asked().len();
                assert_eq!(scene.read(&root, range).await.unwrap(), want);
                assert_eq!(scene.fake.asked().len(), asked);
                // What is said to be there is there, and what was read is among it.
                let held = scene.file(&root).await.unwrap().held().await.unwrap();
                let is_there = |at: u64| held.iter().any(|part| part.contains(&at));
                assert!((a.min(b)..a.max(b)).all(is_there), "{held:?}");
                assert!(held.is_sorted_by(|one, next| one.end < next.start), "{held:?}");
                for part in held {
                    let want = &content[part.start as usize..part.end as usize];
                    assert_eq!(scene.read(&root, part).await.unwrap(), want);
                }
                assert_eq!(scene.fake.asked().len(), asked, "it was not there");
            }
        });
    }

    /// Trees of no regular form: bytes in inner nodes, parts of any size and depth, empty parts.
    #[test]
    fn odd_trees_have_the_right_bytes(sizes in proptest::collection::vec(0_usize..900, 1..40), a: u16, b: u16) {
        let scene = scene();
        let whole = content(sizes.iter().sum());
        let mut rest = whole.as_slice();
        let mut open: Vec<(cid::Cid, u64)> = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let (own, left) = rest.split_at(*size);
            rest = left;
            // Every third part gathers what stands before it, below a node of the first bytes.
            if number % 3 == 2 {
                let leaf = scene.node(own, &[], own.len() as u64);
                open.push((leaf, own.len() as u64));
                let length = open.iter().map(|(_, size)| size).sum();
                let node = scene.node(&[], &open, length);
                open = vec![(node, length)];
            } else {
                open.push((scene.put(0x55, own.to_vec()), own.len() as u64));
            }
        }
        let length = whole.len() as u64;
        let root = scene.node(&[], &open, length);
        let (a, b) = (u64::from(a) % (length + 1), u64::from(b) % (length + 1));
        let range = a.min(b)..a.max(b);
        let got = block_on(scene.read(&root, range.clone())).unwrap();
        assert_eq!(got, &whole[range.start as usize..range.end as usize]);
    }

    #[test]
    fn no_block_is_the_end_of_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let scene = scene();
        let cid = scene.put(0x70, bytes);
        let _ = block_on(scene.open(&cid));
    }
}

#[tokio::test(start_paused = true)]
async fn own_bytes_of_a_node_come_before_its_parts() {
    let scene = scene();
    let leaf = scene.put(0x55, b"world".to_vec());
    let root = scene.node(b"hello ", &[(leaf, 5)], 11);
    assert_eq!(scene.read(&root, 0..11).await.unwrap(), b"hello world");
    assert_eq!(scene.read(&root, 4..8).await.unwrap(), b"o wo");
    assert_eq!(scene.read(&root, 7..9).await.unwrap(), b"or");
}

#[tokio::test(start_paused = true)]
async fn a_range_needs_no_block_outside_it() {
    let scene = scene();
    let content = content(1_000_000);
    let cids = scene.add(&content, 10_000, 10, true);
    let root = *cids.last().unwrap();
    let leaf = |at: usize| scene.put(0x55, content[at..at + 10_000].to_vec());
    let wanted = [leaf(500_000), leaf(510_000)];
    for cid in cids
        .iter()
        .filter(|cid| cid.codec() == 0x55 && !wanted.contains(cid))
    {
        scene.fake.remove(cid);
    }
    let got = scene.read(&root, 505_000..515_000).await.unwrap();
    assert_eq!(got, &content[505_000..515_000]);
    // Two nodes above, two leaves, nothing else.
    assert_eq!(scene.fake.asked().len(), 2 + wanted.len());
    assert!(scene.read(&root, 505_000..521_000).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_window_runs_ahead_and_ends_with_its_reader() {
    let scene = scene_of(Fake::slow(Duration::from_millis(20)));
    let content = content(40 << 20);
    let cids = scene.add(&content, 256 << 10, 174, true);
    let file = scene.file(cids.last().unwrap()).await.unwrap();
    let cx = ReadCx {
        first_byte: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        priority: Priority::Interactive,
    };
    let mut stream = file.open(0..content.len() as u64, &cx).await.unwrap();
    // The reach is 2 MiB at first: not all of it is fetched for one who reads little.
    stream.try_next().await.unwrap();
    assert!(
        scene.fake.asked().len() < 16,
        "{}",
        scene.fake.asked().len()
    );
    let mut got = 0;
    while got < 20 << 20 {
        got += stream.try_next().await.unwrap().unwrap().len();
    }
    assert!(scene.fake.most_at_work.load(Ordering::SeqCst) >= 32);
    drop(stream);
    assert_eq!(scene.fake.at_work.load(Ordering::SeqCst), 0);
    let asked = scene.fake.asked().len();
    let seek = 39 << 20;
    let end = read(&file, seek..seek + 1000).await.unwrap();
    assert_eq!(end, &content[seek as usize..seek as usize + 1000]);
    assert_eq!(scene.fake.asked().len(), asked + 1);
    scene.local.forget();
    assert_eq!(read(&file, 0..content.len() as u64).await.unwrap(), content);
}
