//! What takes effect at once when it is changed.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use universal_p2p_core::{Dial, Priority, ReadCx};
use universal_p2p_store::Store;

use crate::{config::Config, logging::Loudness};

/// The keys of what takes effect at once.
const KEYS: [&str; 10] = [
    "disk.limit",
    "disk.keep_free",
    "timeouts.metadata",
    "timeouts.first_byte",
    "timeouts.stall",
    "limits.streams",
    "limits.streams_per_client",
    "bittorrent.upload_limit",
    "ipfs.upload_limit",
    "log.level",
];

/// Whether a change takes effect at once.
pub(super) fn is_live(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Values that parts of the agent look up whenever they need them.
#[derive(Clone)]
pub(crate) struct Dials {
    pub(crate) metadata: Dial<Duration>,
    pub(crate) first_byte: Dial<Duration>,
    pub(crate) stall: Dial<Duration>,
    /// How archives are read.
    pub(crate) reading: Dial<ReadCx>,
    pub(crate) streams: Dial<usize>,
    pub(crate) streams_per_client: Dial<usize>,
    pub(crate) bittorrent_upload: Dial<Option<NonZeroU32>>,
    pub(crate) ipfs_upload: Dial<Option<NonZeroU32>>,
}

impl Dials {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            metadata: Dial::new(config.timeouts.metadata.0),
            first_byte: Dial::new(config.timeouts.first_byte.0),
            stall: Dial::new(config.timeouts.stall.0),
            reading: Dial::new(reading(config)),
            streams: Dial::new(config.limits.streams),
            streams_per_client: Dial::new(config.limits.streams_per_client),
            bittorrent_upload: Dial::new(config.bittorrent.upload_limit.0),
            ipfs_upload: Dial::new(config.ipfs.upload_limit.0),
        }
    }

    fn set(&self, config: &Config) {
        self.metadata.set(config.timeouts.metadata.0);
        self.first_byte.set(config.timeouts.first_byte.0);
        self.stall.set(config.timeouts.stall.0);
        self.reading.set(reading(config));
        self.streams.set(config.limits.streams);
        self.streams_per_client
            .set(config.limits.streams_per_client);
        self.bittorrent_upload.set(config.bittorrent.upload_limit.0);
        self.ipfs_upload.set(config.ipfs.upload_limit.0);
    }
}

fn reading(config: &Config) -> ReadCx {
    ReadCx {
        first_byte: config.timeouts.first_byte.0,
        stall: config.timeouts.stall.0,
        priority: Priority::Interactive,
    }
}

/// Everything that can be changed at once.
pub(crate) struct Live {
    pub(crate) dials: Dials,
    /// None while nothing is kept, as in tests.
    pub(crate) store: Option<Arc<Store>>,
    pub(crate) loudness: Option<Loudness>,
}

impl Live {
    /// Changes all of it to what the configuration says.
    pub(super) fn set(&self, config: &Config) {
        self.dials.set(config);
        if let Some(store) = &self.store {
            store.set_limits(config.disk.limit.0, config.disk.keep_free.0);
        }
        if let Some(loudness) = &self.loudness {
            loudness.set(config.log.level);
        }
    }
}
