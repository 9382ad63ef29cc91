//! Why a tracker gave nothing.

/// Why a tracker gave nothing. It names no URL, for that may hold a secret of the user.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It has no address of this family that may be used.
    #[error("it has no address that may be used")]
    Address,
    /// It said no.
    #[error("it says: {0}")]
    Refused(String),
    /// It answered with another status than 200.
    #[error("it answers with status {0}")]
    Status(u16),
    /// Its answer is not one, or larger than any has to be.
    #[error("its answer is damaged")]
    Damaged,
    /// It did not answer.
    #[error("it does not answer")]
    Silent,
    /// It could not be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// It could not be reached by HTTP.
    #[error("it cannot be reached: {0}")]
    Http(reqwest::Error),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

impl Failure {
    /// What a tracker said, cut to a length that can be logged.
    pub(super) fn refused(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let printable = text.chars().filter(|letter| !letter.is_control());
        Self::Refused(printable.take(200).collect())
    }
}
