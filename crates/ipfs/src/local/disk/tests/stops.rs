//! What is left after a stop, clean or not.

use std::os::unix::fs::FileExt;

use super::*;

const LENGTH: usize = 4_000_000;

/// Reads a file once, and stops.
fn read_and_stop(folder: &Path, is_clean: bool) -> (Arc<Fake>, Cid, Vec<u8>) {
    let store = open(folder, 1 << 30);
    let scene = scene(&store);
    let content = content(LENGTH);
    let root = *scene.add(&content, BLOCK, 174, false).last().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let read = runtime.block_on(scene.read(&root, 0..LENGTH as u64));
    assert!(read.unwrap() == content);
    drop(runtime);
    let fake = Arc::clone(&scene.fake);
    drop(scene);
    store.settle().unwrap();
    if is_clean {
        store.close().unwrap();
    }
    drop(store);
    fake.asked.lock().unwrap().clear();
    (fake, root, content)
}

#[test]
fn after_a_clean_stop_everything_is_there() {
    let folder = TempDir::new().unwrap();
    let (fake, root, content) = read_and_stop(folder.path(), true);
    let store = open(folder.path(), 1 << 30);
    let scene = scene_with(&store, fake);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let read = runtime.block_on(async {
        let (ipfs, id) = (ipfs(&scene), address::id(&root).unwrap());
        match ipfs.resolve(&id, &Hints::default()).await {
            Ok(Node::File(file)) => read(&file, 0..LENGTH as u64).await,
            _ => panic!("no file"),
        }
    });
    assert!(read.unwrap() == content);
    assert_eq!(scene.fake.asked(), []);
}

#[test]
fn after_an_unclean_stop_what_is_torn_is_fetched_again() {
    let folder = TempDir::new().unwrap();
    let (fake, root, content) = read_and_stop(folder.path(), false);
    let path = folder.path().join("objects/ipfs");
    let path = path.join(address::id(&root).unwrap().as_str());
    let file = fs::File::options().write(true).open(path).unwrap();
    // Somewhere in the third block.
    let slot = (2 << 20) + 4096;
    file.write_all_at(b"torn", 2 * slot + 70_000).unwrap();
    let store = open(folder.path(), 1 << 30);
    let scene = scene_with(&store, fake);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..2 {
        let read = runtime.block_on(scene.read(&root, 0..LENGTH as u64));
        assert!(read.unwrap() == content);
        assert_eq!(scene.fake.asked().len(), 1);
    }
}
