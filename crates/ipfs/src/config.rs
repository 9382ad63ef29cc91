//! What can be set.

use std::time::Duration;

use universal_p2p_core::Dial;

/// The settings of the backend that do not belong to one source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest wait for a block that tells what something is. It may be turned while it is used.
    pub metadata: Dial<Duration>,
}
