//! Reading what is decoded: what the store has, the rest behind a decoder.

use std::{
    ops::Range,
    sync::{Arc, Weak, atomic::Ordering},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::{
    select,
    time::{Duration, Instant, timeout},
};
use universal_p2p_core::{ByteStream, Error, ReadCx, Result};
use universal_p2p_store::{Held, Object, Window};

use super::{
    PATIENCE, Recipe, disk_error,
    job::{Follow, Job, Outcome},
    removed,
};
use crate::memory;

/// How often a waiting reader looks whether the decoder gets on.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Opens a range of what a recipe makes and waits for its first byte.
pub(super) async fn open(
    recipe: &Arc<Recipe>,
    range: Range<u64>,
    cx: &ReadCx,
) -> Result<ByteStream> {
    if range.start >= range.end {
        return Ok(stream::empty().boxed());
    }
    if let Some(failure) = recipe.spools.failures.get(&recipe.item.id) {
        return Err(failure);
    }
    let object = recipe.object().await?;
    let mut reader = Reader {
        window: object.window(range.start),
        recipe: Arc::clone(recipe),
        object,
        at: range.start,
        end: range.end,
        touched: None,
        has_read: false,
        follow: None,
        cx: *cx,
    };
    let Some(first) = reader.next(cx.first_byte).await? else {
        return Ok(stream::empty().boxed());
    };
    let rest = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next(reader.cx.stall).await?;
        Ok(next.map(|bytes| (bytes, reader)))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

/// One open range. Offsets are those of the object.
struct Reader {
    recipe: Arc<Recipe>,
    object: Arc<Object>,
    at: u64,
    end: u64,
    window: Window,
    /// The chunk that was read last.
    touched: Option<u32>,
    /// Whether anything was handed out yet.
    has_read: bool,
    /// Held from when something is missing: the decoder goes on while somebody follows it.
    follow: Option<Follow>,
    cx: ReadCx,
}

impl Reader {
    /// The next bytes, or none at the end of the range.
    async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>> {
        while self.at < self.end {
            if self.object.is_gone() {
                return Err(removed());
            }
            let chunk = self.object.layout().chunk_at(self.at);
            self.look_ahead(chunk);
            if self.object.held(chunk) == Held::Checked {
                let upto = self.object.layout().bytes_of(chunk).end.min(self.end);
                let read = self.object.read_checked(self.at..upto).await;
                let read = read.map_err(|error| disk_error("reading what is unpacked", error))?;
                // None: it was given up while it was read.
                if let Some(bytes) = read {
                    self.at += bytes.len() as u64;
                    self.has_read = true;
                    return Ok(Some(bytes));
                }
            } else {
                self.await_chunk(chunk, patience).await?;
            }
        }
        Ok(None)
    }

    /// Says where the reader is: to the store, and to whom it follows.
    fn look_ahead(&mut self, chunk: u32) {
        if self.touched == Some(chunk) {
            return;
        }
        self.touched = Some(chunk);
        self.object.touch(chunk);
        let reach = self.window.move_to(self.at);
        if let Some(follow) = &self.follow {
            follow.place(self.at, self.at.saturating_add(reach).min(self.end));
        }
    }

    /// Waits until a chunk is decoded, and has that done.
    async fn await_chunk(&mut self, chunk: u32, patience: Duration) -> Result<()> {
        let object = Arc::clone(&self.object);
        let started = Instant::now();
        let (mut decoded, mut last_progress) = (0, started);
        while object.held(chunk) != Held::Checked {
            if object.is_gone() {
                return Err(removed());
            }
            let shared = match self.following(chunk, patience).await? {
                Some(job) => Arc::clone(&job.shared),
                None => continue,
            };
            let arrived = timeout(LOOK_EVERY, self.arrival(chunk)).await.is_ok();
            let now = shared.decoded.load(Ordering::Acquire);
            let is_waiting = shared.is_waiting.load(Ordering::Acquire);
            if is_waiting && memory::chain_here().is_some() {
                // What the decoder that asks has may be just what is waited for.
                return Err(memory::busy());
            }
            if now != decoded || is_waiting {
                (decoded, last_progress) = (now, Instant::now());
            }
            let is_over =
                last_progress.elapsed() >= patience || started.elapsed() >= patience * PATIENCE;
            if arrived && !is_over {
                continue;
            }
            let is_without_room = !object.reserve(chunk);
            match is_without_room.then(|| object.out_of_room()).flatten() {
                // Whoever has got nothing yet is told at once; whoever plays may outlive the lack.
                Some(why) if is_over || !self.has_read => {
                    return Err(Error::NoSpace {
                        why: why.to_string(),
                    });
                }
                None if is_over => {
                    return Err(Error::Stalled {
                        waited: patience,
                        peers: 0,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits until a chunk is there or the decoder that is followed has ended.
    async fn arrival(&self, chunk: u32) {
        let Some(follow) = &self.follow else { return };
        let mut outcome = follow.job.outcome.clone();
        select! {
            () = wait_checked(&self.object, chunk) => {}
            _ = outcome.wait_for(|outcome| !matches!(outcome, Outcome::Running)) => {}
        }
    }

    /// A decoder that will come by a chunk: one that runs, or a new one. `None` where the chunk
    /// came while a decoder was waited for.
    async fn following(&mut self, chunk: u32, patience: Duration) -> Result<Option<Arc<Job>>> {
        let start = self.object.layout().bytes_of(chunk).start;
        if let Some(follow) = &self.follow {
            if follow.job.may_give(start) {
                return Ok(Some(Arc::clone(&follow.job)));
            }
            let outcome = follow.job.outcome.borrow().clone();
            match outcome {
                _ if self.object.held(chunk) == Held::Checked => {}
                // A decoder for another, which has too much to wait; this reader has nothing.
                Outcome::Failed(Error::Busy { .. })
                    if follow.job.is_within && memory::chain_here().is_none() => {}
                Outcome::Failed(error) => return Err(error),
                Outcome::Running | Outcome::Ended => {}
            }
            self.follow = None;
        }
        let job = match self.running(start) {
            Some(job) => job,
            None => match self.start(chunk, start, patience).await? {
                Some(job) => job,
                None => return Ok(None),
            },
        };
        let follow = Follow::new(Arc::clone(&job));
        let upto = self.at.saturating_add(self.window.reach()).min(self.end);
        follow.place(self.at, upto);
        self.follow = Some(follow);
        Ok(Some(job))
    }

    /// A decoder that runs and has not got past a byte.
    fn running(&self, start: u64) -> Option<Arc<Job>> {
        let jobs = self.recipe.spools.jobs();
        let running = jobs.get(&self.recipe.item.id)?;
        find(running, start)
    }

    /// Starts a decoder when there is one free.
    async fn start(&self, chunk: u32, start: u64, patience: Duration) -> Result<Option<Arc<Job>>> {
        let spools = &self.recipe.spools;
        let chain = memory::chain_here();
        let permit = if chain.is_some() {
            None
        } else {
            let _place = spools.queue()?;
            let free = Arc::clone(&spools.decoders).acquire_owned();
            select! {
                free = timeout(patience, free) => match free {
                    Ok(free) => Some(free.map_err(|_| Error::Stopping)?),
                    Err(_) => return Err(busy()),
                },
                () = wait_checked(&self.object, chunk) => return Ok(None),
            }
        };
        let mut jobs = spools.jobs();
        jobs.retain(|_, running| {
            running.retain(|job| job.strong_count() > 0);
            !running.is_empty()
        });
        let running = jobs.entry(self.recipe.item.id.clone()).or_default();
        // Somebody else may have started one while this one waited.
        if let Some(job) = find(running, start) {
            return Ok(Some(job));
        }
        let job = Job::start(&self.recipe, &self.object, &self.cx, (permit, chain));
        running.push(Arc::downgrade(&job));
        Ok(Some(job))
    }
}

/// A decoder among these that runs and has not got past a byte.
fn find(running: &[Weak<Job>], start: u64) -> Option<Arc<Job>> {
    let mut running = running.iter().filter_map(Weak::upgrade);
    running.find(|job| job.may_give(start))
}

/// Waits until a chunk is there. What is in doubt is decoded again and comes then.
async fn wait_checked(object: &Object, chunk: u32) {
    while object.held(chunk) != Held::Checked && !object.is_gone() {
        if object.held(chunk) == Held::Absent {
            object.arrival(chunk).await;
        } else {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn busy() -> Error {
    Error::Busy {
        what: "every decoder of archives is at work".into(),
        retry_after: Duration::from_secs(5),
    }
}
