//! What the content plane does not give out.

use std::sync::Arc;

use anyhow::{Context, Result};
use universal_p2p_core::{Backend, Item};
use universal_p2p_gateway::{Ban, Blocked};

/// What stands before an id that is not wanted here, without a law against it.
const UNWANTED: &str = "gone:";

/// Reads the key `listen.blocked`. Ids of backends that are off are left out: nobody asks for them.
///
/// # Errors
/// What is wrong with an entry.
pub(crate) fn blocked(entries: &[String], backends: &[Arc<dyn Backend>]) -> Result<Blocked> {
    let mut blocked = Blocked::default();
    for entry in entries {
        let (id, ban) = match entry.strip_prefix(UNWANTED) {
            Some(id) => (id, Ban::Unwanted),
            None => (entry.as_str(), Ban::Legal),
        };
        let split = id.split_once('/');
        let (protocol, id) = split.with_context(|| {
            format!("listen.blocked: \"{entry}\" is no <protocol>/<id>, such as ipfs/bafy…")
        })?;
        let named = backends
            .iter()
            .filter(|backend| backend.protocol() == protocol);
        for backend in named {
            let found = backend.canonical(id);
            let (id, _) = found.with_context(|| format!("listen.blocked: \"{entry}\""))?;
            let protocol = backend.protocol();
            blocked.add(&Item { protocol, id }, ban);
        }
    }
    Ok(blocked)
}
