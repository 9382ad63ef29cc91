//! What could not be read a moment ago: asked for again, it is not worked through again.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use universal_p2p_core::Error;

/// How many are remembered.
const MOST: usize = 256;

/// For how long: a damaged archive stays damaged, but its bytes may have been at fault on the way.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// Errors by what was asked for, which stand for its bytes.
pub(crate) struct Failures<K> {
    known: Mutex<HashMap<K, (Error, Instant)>>,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
        }
    }
}

impl<K: Clone + Eq + Hash> Failures<K> {
    /// Why this could not be read a moment ago.
    pub(crate) fn get(&self, key: &K) -> Option<Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (error, since) = known.get(key)?;
        if since.elapsed() < LONGEST {
            return Some(error.clone());
        }
        known.remove(key);
        None
    }

    /// Remembers an error that lies in the bytes themselves; no other, which may be gone the next time.
    pub(crate) fn note(&self, key: &K, error: &Error) {
        if !matches!(
            error,
            Error::Corrupt { .. } | Error::Unsupported { .. } | Error::Encrypted { .. }
        ) {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, since)| since.elapsed() < LONGEST);
        if known.len() >= MOST {
            let oldest = known.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                known.remove(&oldest);
            }
        }
        known.insert(key.clone(), (error.clone(), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_bytes_is_remembered() {
        let failures = Failures::default();
        failures.note(&1, &Error::Stopping);
        assert!(failures.get(&1).is_none());
        let what = "it".to_owned();
        failures.note(&1, &Error::Corrupt { what });
        assert!(matches!(failures.get(&1), Some(Error::Corrupt { .. })));
        assert!(failures.get(&2).is_none());
    }

    #[test]
    fn only_so_many_are_remembered() {
        let failures = Failures::default();
        for number in 0..3 * MOST {
            let what = number.to_string();
            failures.note(&number, &Error::Corrupt { what });
        }
        let known = (0..3 * MOST).filter(|number| failures.get(number).is_some());
        assert_eq!(known.count(), MOST);
        assert!(failures.get(&(3 * MOST - 1)).is_some(), "the newest stay");
    }
}
