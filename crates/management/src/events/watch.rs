//! What is new since the last look.

use std::{
    collections::{
        HashMap,
        hash_map::{DefaultHasher, Entry},
    },
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
    time::Duration,
};

use serde::Serialize;
use tokio::time::{Instant, sleep};
use universal_p2p_store::ItemReport;

use super::{hub::Event, shares};
use crate::{
    Plane,
    problem::Problem,
    status::Status,
    streams::{Stream, Streams},
};

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looking takes no more than this part of the time, however much there is to look at.
const PART: u32 = 20;

/// The most items in one event. What is more comes with the next.
const MOST_ITEMS: usize = 1000;

/// The items that a listener is told first.
#[derive(Serialize)]
struct First {
    items: Vec<ItemReport>,
    count: usize,
}

/// The items that changed.
#[derive(Serialize)]
struct Changes {
    changed: Vec<ItemReport>,
    removed: Vec<String>,
    count: usize,
}

/// What was told last.
pub(super) struct Seen {
    version: [u64; 4],
    status: Status,
    streams: Vec<Stream>,
    /// Each item by its name, as a hash of what was told of it.
    items: HashMap<String, u64>,
    /// Whether more changed than was told.
    is_behind: bool,
    collections: u64,
    shares: Option<shares::Seen>,
}

/// Everything there is, as events.
///
/// # Errors
/// What kept it from being looked at.
pub(super) async fn everything(plane: &Plane) -> Result<Vec<Event>, Problem> {
    let status = Event::new("status", &plane.status().await?);
    let streams = plane.streams().await?;
    let streams = Event::new("streams", &Streams { streams });
    let mut items = plane.on_disk(|store| store.items()).await?;
    let count = items.len();
    items.truncate(MOST_ITEMS);
    let items = Event::new("items", &First { items, count });
    Ok([status, streams, items].into_iter().flatten().collect())
}

/// Looks again and again, and tells what is new, until nobody listens.
pub(super) async fn watch(plane: Weak<Plane>, mut seen: Seen) {
    let mut pause = LOOK_EVERY;
    loop {
        sleep(pause).await;
        let Some(plane) = plane.upgrade() else { return };
        if plane.events.is_over().await {
            return;
        }
        let began = Instant::now();
        if seen.tell(&plane).await.is_err() {
            // It was logged where it happened, and may be better the next time.
            seen.is_behind = true;
        }
        pause = LOOK_EVERY.max(began.elapsed() * PART);
    }
}

impl Seen {
    /// What is there now counts as told.
    ///
    /// # Errors
    /// What kept it from being looked at.
    pub(super) async fn now(plane: &Plane) -> Result<Self, Problem> {
        let version = plane.version();
        let on_disk = plane.on_disk(|store| (store.items(), store.collections_since(u64::MAX).0));
        let (items, collections) = on_disk.await?;
        Ok(Self {
            version,
            status: timeless(plane.status().await?),
            streams: plane.streams().await?,
            items: items.iter().map(|item| (name(item), hash(item))).collect(),
            is_behind: false,
            collections,
            shares: plane.shares().ok().map(shares::Seen::now),
        })
    }

    /// Tells what is new.
    async fn tell(&mut self, plane: &Arc<Plane>) -> Result<(), Problem> {
        let version = plane.version();
        let status = plane.status().await?;
        let without_time = timeless(status.clone());
        if without_time != self.status {
            self.status = without_time;
            plane.events.tell("status", &status);
        }
        let streams = plane.streams().await?;
        if streams != self.streams {
            self.streams.clone_from(&streams);
            plane.events.tell("streams", &Streams { streams });
        }
        if version != self.version || self.is_behind {
            self.version = version;
            let items = plane.on_disk(|store| store.items()).await?;
            if let Some(changes) = self.changes(items) {
                plane.events.tell("items", &changes);
            }
        }
        let seen = self.collections;
        let (count, new) = plane
            .on_disk(move |store| store.collections_since(seen))
            .await?;
        self.collections = count;
        for collection in new {
            plane.events.tell("collection", &collection);
        }
        if let Some(shares) = &mut self.shares {
            shares.tell(plane);
        }
        Ok(())
    }

    /// The items that are new, gone, or otherwise than they were told.
    fn changes(&mut self, items: Vec<ItemReport>) -> Option<Changes> {
        let count = items.len();
        let mut gone = std::mem::take(&mut self.items);
        let mut changed = Vec::new();
        self.is_behind = false;
        for item in items {
            let (name, now) = (name(&item), hash(&item));
            let told = gone.remove(&name);
            if told == Some(now) {
                self.items.insert(name, now);
            } else if changed.len() < MOST_ITEMS {
                self.items.insert(name, now);
                changed.push(item);
            } else {
                self.is_behind = true;
                // What was never told is not known here either.
                self.items.extend(told.map(|told| (name, told)));
            }
        }
        let mut removed = Vec::new();
        for (name, told) in gone {
            if removed.len() < MOST_ITEMS {
                removed.push(name);
            } else if let Entry::Vacant(place) = self.items.entry(name) {
                self.is_behind = true;
                place.insert(told);
            }
        }
        let is_something = !(changed.is_empty() && removed.is_empty());
        is_something.then_some(Changes {
            changed,
            removed,
            count,
        })
    }
}

/// The state but for the time, which is always new.
fn timeless(mut status: Status) -> Status {
    status.uptime_seconds = 0;
    status
}

fn name(item: &ItemReport) -> String {
    format!("{}/{}", item.protocol, item.id)
}

/// What is told of an item, but for its place in the queue: it changes with every other item.
fn hash(item: &ItemReport) -> u64 {
    let item = ItemReport {
        queue: None,
        ..item.clone()
    };
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}
