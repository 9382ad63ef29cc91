//! Following names to content.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::{Dial, Error, Result};

use super::{
    Kept, Name, Record, Records, Resolver,
    known::{Answer, Known},
    lead::{self, To},
};

/// How many names lead to one another.
const MOST_HOPS: usize = 16;

/// How long a good record is held against what others may still have.
const GRACE: Duration = Duration::from_millis(500);

/// Records of one source that are looked at.
const MOST_RECORDS: usize = 32;

/// For how long content is named by a name at most.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// For how long an answer is fresh that could not be looked up again.
const STALE: Duration = Duration::from_secs(60);

/// Everybody who knows where names lead.
pub struct Names {
    /// Who has records of keys. All are asked at once.
    pub records: Vec<Arc<dyn Records>>,
    /// Who looks domains up.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// Where the last good record of each key stays.
    pub kept: Option<Arc<dyn Kept>>,
    /// The longest wait for one name. It may be turned while names are followed.
    pub within: Dial<Duration>,
}

/// Where a name leads in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) cid: Cid,
    pub(super) path: Vec<String>,
    pub(super) fresh_for: Duration,
}

/// How far a name was followed.
struct Way {
    path: Vec<String>,
    fresh_for: Duration,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            path: Vec::new(),
            fresh_for: LONGEST,
        }
    }
}

impl Way {
    /// Goes on to content, or to the next name.
    fn go(&mut self, answer: &Answer) -> Result<Target, Name> {
        self.fresh_for = self.fresh_for.min(answer.fresh_for(Instant::now()));
        // What was below the name before stands below where this one leads.
        let below = std::mem::replace(&mut self.path, answer.lead.path.clone());
        self.path.extend(below);
        match &answer.lead.to {
            To::Name(next) => Err(next.clone()),
            To::Content(cid) => Ok(Target {
                cid: *cid,
                path: std::mem::take(&mut self.path),
                fresh_for: self.fresh_for,
            }),
        }
    }
}

/// Names as they were found, and those who find them.
pub(super) struct Follower {
    names: Names,
    known: Known,
}

impl Follower {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            known: Known::default(),
        }
    }

    /// Follows a name to content, through other names.
    pub(super) async fn follow(&self, name: &Name) -> Result<Target> {
        let (mut name, mut way) = (name.clone(), Way::default());
        for _ in 0..MOST_HOPS {
            match way.go(&self.step(&name).await?) {
                Ok(target) => return Ok(target),
                Err(next) => name = next,
            }
        }
        Err(Error::Corrupt {
            what: format!("a name that leads through more than {MOST_HOPS} others"),
        })
    }

    /// Follows a name by what is known, without looking anything up.
    pub(super) fn at_hand(&self, name: &Name) -> Option<Target> {
        let (mut name, mut way) = (name.clone(), Way::default());
        for _ in 0..MOST_HOPS {
            match way.go(&self.known.last(&name)?) {
                Ok(target) => return Some(target),
                Err(next) => name = next,
            }
        }
        None
    }

    pub(super) fn forget(&self, name: &Name) {
        self.known.forget(name);
    }

    /// Where one name leads.
    async fn step(&self, name: &Name) -> Result<Answer> {
        if let Some(answer) = self.known.fresh(name) {
            return Ok(answer);
        }
        let _turn = self.known.turn(name).await;
        // Another may have looked meanwhile.
        if let Some(answer) = self.known.fresh(name) {
            return Ok(answer);
        }
        let found = match name {
            Name::Key(hash) => self.by_record(name, hash).await,
            Name::Domain(domain) => self.by_domain(domain).await,
        };
        let answer = match (found, self.known.last(name)) {
            (Ok(answer), _) => answer,
            // What nobody can say now was true when it was last said.
            (
                Err(Error::Unavailable { .. } | Error::NoProviders { .. } | Error::Busy { .. }),
                Some(last),
            ) => Answer {
                fresh_until: (Instant::now() + STALE).min(last.good_until),
                ..last
            },
            (Err(error), _) => return Err(error),
        };
        self.known.put(name, answer.clone());
        Ok(answer)
    }

    async fn by_domain(&self, domain: &str) -> Result<Answer> {
        let resolver = self.names.resolver.as_ref();
        let resolver = resolver.ok_or_else(|| Error::Unavailable {
            what: "DNS".into(),
            cure: "network.scope = \"internet\" allows it".into(),
        })?;
        for asked in [format!("_dnslink.{domain}"), domain.to_owned()] {
            if let Some(found) = resolver.texts(&asked, self.names.within.get()).await?
                && let Some(lead) = lead::of_texts(&found.texts)
            {
                return Ok(Answer::new(lead?, found.ttl.min(LONGEST), None));
            }
        }
        Err(Error::NotFound {
            what: format!("DNSLink of {domain} (a TXT record of _dnslink.{domain})"),
        })
    }

    /// The best record of a key, looked for anew.
    pub(super) async fn record(&self, name: &Name) -> Result<Record> {
        let Name::Key(hash) = name else {
            return Err(Error::NotFound {
                what: "record of a domain; its DNSLink is a TXT record".into(),
            });
        };
        let _turn = self.known.turn(name).await;
        self.best(name, hash, SystemTime::now()).await
    }

    async fn by_record(&self, name: &Name, hash: &Multihash<64>) -> Result<Answer> {
        let now = SystemTime::now();
        let record = self.best(name, hash, now).await?;
        let lead = lead::parse(&record.value)?;
        let good_for = record.valid_until.duration_since(now).unwrap_or_default();
        Ok(Answer::new(lead, record.ttl.min(LONGEST), Some(good_for)))
    }

    /// The newest of the good records that anybody has and the one that is kept, and keeps it.
    async fn best(&self, name: &Name, hash: &Multihash<64>, now: SystemTime) -> Result<Record> {
        let id = name.id()?;
        let kept = match &self.names.kept {
            Some(kept) => kept.read(&id).await,
            None => None,
        };
        let kept = kept.and_then(|bytes| Record::check(hash, bytes, now).ok());
        match (self.newest(name, hash, now).await, kept) {
            (Ok(found), Some(kept)) if found.newer(&kept).is_le() => Ok(kept),
            (Ok(found), _) => {
                if let Some(kept) = &self.names.kept {
                    kept.write(&id, found.bytes.clone()).await;
                }
                Ok(found)
            }
            (Err(_), Some(mut kept)) => {
                kept.ttl = kept.ttl.min(STALE);
                Ok(kept)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// The newest good record that anybody has.
    async fn newest(&self, name: &Name, hash: &Multihash<64>, now: SystemTime) -> Result<Record> {
        let (started, within) = (Instant::now(), self.names.within.get());
        let mut until = started + within;
        let sources = self.names.records.iter();
        let mut asked: FuturesUnordered<_> =
            sources.map(|source| source.records(name, within)).collect();
        let (mut best, mut worst): (Option<Record>, Option<Error>) = (None, None);
        while let Ok(Some(answer)) = timeout_at(until, asked.next()).await {
            let records: Vec<Bytes> = match answer {
                Ok(records) => records,
                Err(error) => {
                    worst.get_or_insert(error);
                    continue;
                }
            };
            for bytes in records.into_iter().take(MOST_RECORDS) {
                match Record::check(hash, bytes, now) {
                    Ok(record) => {
                        until = until.min(Instant::now() + GRACE);
                        if best.as_ref().is_none_or(|best| record.newer(best).is_gt()) {
                            best = Some(record);
                        }
                    }
                    Err(bad) => {
                        let what = format!("a record of {name}: {bad}");
                        worst = Some(Error::Corrupt { what });
                    }
                }
            }
        }
        best.ok_or_else(|| {
            worst.unwrap_or_else(|| Error::NoProviders {
                waited: started.elapsed(),
                cure: "nobody has a record of this name; its publisher may be away".into(),
            })
        })
    }
}

#[cfg(test)]
mod tests;
