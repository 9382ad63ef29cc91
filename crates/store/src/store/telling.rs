//! What the store tells of itself.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
    io,
    sync::Arc,
};

use universal_p2p_core::{Evidence, Item, Site};

use super::Store;
use crate::{
    Object,
    catalog::Entry,
    clock, collect,
    report::{Collection, DiskUse, ItemReport, Kept, Reason, SiteReport, SiteUse},
    size,
};

impl Store {
    /// How full the disk is, and with what.
    #[must_use]
    pub fn disk_use(&self) -> DiskUse {
        let figures = self.gauge.figures();
        let items = self.catalog.lock();
        let (mut pinned, mut in_use, mut documents) = (0, 0, 0);
        for (item, entry) in &items.entries {
            documents += entry.documents.bytes();
            if entry.pinned {
                pinned += entry.charge.bytes();
            } else if self.ledger.streams_of(item) > 0 {
                in_use += entry.charge.bytes();
            }
        }
        DiskUse {
            limit: figures.limit,
            keep_free: figures.keep_free,
            used: figures.used,
            free: figures.free,
            pinned,
            in_use,
            documents,
            own: self.own.bytes(),
            items: items.entries.len() as u64,
            streams: self.ledger.open_streams(),
            counted: figures.counted,
            last_collection: self.history.last(),
        }
    }

    /// Every item, in the order in which they go when room is needed; what stays comes last.
    #[must_use]
    pub fn items(&self) -> Vec<ItemReport> {
        let open = self.open_objects();
        let items = self.catalog.lock();
        let mut ranked: Vec<_> = items
            .entries
            .iter()
            .map(|(item, entry)| (self.turn(item, entry, &open), item, entry))
            .collect();
        ranked.sort_by(|(one, ..), (other, ..)| order(one, other));
        let mut place = 0;
        let reports = ranked.into_iter().map(|(turn, item, entry)| {
            let mut report = self.report(item, entry, open.get(item).map(Arc::as_ref));
            if turn.0.is_finite() {
                place += 1;
                report.queue = Some(place);
            }
            report
        });
        reports.collect()
    }

    /// One item with its place in the queue to go.
    #[must_use]
    pub fn item(&self, item: &Item) -> Option<ItemReport> {
        let open = self.open_objects();
        let items = self.catalog.lock();
        let (item, entry) = items.entries.get_key_value(item)?;
        let mut report = self.report(item, entry, open.get(item).map(Arc::as_ref));
        let turn = self.turn(item, entry, &open);
        if turn.0.is_finite() {
            let others = items.entries.iter();
            let before =
                others.filter(|(item, entry)| order(&self.turn(item, entry, &open), &turn).is_lt());
            report.queue = Some(before.count() as u64 + 1);
        }
        Some(report)
    }

    /// Whether there is an object of an item, also one that was not counted yet. Blocks on the disk
    /// for a moment.
    #[must_use]
    pub fn has_object(&self, item: &Item) -> bool {
        self.object_path(item).exists()
    }

    /// What each site used of an item, the one that was served most first.
    ///
    /// # Errors
    /// What the index says.
    pub fn sites_of(&self, item: &Item) -> io::Result<Vec<SiteUse>> {
        let uses = self.index.uses_of(item)?;
        let all: u64 = uses.iter().map(|(_, used)| used.bytes).sum();
        let mut sites: Vec<_> = uses
            .into_iter()
            .map(|(site, used)| SiteUse {
                site: site.name.to_string(),
                evidence: site.evidence,
                first_access: used.first,
                last_access: used.last,
                served: used.bytes,
                share: share(used.bytes, all),
            })
            .collect();
        sites.sort_by(|a, b| (b.served, &a.site).cmp(&(a.served, &b.site)));
        Ok(sites)
    }

    /// What each site holds on disk, the one that holds most first.
    ///
    /// # Errors
    /// What the index says.
    pub fn sites(&self) -> io::Result<Vec<SiteReport>> {
        let mut by_item: HashMap<Item, Vec<(Site, u64)>> = HashMap::new();
        self.index.uses(|item, site, used| {
            by_item.entry(item).or_default().push((site, used.bytes));
        })?;
        let mut sites: BTreeMap<(Arc<str>, Evidence), SiteReport> = BTreeMap::new();
        for (item, uses) in by_item {
            let disk = self.catalog.look(&item, |entry| entry.charge.bytes());
            let disk = disk.unwrap_or(0);
            let all: u64 = uses.iter().map(|(_, bytes)| bytes).sum();
            let names: HashSet<_> = uses
                .iter()
                .map(|(site, _)| Arc::clone(&site.name))
                .collect();
            for (site, served) in uses {
                let report = sites
                    .entry((Arc::clone(&site.name), site.evidence))
                    .or_insert_with(|| SiteReport {
                        site: site.name.to_string(),
                        evidence: site.evidence,
                        items: 0,
                        served: 0,
                        disk: 0,
                        only: 0,
                    });
                report.items += 1;
                report.served += served;
                report.disk += part(disk, served, all);
                if names.len() == 1 {
                    report.only += part(disk, served, all);
                }
            }
        }
        let mut sites: Vec<_> = sites.into_values().collect();
        sites.sort_by(|a, b| (b.disk, &a.site).cmp(&(a.disk, &b.site)));
        Ok(sites)
    }

    /// Gives up what may go, least worthy first: down to the low-water mark, or until no more than
    /// so many bytes are used.
    ///
    /// # Errors
    /// What the index says.
    pub fn collect(self: &Arc<Self>, upto: Option<u64>) -> io::Result<Collection> {
        let need = match upto {
            Some(bytes) => self.gauge.figures().used.saturating_sub(bytes),
            None => self.gauge.above_low_water().0,
        };
        let (done, settled) = self.collect_now(need, Reason::Asked);
        // Where something was freed it is noted already.
        if done.freed == 0 {
            self.history.note(done.clone());
        }
        settled.map(|()| done)
    }

    /// What holds the space, in words, and what frees it.
    pub(crate) fn what_holds(&self) -> String {
        let used = self.disk_use();
        let pinned = {
            let items = self.catalog.lock();
            let pinned = items.entries.values().filter(|entry| entry.pinned);
            pinned.count()
        };
        let full = if used.used + size::MB >= used.limit || used.free > used.keep_free + size::MB {
            format!("the limit of {} is reached", size::text(used.limit))
        } else {
            format!(
                "{} have to stay free on the disk (disk.keep_free) and {} are",
                size::text(used.keep_free),
                size::text(used.free)
            )
        };
        format!(
            "{full}: {} pinned in {pinned} items, {} in use by {} streams, {} of metadata; \
             unpin or remove something, or raise disk.limit",
            size::text(used.pinned),
            size::text(used.in_use),
            used.streams,
            size::text(used.documents + used.own),
        )
    }

    fn report(&self, item: &Item, entry: &Entry, object: Option<&Object>) -> ItemReport {
        let streams = self.ledger.streams_of(item);
        let is_read = streams > 0 || object.is_some_and(|object| object.windows().readers() > 0);
        ItemReport {
            protocol: item.protocol,
            id: item.id.to_string(),
            name: entry.name.as_deref().map(str::to_owned),
            length: (entry.layout.filter(|layout| !layout.is_slotted()))
                .map(|layout| layout.length()),
            disk: entry.charge.bytes(),
            first_access: clock::seconds(entry.first),
            last_access: clock::seconds(entry.last),
            uses: entry.uses,
            served: entry.served,
            fetched: entry.fetched,
            pinned: entry.pinned,
            streams,
            kept: match (entry.pinned, is_read) {
                (true, _) => Kept::Pinned,
                (false, true) => Kept::InUse,
                (false, false) => Kept::Recent,
            },
            queue: None,
        }
    }

    fn turn<'a>(
        &self,
        item: &'a Item,
        entry: &Entry,
        open: &HashMap<Item, Arc<Object>>,
    ) -> Turn<'a> {
        let mut least = f64::INFINITY;
        if !entry.pinned {
            let object = open.get(item).map(Arc::as_ref);
            collect::stretches(entry, object, |_, bytes, kept, stamp| {
                if !kept && bytes > 0 {
                    least = least.min(self.policy.score(&entry.standing(stamp)));
                }
            });
        }
        (least, entry.last, item.id.as_str())
    }
}

/// When an item's turn comes: the score of what goes first of it (infinite where nothing goes), its
/// last use, its id.
type Turn<'a> = (f64, u64, &'a str);

/// Which of two goes first.
fn order(one: &Turn<'_>, other: &Turn<'_>) -> Ordering {
    let score = one.0.total_cmp(&other.0);
    score.then_with(|| (one.1, one.2).cmp(&(other.1, other.2)))
}

#[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
fn share(bytes: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        bytes as f64 / all as f64
    }
}

/// The part of what is on disk that goes with a part of what was served.
fn part(disk: u64, served: u64, all: u64) -> u64 {
    let part = (u128::from(disk) * u128::from(served)).checked_div(u128::from(all));
    part.and_then(|part| u64::try_from(part).ok()).unwrap_or(0)
}
