//! x
use std::sync::Arc;
use universal_p2p_core::{ByteStream, Item, Site};
/// s
pub struct Store;
impl Store {
    /// l
    pub fn lease(self: &Arc<Self>, item: Item, site: Site) -> Lease { let _ = (item, site); Lease }
}
/// l
#[must_use = "x"]
pub struct Lease;
impl Lease {
    /// t
    pub fn track(self, stream: ByteStream) -> ByteStream { stream }
}
