//! What can be set.

use std::time::Duration;

/// The settings of the backend that do not belong to one source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest wait for a block that tells what something is.
    pub metadata: Duration,
}
