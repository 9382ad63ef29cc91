use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use universal_p2p_core::{File, Freshness, Meta};

use super::*;
use crate::Source;

/// What a decoder gives, as the file that an archive within lies in.
struct Unpacked(Meta, Slice);

#[async_trait]
impl File for Unpacked {
    fn meta(&self) -> &Meta {
        &self.0
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        self.1.open(range, cx).await
    }
}

/// A decoder that takes so much memory and gives the same bytes as this file.
fn hungry(
    spools: &Arc<Spools>,
    name: &str,
    memory: u64,
    from: Source,
    seen: &Arc<AtomicU64>,
) -> Arc<Recipe> {
    let (length, seen, of) = (from.length(), Arc::clone(seen), Arc::clone(&spools.memory));
    let make: Make = Box::new(move |context, into| {
        context.ration().have(memory)?;
        seen.fetch_max(of.taken(), Ordering::SeqCst);
        io::copy(&mut context.reader(&from), into).map(|_| ())
    });
    let what = What {
        etag: "outer",
        part: name,
        length,
        packed: length,
        room: None,
    };
    Recipe::new(spools, &what, &Limits::default(), make).expect("within the limits")
}

/// A decoder that reads from another one.
fn nested(
    spools: &Arc<Spools>,
    name: &str,
    memory: [u64; 2],
    seen: &Arc<AtomicU64>,
) -> Arc<Recipe> {
    let [inner, outer] = memory;
    let source = Served::new(pattern(3 * MIB)).source();
    let outer = hungry(spools, &format!("{name} outer"), outer, source, seen);
    let meta = Meta {
        name: name.into(),
        length: 3 * MIB,
        etag: name.into(),
        item: None,
        modified: None,
        freshness: Freshness::Immutable,
    };
    let source = Source::new(Arc::new(Unpacked(meta, Slice::whole(&outer))));
    hungry(spools, name, inner, source, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_decoders_together_keep_to_one_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 8, 100 * MIB);
    let seen = Arc::default();
    let each = |number: usize| {
        let source = Served::new(pattern(3 * MIB)).source();
        let memory = [90, 10, 45, 45][number % 4] * MIB;
        hungry(&spools, &number.to_string(), memory, source, &seen)
    };
    let recipes: Vec<_> = (0..16).map(each).collect();
    let all = recipes.iter().map(|recipe| read(recipe, 0..3 * MIB));
    for got in futures_util::future::join_all(all).await {
        assert!(got.expect("in its turn") == pattern(3 * MIB));
    }
    let most = seen.load(Ordering::SeqCst);
    assert!(most > 90 * MIB && most <= 100 * MIB, "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn decoders_that_read_from_each_other_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 8, 100 * MIB);
    let seen = Arc::default();
    // Each fits alone; two that have their first half leave nothing for a second.
    let each = |number: usize| nested(&spools, &number.to_string(), [40 * MIB, 45 * MIB], &seen);
    let recipes: Vec<_> = (0..8).map(each).collect();
    let all = recipes.iter().map(|recipe| read(recipe, 0..3 * MIB));
    for got in futures_util::future::join_all(all).await {
        assert!(got.expect("in its turn") == pattern(3 * MIB));
    }
    assert!(seen.load(Ordering::SeqCst) <= 100 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_more_than_there_is_is_not_supported() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, 100 * MIB);
    let seen = Arc::default();
    for (number, memory) in [[100, 1], [1, 100], [60, 60]].into_iter().enumerate() {
        let recipe = nested(
            &spools,
            &number.to_string(),
            memory.map(|each| each * MIB),
            &seen,
        );
        let refused = read(&recipe, 0..MIB).await;
        assert!(
            matches!(refused, Err(Error::Unsupported { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_memory_in_time_is_told_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let spools = Spools::new(testing::store(&folder, 1 << 30), 2, 100 * MIB);
    let other = crate::memory::Ration::new(spools.memory(), None, CX.stall, Default::default());
    other.have(90 * MIB).expect("all is left");
    let source = Served::new(pattern(MIB)).source();
    let recipe = hungry(&spools, "a", 20 * MIB, source, &Arc::default());
    let cx = ReadCx {
        // longer than a busy machine takes to start a thread
        first_byte: Duration::from_secs(3),
        ..CX
    };
    let refused = Slice::whole(&recipe).open(0..1, &cx).await.err();
    assert!(matches!(refused, Some(Error::Busy { .. })), "{refused:?}");
    drop(other);
    assert!(read(&recipe, 0..MIB).await.expect("now") == pattern(MIB));
}
