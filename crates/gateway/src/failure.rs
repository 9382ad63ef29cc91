//! Why a request was not answered with what it asked for.

use universal_p2p_core::Error;

use crate::Ban;

/// A refusal of the gateway itself, or an error from below.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something below failed.
    Below(Error),
    /// The Host is not one of ours.
    WrongHost,
    /// Neither GET nor HEAD nor OPTIONS.
    MethodNotAllowed,
    /// The token is missing or wrong.
    Unauthorized,
    /// It is on the block list.
    Blocked(Ban),
    /// It is not to be had in the form that is wanted.
    NotAcceptable {
        /// What it is, and how it can be had.
        what: String,
    },
    /// `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed,
    /// No range of the request lies within the file.
    RangeNotSatisfiable {
        /// The file's length in bytes.
        length: u64,
    },
}

impl Failure {
    /// A request that is malformed in a way that its sender can mend.
    pub(crate) fn malformed(why: &str) -> Self {
        Self::Below(Error::BadAddress { why: why.into() })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Below(error)
    }
}
