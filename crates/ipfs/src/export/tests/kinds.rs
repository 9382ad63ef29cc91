//! Archives of the same blocks in other kinds.

use cid::Cid;
use futures_util::TryStreamExt;
use universal_p2p_core::{Hints, Scope};

use super::{cx, ipfs};
use crate::{
    Extent,
    gateway::car::Car,
    unixfs::tests::trees::{pb, scene},
};

#[test]
fn the_head_of_an_archive_of_a_short_root_is_strict() {
    let cid = Cid::try_from("bafkqaaa").unwrap();
    let head = super::super::head(&cid);
    assert_eq!(head[1..].iter().position(|byte| *byte == 0x45), Some(10));
}

#[tokio::test(start_paused = true)]
async fn blocks_come_again_where_that_is_wanted_and_inline_ones_never() {
    let scene = scene();
    let leaf = scene.put(0x55, b"leaf".to_vec());
    let inline = Cid::try_from("bafkqabtimvwgy3yk").unwrap();
    let root = scene.put(
        0x70,
        pb(&[8, 1], &[("a", leaf, 1), ("b", leaf, 1), ("c", inline, 6)]),
    );
    let id = crate::canonical(&root.to_string()).unwrap();
    for (repeats, want) in [(true, vec![root, leaf, leaf]), (false, vec![root, leaf])] {
        let extent = Extent {
            scope: Scope::All,
            bytes: None,
            repeats,
        };
        let (ipfs, hints, cx) = (ipfs(&scene), Hints::default(), cx());
        let archive = ipfs.archive(&id, &[], extent, &hints, &cx).await.unwrap();
        let all: Vec<_> = archive.stream.try_collect().await.unwrap();
        let (mut car, mut found) = (Car::default(), Vec::new());
        all.iter().for_each(|bytes| car.push(bytes));
        while let Some(block) = car.next().unwrap() {
            found.push(*block.cid());
        }
        assert_eq!(found, want);
    }
}
