use std::{
    collections::BTreeMap,
    io::Write as _,
    ops::Range,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use universal_p2p_core::{ByteStream, Entry, EntryKind, Freshness, Meta, Node, Priority, walk};
use universal_p2p_store::Policy;

use super::*;

mod again;

const CX: ReadCx = ReadCx {
    first_byte: Duration::from_secs(5),
    stall: Duration::from_secs(5),
    priority: Priority::Interactive,
};

/// Bytes in memory that count how often they are opened, and may never come.
struct Memory {
    meta: Meta,
    bytes: Vec<u8>,
    opened: AtomicUsize,
    read: AtomicU64,
    is_stuck: bool,
}

#[async_trait]
impl File for Memory {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.read
            .fetch_add(range.end - range.start, Ordering::Relaxed);
        // Behind the first look, which tells the format.
        if self.is_stuck && range.end > 512 {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        let at = |offset| usize::try_from(offset).expect("a small file");
        let range = at(range.start)..at(range.end);
        let bytes = self.bytes[range].to_vec();
        Ok(stream::once(async { Ok(bytes.into()) }).boxed())
    }
}

struct Folder(BTreeMap<String, Arc<Memory>>);

#[async_trait]
impl Dir for Folder {
    fn name(&self) -> &str {
        "folder"
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        let file = self.0.get(name).map(Arc::clone);
        Ok(file.map(|file| Node::File(file)))
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let lines = self.0.iter().map(|(name, file)| {
            let length = file.meta.length;
            Entry::new(name.clone(), EntryKind::File { length })
        });
        Ok(lines.collect())
    }
}

fn memory(name: &str, bytes: Vec<u8>) -> Memory {
    Memory {
        meta: Meta {
            name: name.into(),
            length: bytes.len() as u64,
            etag: format!("tag of {name}"),
            item: None,
            modified: None,
            freshness: Freshness::Immutable,
        },
        bytes,
        opened: AtomicUsize::new(0),
        read: AtomicU64::new(0),
        is_stuck: false,
    }
}

fn folder(files: impl IntoIterator<Item = Memory>) -> Node {
    let files = files.into_iter();
    let files = files.map(|file| (file.meta.name.clone(), Arc::new(file)));
    Node::Dir(Arc::new(Folder(files.collect())))
}

/// A tar with files of these names and bytes.
fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let added = builder.append_data(&mut header, name, *bytes);
        added.expect("memory takes everything");
    }
    builder.into_inner().expect("memory takes everything")
}

/// The archives and the folder that their store lies in.
fn archives(nesting: usize) -> (Archives, tempfile::TempDir) {
    archives_under(CX, nesting)
}

fn archives_under(cx: ReadCx, nesting: usize) -> (Archives, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("room");
    let settings = universal_p2p_store::Settings {
        limit: 1 << 30,
        keep_free: 0,
        policy: Policy::Lru,
    };
    let store = Store::open(folder.path(), settings).expect("an empty folder");
    let limits = Limits {
        nesting,
        ..Limits::default()
    };
    let settings = Settings {
        limits,
        decode_jobs: 2,
        unrar: Vec::new(),
        cx: cx.into(),
    };
    (Archives::new(settings, store), folder)
}

async fn read(root: &Node, path: &str, archives: &Archives) -> Result<Vec<u8>> {
    let path: Vec<_> = path.split('/').map(str::to_owned).collect();
    let file = match walk(root.clone(), &path, archives).await? {
        Node::File(file) => Some(file),
        Node::Dir(_) => None,
    };
    let file = file.expect("a file, not a directory");
    let bytes: Vec<_> = file
        .open(0..file.meta().length, &CX)
        .await?
        .try_collect()
        .await?;
    Ok(bytes.concat())
}

#[tokio::test]
async fn archives_in_archives_are_read_as_deep_as_is_allowed() {
    let (archives, _folder) = archives(2);
    let inner = tar(&[("a.txt", b"deep")]);
    let middle = tar(&[("in.tar", &inner), ("text", b"shallow")]);
    let root = folder([memory("out.tar", tar(&[("mid.tar", &middle)]))]);
    let of = |path| read(&root, path, &archives);
    assert_eq!(of("out.tar/mid.tar/text").await.unwrap(), b"shallow");
    assert_eq!(of("out.tar/mid.tar/in.tar").await.unwrap(), inner);
    for _ in 0..2 {
        let refused = of("out.tar/mid.tar/in.tar/a.txt").await;
        assert!(matches!(refused, Err(Error::Unsupported { .. })));
    }
    // What is no archive is not too deep, it is not there.
    let missing = of("out.tar/mid.tar/text/a.txt").await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn an_archive_is_read_once_for_all_who_ask() {
    let (archives, _folder) = archives(3);
    let file = Arc::new(memory("x.tar", tar(&[("a", b"1"), ("b", b"2")])));
    let root = Node::Dir(Arc::new(Folder(
        [("x.tar".into(), Arc::clone(&file))].into(),
    )));
    let all = (0..20).map(|_| read(&root, "x.tar/b", &archives));
    for read in futures_util::future::join_all(all).await {
        assert_eq!(read.unwrap(), b"2");
    }
    // Each has its look at the start and reads its entry; the index is read once.
    let opened = file.opened.load(Ordering::Relaxed);
    assert!(opened <= 2 * 20 + 1, "opened {opened} times");
    read(&root, "x.tar/a", &archives).await.unwrap();
    assert_eq!(file.opened.load(Ordering::Relaxed), opened + 1);
}

#[tokio::test]
async fn what_is_kept_reads_from_the_file_that_is_there_now() {
    let (archives, _folder) = archives(3);
    let old = Arc::new(memory("x.tar", tar(&[("a", b"1")])));
    let gone = Arc::downgrade(&old);
    let place = |file| Node::Dir(Arc::new(Folder([("x.tar".into(), file)].into())));
    assert_eq!(read(&place(old), "x.tar/a", &archives).await.unwrap(), b"1");
    let new = Arc::new(memory("x.tar", tar(&[("a", b"1")])));
    let read = read(&place(Arc::clone(&new)), "x.tar/a", &archives).await;
    assert_eq!(read.unwrap(), b"1");
    assert_eq!(new.opened.load(Ordering::Relaxed), 1);
    assert!(gone.upgrade().is_none(), "the old file is held");
}

#[tokio::test]
async fn a_file_that_was_cut_is_one() {
    let (archives, _folder) = archives(3);
    let whole = tar(&[("a", &[7; 3000]), ("b", b"end")]);
    let (one, rest) = whole.split_at(1500);
    let (two, three) = rest.split_at(1500);
    let parts = [("x.tar.001", one), ("x.tar.002", two), ("x.tar.003", three)];
    let root = folder(parts.map(|(name, bytes)| memory(name, bytes.to_vec())));
    for name in ["x.tar.001", "x.tar.003"] {
        let all = read(&root, &format!("{name}/a"), &archives).await;
        assert_eq!(all.unwrap(), [7; 3000]);
        let end = read(&root, &format!("{name}/b"), &archives).await;
        assert_eq!(end.unwrap(), b"end");
    }
}

#[tokio::test]
async fn an_opening_that_nobody_waits_for_leaves_its_thread() {
    let (archives, _folder) = archives(3);
    let stuck = |number: usize| {
        let mut file = memory(&format!("{number}.tar"), tar(&[("a", &[0; 4096])]));
        file.is_stuck = true;
        file
    };
    let good = memory("good.tar", tar(&[("a", b"1")]));
    let root = folder((0..4).map(stuck).chain([good]));
    for number in 0..4 {
        let path = format!("{number}.tar/a");
        let waited = tokio::time::timeout(Duration::from_millis(50), read(&root, &path, &archives));
        assert!(waited.await.is_err(), "it cannot come");
    }
    assert_eq!(read(&root, "good.tar/a", &archives).await.unwrap(), b"1");
}

#[tokio::test]
async fn an_opening_that_gets_nowhere_ends() {
    let cx = ReadCx {
        first_byte: Duration::from_millis(20),
        ..CX
    };
    let (archives, _folder) = archives_under(cx, 3);
    let mut stuck = memory("stuck.tar", tar(&[("a", &[0; 4096])]));
    stuck.is_stuck = true;
    let root = folder([stuck]);
    let ended = read(&root, "stuck.tar/a", &archives).await;
    assert!(matches!(ended, Err(Error::Stalled { .. })), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_is_decoded_once_for_all_who_ask() {
    let (archives, _folder) = archives(3);
    let noise: Vec<u8> = (0..300_000_u32)
        .flat_map(|at| at.wrapping_mul(0x9e37_79b9).to_le_bytes())
        .collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&tar(&[("a", &noise)])).expect("memory");
    let packed = packer.finish().expect("memory");
    let length = packed.len() as u64;
    let file = Arc::new(memory("x.tar.gz", packed));
    let root = Node::Dir(Arc::new(Folder(
        [("x.tar.gz".into(), Arc::clone(&file))].into(),
    )));
    let all = (0..16).map(|_| read(&root, "x.tar.gz/a", &archives));
    for read in futures_util::future::join_all(all).await {
        assert!(read.unwrap() == noise);
    }
    // Each looks what it is; to list it and to read it, it is read once.
    let read = file.read.load(Ordering::Relaxed);
    assert!(read < length + 16 * 1024, "{read} of {length}");
}

#[tokio::test]
async fn plain_files_are_looked_at_once_and_only_at_their_start() {
    let (archives, _folder) = archives(3);
    let film = Arc::new(memory("film.mkv", vec![1; 100_000]));
    let root = Node::Dir(Arc::new(Folder(
        [("film.mkv".into(), Arc::clone(&film))].into(),
    )));
    let missing = read(&root, "film.mkv/a", &archives).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    assert_eq!(film.opened.load(Ordering::Relaxed), 1);
}
