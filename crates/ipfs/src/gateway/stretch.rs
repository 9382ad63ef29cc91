//! Stretches of a file, each fetched in one answer: an archive of all blocks on the way.
//!
//! The first want of a block far from the end of what is read begins a stretch; wants of blocks in
//! it wait for them to come by. Whatever an archive lacks is asked for block by block.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cid::{Cid, multihash::Multihash};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{archive, link::Link};
use crate::{Block, Part};

/// How long a stretch is and at least has to be, in bytes of the file.
const LONGEST: u64 = 4 << 20;
const SHORTEST: u64 = 512 << 10;

/// Stretches of one gateway at a time.
const AT_ONCE: usize = 4;

/// What one keeps until it is asked for: bytes of blocks, and blocks of any length.
const MOST_BYTES: usize = 8 << 20;
const MOST_BLOCKS: usize = 8192;

/// How long one goes on that nobody asks for anything: while it arrives, and afterwards.
const IDLE: Duration = Duration::from_secs(2);
const IDLE_AFTER: Duration = Duration::from_secs(10);

/// How often that is looked at.
const TICK: Duration = Duration::from_millis(500);

/// For how long a gateway is not asked for archives that gave none.
const REFUSED: Duration = Duration::from_secs(600);

/// The stretches of one gateway.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    all: All,
    tasks: Mutex<JoinSet<()>>,
    refused: Arc<Mutex<Option<Instant>>>,
}

type All = Arc<Mutex<Vec<Arc<Stretch>>>>;

/// One of them.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) file: Cid,
    pub(super) bytes: Range<u64>,
    kept: Mutex<Kept>,
    changed: Notify,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct Kept {
    blocks: HashMap<Multihash<64>, Block>,
    bytes: usize,
    /// All that came by.
    seen: HashSet<Multihash<64>>,
    is_over: bool,
    is_let_go: bool,
    /// When it was last asked for something.
    asked: Instant,
}

impl Stretches {
    /// A block out of a stretch, which is begun where there is use in one. None where the block is
    /// better asked for by itself.
    pub(super) async fn get(&self, link: &Arc<Link>, cid: &Cid, part: &Part) -> Option<Block> {
        let stretch = self.find(link, part)?;
        stretch.wait(cid).await
    }

    fn find(&self, link: &Arc<Link>, part: &Part) -> Option<Arc<Stretch>> {
        let start = part.bytes.start;
        let mut all = lock(&self.all);
        let covers =
            |known: &&Arc<Stretch>| known.file == part.file && known.bytes.contains(&start);
        if let Some(known) = all.iter().find(covers) {
            return Some(Arc::clone(known));
        }
        let end = part.upto.min(start.saturating_add(LONGEST));
        let is_worth_it = end.saturating_sub(start) >= SHORTEST;
        if !is_worth_it || lock(&self.refused).is_some_and(|until| Instant::now() < until) {
            return None;
        }
        if all.len() >= AT_ONCE && !make_room(&mut all) {
            return None;
        }
        let stretch = Arc::new(Stretch::new(part.file, start..end));
        all.push(Arc::clone(&stretch));
        drop(all);
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        let (link, all, refused) = (
            Arc::clone(link),
            Arc::clone(&self.all),
            Arc::clone(&self.refused),
        );
        let begun = Arc::clone(&stretch);
        tasks.spawn(async move {
            let arrive = async {
                if !archive::fetch(&link, &begun).await {
                    *lock(&refused) = Some(Instant::now() + REFUSED);
                }
                begun.end();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = arrive => {}
                () = begun.idle() => {}
            }
            begun.end();
            lock(&all).retain(|known| !Arc::ptr_eq(known, &begun));
        });
        Some(stretch)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        lock(&self.all).len()
    }
}

/// Lets go of the stretch that has all arrived and was asked for something the longest ago.
fn make_room(all: &mut Vec<Arc<Stretch>>) -> bool {
    let over = all.iter().enumerate().filter_map(|(number, stretch)| {
        let asked = stretch.resting_since()?;
        Some((asked, number))
    });
    let Some((_, oldest)) = over.min() else {
        return false;
    };
    all.swap_remove(oldest).let_go();
    true
}

impl Stretch {
    fn new(file: Cid, bytes: Range<u64>) -> Self {
        let kept = Kept {
            blocks: HashMap::new(),
            bytes: 0,
            seen: HashSet::new(),
            is_over: false,
            is_let_go: false,
            asked: Instant::now(),
        };
        Self {
            file,
            bytes,
            kept: Mutex::new(kept),
            changed: Notify::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Keeps a block that came by. False where it has no room: then it goes no further.
    pub(super) fn keep(&self, block: Block) -> bool {
        let mut kept = lock(&self.kept);
        let length = block.bytes().len();
        if kept.bytes + length > MOST_BYTES || kept.seen.len() >= MOST_BLOCKS {
            return false;
        }
        let hash = *block.cid().hash();
        if kept.seen.insert(hash) {
            kept.bytes += length;
            kept.blocks.insert(hash, block);
        }
        drop(kept);
        self.changed.notify_waiters();
        true
    }

    /// Says that nothing more comes.
    fn end(&self) {
        lock(&self.kept).is_over = true;
        self.changed.notify_waiters();
    }

    /// When it was last asked for something, if all of it has arrived and nobody waits.
    fn resting_since(&self) -> Option<Instant> {
        let kept = lock(&self.kept);
        let is_resting = kept.is_over && self.waiting.load(Ordering::Relaxed) == 0;
        is_resting.then_some(kept.asked)
    }

    /// Forgets what it keeps; its task ends soon.
    fn let_go(&self) {
        let mut kept = lock(&self.kept);
        kept.blocks.clear();
        kept.is_let_go = true;
    }

    /// Waits for a block to come by. None where it does not, or did already and was taken.
    async fn wait(&self, cid: &Cid) -> Option<Block> {
        let _waiting = AtWork::new(&self.waiting);
        loop {
            let changed = self.changed.notified();
            {
                let mut kept = lock(&self.kept);
                kept.asked = Instant::now();
                if let Some(block) = kept.blocks.remove(cid.hash()) {
                    kept.bytes -= block.bytes().len();
                    return Some(block.under(*cid));
                }
                if kept.is_over || kept.seen.contains(cid.hash()) {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Waits until nobody has asked for anything for a while.
    async fn idle(&self) {
        loop {
            sleep(TICK).await;
            let (asked, is_over, is_let_go) = {
                let kept = lock(&self.kept);
                (kept.asked, kept.is_over, kept.is_let_go)
            };
            let patience = match (is_let_go, is_over) {
                (true, _) => Duration::ZERO,
                (false, true) => IDLE_AFTER,
                (false, false) => IDLE,
            };
            if self.waiting.load(Ordering::Relaxed) == 0 && asked.elapsed() > patience {
                return;
            }
        }
    }
}

/// Counts while somebody waits.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
