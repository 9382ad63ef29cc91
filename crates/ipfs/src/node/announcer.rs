//! Which roots are announced in the DHT: those that are held here, the latest used first.

use std::{collections::HashSet, sync::Arc, time::Duration};

use cid::Cid;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Held, call::Call, desk::Desk, records::OWN};

/// How often it is looked at what is held.
const EVERY: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });

/// Announces what comes, and takes back what goes, until the node stops.
pub(super) async fn run(held: Arc<dyn Held>, desk: Arc<Desk>, stop: CancellationToken) {
    let mut announced = HashSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(EVERY) => {}
        }
        let now: HashSet<Cid> = held.roots(OWN).await.into_iter().take(OWN).collect();
        for gone in announced.difference(&now) {
            desk.call(Call::Withdraw(*gone));
        }
        // What the desk has no room for is tried again the next time.
        let known = |root: &Cid| announced.contains(root) || desk.call(Call::Provide(*root));
        announced = now.into_iter().filter(known).collect();
    }
}
