//! Blocks whose hash is right and whose sizes are not: an error, never a body too short or too long.

use universal_p2p_core::{Error, Result};

use super::trees::{pb, scene};

fn is_corrupt<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Corrupt { .. }))
}

#[tokio::test(start_paused = true)]
async fn parts_of_other_lengths_are_refused() {
    let scene = scene();
    let (four, six) = (
        scene.put(0x55, b"four".to_vec()),
        scene.put(0x55, b"sixsix".to_vec()),
    );
    for (lied, order) in [(5, [four, six]), (7, [six, four]), (3, [four, six])] {
        let true_length = if order[0] == four { 6 } else { 4 };
        let parts = [(order[0], lied), (order[1], true_length)];
        let root = scene.node(b"", &parts, lied + true_length);
        for _ in 0..2 {
            // First from elsewhere, then from disk.
            let got = scene.read(&root, 0..lied + true_length).await;
            assert!(is_corrupt(&got), "{lied}: {got:?}");
        }
        let beside = scene.read(&root, lied..lied + true_length).await;
        assert!(beside.is_ok(), "what is not a lie is read: {beside:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn sums_that_do_not_add_up_are_refused() {
    let scene = scene();
    let leaf = scene.put(0x55, b"four".to_vec());
    let huge = [(leaf, u64::MAX), (leaf, u64::MAX)];
    for root in [
        scene.node(b"", &[(leaf, 4)], 5),
        scene.node(b"own", &[(leaf, 4)], 4),
        scene.node(b"own", &[], 4),
        scene.node(b"", &huge, u64::MAX.wrapping_mul(2)),
        scene.put(0x70, pb(&[8, 2, 24, 4], &[("", leaf, 4)])),
        scene.put(0x70, b"\x0a\xff".to_vec()),
    ] {
        assert!(is_corrupt(&scene.file(&root).await), "{root}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_inside_that_lies_or_is_none_is_refused() {
    let scene = scene();
    let leaf = scene.put(0x55, b"four".to_vec());
    let inner = scene.node(b"", &[(leaf, 4)], 4);
    let dir = scene.put(0x70, pb(&[8, 1], &[]));
    for (part, size) in [(inner, 5), (inner, 3), (dir, 4)] {
        let root = scene.node(b"", &[(part, size)], size);
        assert!(is_corrupt(&scene.read(&root, 0..size).await), "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_without_end_in_depth_is_refused() {
    let scene = scene();
    let mut part = scene.put(0x55, b"four".to_vec());
    for _ in 0..20 {
        part = scene.node(b"", &[(part, 4)], 4);
    }
    assert_eq!(scene.read(&part, 1..3).await.unwrap(), b"ou");
    for _ in 0..20 {
        part = scene.node(b"", &[(part, 4)], 4);
    }
    assert!(is_corrupt(&scene.read(&part, 0..4).await));
}

#[tokio::test(start_paused = true)]
async fn a_node_of_very_many_parts_is_read_in_steps() {
    let scene = scene();
    let bytes = [
        scene.put(0x55, b"a".to_vec()),
        scene.put(0x55, b"b".to_vec()),
    ];
    let parts: Vec<_> = (0..9000).map(|at| (bytes[at % 2], 1)).collect();
    let inner = scene.node(b"x", &parts, 9001);
    let root = scene.node(b"", &[(inner, 9001)], 9001);
    let want = format!("x{}", "ab".repeat(4500));
    assert_eq!(scene.read(&root, 0..9001).await.unwrap(), want.as_bytes());
    assert_eq!(
        scene.read(&root, 8990..9001).await.unwrap(),
        &want.as_bytes()[8990..]
    );
}
