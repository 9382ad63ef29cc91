//! The one error of all crates. A variant is named for what its reader can do about it.

use std::{sync::Arc, time::Duration};

/// The result of everything that can fail on the way of a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request could not be answered. Cheap to clone, because many readers may share one failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The id is malformed.
    #[error("this is not a valid id: {why}")]
    BadId {
        /// What is wrong and what a right one looks like.
        why: String,
    },
    /// The path or a parameter is malformed.
    #[error("{why}")]
    BadAddress {
        /// What is wrong and what a right one looks like.
        why: String,
    },
    /// The configuration or the safety rules forbid a source that the request names.
    #[error("{source_name} is not allowed as a source: {why}")]
    ForbiddenSource {
        /// The peer, tracker or webseed.
        source_name: String,
        /// The rule, and the configuration key that lifts it.
        why: String,
    },
    /// It is there, and cannot be read without a password.
    #[error("{what} is encrypted; passwords are not supported")]
    Encrypted {
        /// What is encrypted.
        what: String,
    },
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The format or the form of id is known, and cannot be served.
    #[error("not supported: {what}")]
    Unsupported {
        /// What it is, and what to use instead.
        what: String,
    },
    /// What the network gave does not match its address, or is damaged.
    #[error("damaged content: {what}")]
    Corrupt {
        /// What is damaged.
        what: String,
    },
    /// A limit on concurrent work is reached.
    #[error("too much at once: {what}")]
    Busy {
        /// Which limit, and the configuration key that raises it.
        what: String,
        /// When to come back.
        retry_after: Duration,
    },
    /// Nobody could be reached who may have it.
    #[error("no peer could be reached (after {} s); {cure}", waited.as_secs())]
    NoPeers {
        /// How long it was looked for.
        waited: Duration,
        /// What may help.
        cure: String,
    },
    /// Nobody was found who has it, whoever else was reached.
    #[error("nobody was found who has it (after {} s); {cure}", waited.as_secs())]
    NoProviders {
        /// How long it was looked for.
        waited: Duration,
        /// What may help.
        cure: String,
    },
    /// Peers were found, but none gave the metadata.
    #[error("{peers} peers were found, but none sent the metadata within {} s", waited.as_secs())]
    NoMetadata {
        /// How long it was waited for.
        waited: Duration,
        /// How many peers were reached.
        peers: usize,
    },
    /// The bytes stopped coming.
    #[error("no byte arrived for {} s; {peers} peers are connected", waited.as_secs())]
    Stalled {
        /// How long nothing came.
        waited: Duration,
        /// How many peers were connected then.
        peers: usize,
    },
    /// Something that this machine runs, or that the configuration names, does not answer.
    #[error("{what} does not answer; {cure}")]
    Unavailable {
        /// What does not answer.
        what: String,
        /// What may help.
        cure: String,
    },
    /// It is not on this machine, and nobody else may be asked.
    #[error("{what} is not on this machine, and only what is held was asked for")]
    NotHeld {
        /// What is not there.
        what: String,
    },
    /// There is no room on disk.
    #[error("no room on disk: {why}")]
    NoSpace {
        /// What holds the space, and what frees it.
        why: String,
    },
    /// The agent is stopping.
    #[error("the agent is stopping; start it again and retry")]
    Stopping,
    /// The own machine failed: a disk error or a bug. The details are logged, not sent.
    #[error("{doing}: {cause}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Wraps a failure of the own machine.
    pub fn internal(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal {
            doing,
            cause: Arc::from(cause.into()),
        }
    }
}
