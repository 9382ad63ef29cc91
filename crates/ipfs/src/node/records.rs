//! What the node keeps for the DHT: who has what. Never values.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    time::Instant,
};

use libp2p::{
    PeerId,
    kad::{
        K_VALUE, ProviderRecord, Record, RecordKey,
        store::{Error, RecordStore, Result},
    },
};

/// The most that is announced of what is held here.
pub(super) const OWN: usize = 1024;

/// The most that is remembered of what others have.
const OTHERS: usize = 8192;

/// The most addresses of one record that are remembered.
const ADDRESSES: usize = 4;

/// The longest key, in bytes: a multihash.
const KEY: usize = 80;

/// Who has what.
pub(super) struct Records {
    id: PeerId,
    own: HashMap<RecordKey, ProviderRecord>,
    others: HashMap<RecordKey, Vec<ProviderRecord>>,
    /// What others have, the oldest first.
    order: VecDeque<(RecordKey, PeerId)>,
}

impl Records {
    pub(super) fn new(id: PeerId) -> Self {
        Self {
            id,
            own: HashMap::new(),
            others: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    fn add_own(&mut self, record: ProviderRecord) -> Result<()> {
        if self.own.len() >= OWN && !self.own.contains_key(&record.key) {
            return Err(Error::MaxProvidedKeys);
        }
        self.own.insert(record.key.clone(), record);
        Ok(())
    }

    fn add_other(&mut self, mut record: ProviderRecord) {
        record.addresses.truncate(ADDRESSES);
        let known = self.others.entry(record.key.clone()).or_default();
        if let Some(same) = known
            .iter_mut()
            .find(|same| same.provider == record.provider)
        {
            *same = record;
            return;
        }
        if known.len() >= K_VALUE.get() {
            return;
        }
        self.order.push_back((record.key.clone(), record.provider));
        known.push(record);
        while self.order.len() > OTHERS
            && let Some((key, provider)) = self.order.pop_front()
        {
            self.forget(&key, &provider);
        }
    }

    fn forget(&mut self, key: &RecordKey, provider: &PeerId) {
        if let Some(known) = self.others.get_mut(key) {
            known.retain(|record| record.provider != *provider);
            if known.is_empty() {
                self.others.remove(key);
            }
        }
    }
}

impl RecordStore for Records {
    type RecordsIter<'a> = std::iter::Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = std::vec::IntoIter<Cow<'a, ProviderRecord>>;

    fn get(&self, _: &RecordKey) -> Option<Cow<'_, Record>> {
        None
    }

    fn put(&mut self, _: Record) -> Result<()> {
        Err(Error::MaxRecords)
    }

    fn remove(&mut self, _: &RecordKey) {}

    fn records(&self) -> Self::RecordsIter<'_> {
        std::iter::empty()
    }

    fn add_provider(&mut self, record: ProviderRecord) -> Result<()> {
        if record.key.as_ref().len() > KEY {
            return Err(Error::ValueTooLarge);
        }
        if record.provider == self.id {
            return self.add_own(record);
        }
        self.add_other(record);
        Ok(())
    }

    fn providers(&self, key: &RecordKey) -> Vec<ProviderRecord> {
        let now = Instant::now();
        let others = self.others.get(key).into_iter().flatten();
        let others = others.filter(|record| !record.is_expired(now));
        self.own
            .get(key)
            .into_iter()
            .chain(others)
            .cloned()
            .collect()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        let own: Vec<_> = self.own.values().map(Cow::Borrowed).collect();
        own.into_iter()
    }

    fn remove_provider(&mut self, key: &RecordKey, provider: &PeerId) {
        if *provider == self.id {
            self.own.remove(key);
            return;
        }
        self.order
            .retain(|(known, peer)| known != key || peer != provider);
        self.forget(key, provider);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, provider: PeerId) -> ProviderRecord {
        ProviderRecord::new(number.to_le_bytes().to_vec(), provider, Vec::new())
    }

    #[test]
    fn what_others_announce_is_bounded_and_leaves_the_own_alone() {
        let id = PeerId::random();
        let mut records = Records::new(id);
        records.add_provider(record(0, id)).unwrap();
        let others: Vec<PeerId> = (0..30).map(|_| PeerId::random()).collect();
        for provider in &others {
            records.add_provider(record(0, *provider)).unwrap();
        }
        assert_eq!(
            records.providers(&record(0, id).key).len(),
            1 + K_VALUE.get()
        );
        for number in 1..3 * OTHERS {
            records.add_provider(record(number, others[0])).unwrap();
        }
        assert_eq!(records.order.len(), OTHERS);
        assert_eq!(records.others.len(), OTHERS);
        assert_eq!(records.providers(&record(0, id).key).len(), 1);
        assert_eq!(records.provided().count(), 1);
        let long = ProviderRecord::new(vec![0; 81], others[0], Vec::new());
        assert!(records.add_provider(long).is_err());
    }

    #[test]
    fn the_own_is_bounded() {
        let id = PeerId::random();
        let mut records = Records::new(id);
        let added = (0..2 * OWN).filter(|number| records.add_provider(record(*number, id)).is_ok());
        assert_eq!(added.count(), OWN);
    }
}
