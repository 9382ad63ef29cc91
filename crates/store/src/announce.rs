//! Those who told others of chunks, and have to take that back before the chunks go.

/// Somebody who offers chunks of an object to others: a swarm to its peers.
pub trait Announcer: Send + Sync {
    /// Takes chunks back. From then on, and until the result is dropped, nobody is told of them,
    /// offered them or asked for them.
    ///
    /// It is called on a thread that may block, but has to return within seconds.
    fn withdraw(&self, chunks: &[u32]) -> Box<dyn Withdrawn>;
}

/// Chunks that were taken back.
#[must_use = "when it is dropped the chunks may be fetched and offered again"]
pub trait Withdrawn: Send {
    /// The chunks that may really go: perhaps fewer than were asked for.
    fn chunks(&self) -> &[u32];
}
