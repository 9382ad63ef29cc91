//! What people bring along: addresses that they copied somewhere, and how a resource is doing.

use crate::{Error, Hints, Id, Result};

/// How a resource is doing in its network at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Peers connected now that may have something of it.
    pub peers: u64,
    /// Bytes per second coming in now, where the network counts them by resource.
    pub speed: Option<u64>,
}

/// What an address names that was copied from somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    /// The resource.
    pub id: Id,
    /// Where it may be found, as far as the address says.
    pub hints: Hints,
    /// The names below it, decoded: hostile text.
    pub path: Vec<String>,
}

impl Recognized {
    /// A resource itself.
    #[must_use]
    pub fn new(id: Id, hints: Hints) -> Self {
        Self {
            id,
            hints,
            path: Vec::new(),
        }
    }

    /// What a spelling of an id names; none where it is no spelling of one.
    #[must_use]
    pub fn of(canonical: Result<(Id, Hints)>) -> Option<Result<Self>> {
        match canonical {
            Ok((id, hints)) => Some(Ok(Self::new(id, hints))),
            Err(Error::BadId { .. }) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
