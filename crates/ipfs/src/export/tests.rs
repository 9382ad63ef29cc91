//! Archives have what their reader needs, and nothing else.

mod kinds;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use cid::{Cid, multihash::Multihash};
use futures_util::TryStreamExt;
use proptest::prelude::*;
use universal_p2p_core::{
    Backend, EntityBytes, Error, Hints, Priority, ProofBody, ProofForm, ReadCx, Result, Scope,
};

use crate::{
    Block, Extent, Ipfs, Settings,
    gateway::car::Car,
    ipld::{DAG_CBOR, DAG_JSON},
    unixfs::tests::trees::{Scene, content, pb, scene},
};

fn ipfs(scene: &Scene) -> Ipfs {
    let metadata = Duration::from_secs(5);
    Ipfs::new(
        Arc::clone(&scene.sources),
        Settings {
            metadata: metadata.into(),
        },
    )
}

fn cx() -> ReadCx {
    ReadCx {
        first_byte: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        priority: Priority::Interactive,
    }
}

fn names(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// The blocks of an archive in order, read by the reader of archives of others.
async fn archive(
    scene: &Scene,
    root: &Cid,
    path: &str,
    scope: Scope,
    bytes: Option<EntityBytes>,
) -> Result<Vec<Block>> {
    let id = crate::canonical(&root.to_string()).unwrap();
    let (hints, cx) = (Hints::default(), cx());
    let extent = Extent {
        scope,
        bytes,
        repeats: false,
    };
    let archive = ipfs(scene)
        .archive(&id, &names(path), extent, &hints, &cx)
        .await?;
    let mut stream = archive.stream;
    let (mut car, mut blocks) = (Car::default(), Vec::new());
    while let Some(bytes) = stream.try_next().await? {
        car.push(&bytes);
        while let Some(block) = car.next().unwrap() {
            blocks.push(block);
        }
    }
    car.end().unwrap();
    Ok(blocks)
}

fn cids(blocks: &[Block]) -> Vec<Cid> {
    blocks.iter().map(|block| *block.cid()).collect()
}

fn range(from: i64, to: impl Into<Option<i64>>) -> Option<EntityBytes> {
    let to = to.into();
    Some(EntityBytes { from, to })
}

#[tokio::test(start_paused = true)]
async fn a_range_has_the_blocks_that_reading_it_needs_and_no_other() {
    let content = content(300_000);
    for (from, to) in [
        (0, 299_999),
        (0, 0),
        (123_456, 200_000),
        (299_999, 299_999),
        (99_999, 100_000),
    ] {
        let (reading, archiving) = (scene(), scene());
        let root = *reading.add(&content, 1000, 7, true).last().unwrap();
        archiving.add(&content, 1000, 7, true);
        reading.read(&root, from..to + 1).await.unwrap();
        let read: HashSet<Cid> = reading.fake.asked().into_iter().collect();
        let bytes = range(from as i64, to as i64);
        let blocks = archive(&archiving, &root, "", Scope::Entity, bytes)
            .await
            .unwrap();
        let given: HashSet<Cid> = cids(&blocks).into_iter().collect();
        assert_eq!(given, read, "{from}..={to}");
        assert_eq!(given.len(), blocks.len(), "no block comes twice");
        let asked: HashSet<Cid> = archiving.fake.asked().into_iter().collect();
        assert_eq!(asked, read, "nothing else is fetched");
    }
}

#[tokio::test(start_paused = true)]
async fn ranges_count_from_the_end_too() {
    let scene = scene();
    let content = content(10_000);
    let root = *scene.add(&content, 1000, 174, true).last().unwrap();
    let leaf =
        |number: usize| scene.put(0x55, content[number * 1000..(number + 1) * 1000].to_vec());
    for (bytes, leaves) in [
        (range(-1000, None), 9..10),
        (range(-2500, -1001), 7..9),
        (range(9500, 99_999), 9..10),
        (range(-99_999, 0), 0..1),
        (range(20_000, None), 0..0),
        (range(0, -20_000), 0..0),
        (range(5000, 4000), 0..0),
        (range(i64::MIN, i64::MAX), 0..10),
    ] {
        let blocks = archive(&scene, &root, "", Scope::Entity, bytes)
            .await
            .unwrap();
        let want: Vec<_> = std::iter::once(root).chain(leaves.map(leaf)).collect();
        assert_eq!(cids(&blocks), want, "{bytes:?}");
    }
}

/// A directory with a directory with a file of three leaves, and a file beside.
fn site(scene: &Scene) -> (Cid, HashMap<&'static str, Cid>) {
    let film = scene.add(&content(3000), 1000, 174, true);
    let beside = scene.put(0x55, b"beside".to_vec());
    let film_root = *film.last().unwrap();
    let inner = scene.put(0x70, pb(&[8, 1], &[("film", film_root, 3000)]));
    let root = scene.put(
        0x70,
        pb(&[8, 1], &[("beside", beside, 6), ("inner", inner, 3000)]),
    );
    let named = [("film", film_root), ("beside", beside), ("inner", inner)];
    (root, named.into())
}

#[tokio::test(start_paused = true)]
async fn scopes_have_what_they_say() {
    let scene = scene();
    let (root, named) = site(&scene);
    let of = |path, scope| {
        let scene = &scene;
        async move { cids(&archive(scene, &root, path, scope, None).await.unwrap()) }
    };
    let (film, beside, inner) = (named["film"], named["beside"], named["inner"]);
    assert_eq!(of("", Scope::Block).await, [root]);
    assert_eq!(of("", Scope::Entity).await, [root]);
    assert_eq!(of("inner", Scope::Entity).await, [root, inner]);
    assert_eq!(of("inner/film", Scope::Block).await, [root, inner, film]);
    assert_eq!(of("beside", Scope::All).await, [root, beside]);
    let file = of("inner/film", Scope::Entity).await;
    assert_eq!(
        (file[..3].to_vec(), file.len()),
        (vec![root, inner, film], 6)
    );
    let all = of("", Scope::All).await;
    assert_eq!(
        (all[..4].to_vec(), all.len()),
        (vec![root, beside, inner, film], 7)
    );
}

#[tokio::test(start_paused = true)]
async fn blocks_are_found_with_the_way_to_them() {
    let scene = scene();
    let (root, named) = site(&scene);
    let id = crate::canonical(&root.to_string()).unwrap();
    let ipfs = ipfs(&scene);
    let hints = Hints::default();
    let (roots, block) = ipfs.block(&id, &names("inner/film"), &hints).await.unwrap();
    assert_eq!(roots, [root, named["inner"], named["film"]]);
    assert_eq!(*block.cid(), named["film"]);
    // Any codec, as long as nothing has to be found inside.
    let odd = scene.put(0x78, b"a tree of git".to_vec());
    let id = crate::canonical(&odd.to_string()).unwrap();
    let (_, block) = ipfs.block(&id, &[], &hints).await.unwrap();
    assert_eq!(*block.cid(), odd);
    for missing in ["none", "inner/film/x", "beside/x"] {
        let id = crate::canonical(&root.to_string()).unwrap();
        let got = ipfs.block(&id, &names(missing), &hints).await.map(|_| ());
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{missing} {got:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn links_of_data_belong_to_everything() {
    let scene = scene();
    let (root, named) = site(&scene);
    let mut cbor = b"\xa1\x61a\x82\x01\xd8\x2a\x58\x25\x00".to_vec();
    cbor.extend(named["inner"].to_bytes());
    let json = format!(r#"{{"a":[1,{{"/":"{}"}}]}}"#, named["inner"]);
    for data in [scene.put(DAG_CBOR, cbor), scene.put(DAG_JSON, json)] {
        let all = archive(&scene, &data, "", Scope::All, None).await.unwrap();
        assert_eq!(
            (cids(&all)[..3].to_vec(), all.len()),
            (vec![data, named["inner"], named["film"]], 6)
        );
        let entity = archive(&scene, &data, "", Scope::Entity, None)
            .await
            .unwrap();
        assert_eq!(cids(&entity), [data]);
        let way = archive(&scene, &data, "a/1/film", Scope::Block, None)
            .await
            .unwrap();
        assert_eq!(cids(&way), [data, named["inner"], named["film"]]);
        let inside = archive(&scene, &data, "a/0", Scope::Block, None).await;
        assert!(
            matches!(inside, Err(Error::Unsupported { .. })),
            "{inside:?}"
        );
    }
    assert_ne!(root, named["inner"]);
}

#[tokio::test(start_paused = true)]
async fn an_archive_breaks_off_where_a_block_is_missing() {
    let scene = scene();
    let cids = scene.add(&content(5000), 1000, 174, true);
    scene.fake.remove(&cids[3]);
    let got = archive(&scene, cids.last().unwrap(), "", Scope::Entity, None).await;
    assert!(matches!(got, Err(Error::NoProviders { .. })), "{got:?}");
    // Beside it there is nothing missing.
    let bytes = range(0, 2999);
    assert!(
        archive(&scene, cids.last().unwrap(), "", Scope::Entity, bytes)
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_graph_of_very_many_ways_is_walked_once() {
    let scene = scene();
    let mut link = scene.put(0x55, b"leaf".to_vec());
    for _ in 0..60 {
        link = scene.put(0x70, pb(&[8, 1], &[("a", link, 1), ("b", link, 1)]));
    }
    let all = archive(&scene, &link, "", Scope::All, None).await.unwrap();
    assert_eq!(all.len(), 61);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A reader that has only the archive reads the range.
    #[test]
    fn an_archive_is_enough_to_read_its_range(
        length in 1_usize..40_000, chunk in 200_usize..3000, fan in 2_usize..9, is_raw: bool, a: u16, b: u16,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (whole, other) = (scene(), scene());
            let content = content(length);
            let root = *whole.add(&content, chunk, fan, is_raw).last().unwrap();
            let (a, b) = (a as usize % length, b as usize % length);
            let (from, to) = (a.min(b), a.max(b));
            let bytes = range(from as i64, to as i64);
            let blocks = archive(&whole, &root, "", Scope::Entity, bytes).await.unwrap();
            let mut seen: HashSet<Multihash<64>> = HashSet::new();
            for block in &blocks {
                assert!(seen.insert(*block.cid().hash()));
                other.fake.put(block.cid(), block.bytes().clone());
            }
            let got = other.read(&root, from as u64..to as u64 + 1).await.unwrap();
            assert_eq!(got, &content[from..=to]);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn proofs_say_what_they_are() {
    let scene = scene();
    let (root, named) = site(&scene);
    let id = crate::canonical(&root.to_string()).unwrap();
    let (ipfs, hints, cx) = (ipfs(&scene), Hints::default(), cx());
    let path = names("inner/film");
    let roots: Vec<_> = [root, named["inner"], named["film"]]
        .iter()
        .map(Cid::to_string)
        .collect();
    let proof = ipfs
        .prove(&id, &path, ProofForm::Block, &hints, &cx)
        .await
        .unwrap();
    let (film, bytes) = (
        named["film"],
        scene.fake.blocks.lock().unwrap()[named["film"].hash()].clone(),
    );
    assert_eq!((proof.etag, proof.is_weak), (format!("{film}.raw"), false));
    assert_eq!(proof.filename, format!("{film}.bin"));
    assert_eq!(proof.roots, roots);
    let trace = ipfs.trace(&id, &path, &hints).await.unwrap();
    assert!(trace.roots == roots && trace.data.is_none());
    let ProofBody::Whole(all) = proof.body else {
        panic!("a block is all there");
    };
    assert_eq!(all, bytes);
    // Archives of other scopes and ranges have other tags.
    let mut tags = HashSet::new();
    for scope in [Scope::Block, Scope::Entity, Scope::All] {
        for bytes in [None, range(0, 5), range(0, None), range(-5, None)] {
            let form = ProofForm::Archive {
                scope,
                bytes,
                repeats: false,
            };
            let proof = ipfs.prove(&id, &path, form, &hints, &cx).await.unwrap();
            assert!(proof.is_weak && matches!(proof.body, ProofBody::Stream(_)));
            assert_eq!(proof.roots, roots);
            tags.insert(proof.etag);
        }
    }
    // All of it and 0:* are the same.
    assert_eq!(tags.len(), 9);
    let record = ipfs
        .prove(&id, &[], ProofForm::Record, &hints, &cx)
        .await
        .map(|_| ());
    assert!(
        matches!(record, Err(Error::BadAddress { .. })),
        "{record:?}"
    );
}
