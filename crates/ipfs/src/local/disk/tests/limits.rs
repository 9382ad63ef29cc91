//! Files that are larger than what may be on disk.

use super::*;

fn allocated(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let own = fs::metadata(folder).map_or(0, |found| found.blocks() * 512);
    let below = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = below.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => allocated(&entry.path()),
        Ok(found) => found.blocks() * 512,
        Err(_) => 0,
    });
    own + sizes.sum::<u64>()
}

/// Looks at the disk again and again, and tells the most that was there.
fn watch<T>(folder: &Path, work: impl FnOnce() -> T) -> (T, u64) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::Acquire) {
                most = most.max(allocated(folder));
                thread::park_timeout(Duration::from_millis(2));
            }
            most
        });
        let done = work();
        is_over.store(true, Ordering::Release);
        (done, watcher.join().unwrap())
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

/// A limit with so much room besides what an empty store takes.
fn limit(folder: &Path, room: u64) -> u64 {
    open(folder, 1 << 30).disk_use().own + room
}

fn play(is_raw: bool, more: usize) {
    let folder = TempDir::new().unwrap();
    let limit = limit(folder.path(), 20 << 20);
    let store = open(folder.path(), limit);
    let scene = scene(&store);
    let content = content((64 << 20) + more);
    let root = *scene.add(&content, BLOCK, 174, is_raw).last().unwrap();
    let ((), most) = watch(folder.path(), || {
        block_on(async {
            for round in 0..2 {
                let played = scene.read(&root, 0..content.len() as u64).await.unwrap();
                assert!(played == content, "round {round}");
            }
        });
    });
    assert!(most <= limit + (1 << 20), "{most} of {limit}");
    let held = block_on(scene.sources.local().held(&root));
    assert!(held >= 8 << 20, "{held} of {limit} are used");
    let leaves = content.len().div_ceil(BLOCK);
    assert!(scene.fake.asked().len() > leaves, "not all of it fits");
}

#[test]
fn a_file_larger_than_the_limit_plays_twice() {
    play(true, 1);
}

#[test]
fn so_does_one_whose_leaves_are_nodes() {
    play(false, 77);
}

#[test]
fn many_readers_of_more_than_fits_get_every_byte() {
    let folder = TempDir::new().unwrap();
    let limit = limit(folder.path(), 12 << 20);
    let store = open(folder.path(), limit);
    let scene = scene(&store);
    let content = content(32 << 20);
    let root = *scene.add(&content, BLOCK, 174, true).last().unwrap();
    let length = content.len() as u64;
    let ((), most) = watch(folder.path(), || {
        block_on(async {
            let readers = (0..6).map(|reader| {
                let (scene, content) = (&scene, &content);
                async move {
                    let start = reader * length / 7;
                    let read = scene.read(&root, start..length).await.unwrap();
                    assert!(read == content[start as usize..], "reader {reader}");
                }
            });
            join_all(readers).await;
        });
    });
    assert!(most <= limit + (2 << 20), "{most} of {limit}");
}

#[test]
fn where_nothing_can_go_it_plays_without_being_kept() {
    let folder = TempDir::new().unwrap();
    let limit = limit(folder.path(), 12 << 20);
    let store = open(folder.path(), limit);
    let scene = scene(&store);
    let content = content(24 << 20);
    let root = *scene.add(&content, BLOCK, 174, true).last().unwrap();
    store.pin(&item_of(&root), true).unwrap();
    let ((), most) = watch(folder.path(), || {
        block_on(async {
            for _ in 0..2 {
                assert!(scene.read(&root, 0..24 << 20).await.unwrap() == content);
            }
        });
    });
    assert!(most <= limit + (1 << 20), "{most} of {limit}");
    let held = block_on(scene.sources.local().held(&root));
    assert!(held >= 6 << 20, "what came first stays: {held} of {limit}");
}

fn cx() -> ReadCx {
    ReadCx {
        first_byte: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        priority: Priority::Interactive,
    }
}

#[tokio::test]
async fn what_a_reader_comes_to_soon_is_not_given_up() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1 << 30);
    let scene = scene(&store);
    let content = content(8 << 20);
    let root = *scene.add(&content, BLOCK, 174, true).last().unwrap();
    let file = scene.file(&root).await.unwrap();
    assert!(read(&file, 0..8 << 20).await.unwrap() == content);
    let mut stream = file.open(0..8 << 20, &cx()).await.unwrap();
    let mut got = stream.try_next().await.unwrap().unwrap().to_vec();
    let asked = scene.fake.asked().len();
    store.collect(Some(0)).unwrap();
    while let Some(bytes) = stream.try_next().await.unwrap() {
        got.extend(bytes);
    }
    assert!(got == content);
    // 2 MiB ahead are kept at first; all else went and came again.
    let again: Vec<_> = scene.fake.asked()[asked..].to_vec();
    let leaves: Vec<_> = content.chunks(BLOCK).map(|leaf| raw(leaf).0).collect();
    assert!(again.iter().all(|cid| !leaves[..8].contains(cid)));
    assert!(leaves[9..].iter().all(|cid| again.contains(cid)));
}

#[tokio::test]
async fn who_reads_a_removed_item_fetches_it_again() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1 << 30);
    let scene = scene(&store);
    let content = content(8 << 20);
    let root = *scene.add(&content, BLOCK, 174, false).last().unwrap();
    assert!(scene.read(&root, 0..8 << 20).await.unwrap() == content);
    let file = scene.file(&root).await.unwrap();
    let mut stream = file.open(0..8 << 20, &cx()).await.unwrap();
    let mut got = stream.try_next().await.unwrap().unwrap().to_vec();
    store.remove(&item_of(&root)).unwrap();
    while let Some(bytes) = stream.try_next().await.unwrap() {
        got.extend(bytes);
    }
    assert!(got == content);
    let held = scene.sources.local().held(&root).await;
    assert!(held >= 6 << 20, "it is kept again: {held}");
}
