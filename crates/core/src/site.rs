//! Who asked: the site a stream is booked to, and how well that is known.

use std::sync::Arc;

/// How well the asking site is known, best first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The browser named it in `Origin`.
    Origin,
    /// The browser named it in `Referer`.
    Referer,
    /// The page said so itself with `from=`; taken only where `Origin` is absent or `null`.
    Claimed,
    /// Nobody said anything.
    Unknown,
}

/// The site that a stream is booked to. A booking gives no rights.
///
/// `name` is hostile text: it is length-limited by whoever makes it and escaped wherever it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The site's name; empty for [`Evidence::Unknown`].
    pub name: Arc<str>,
    /// How well the name is known.
    pub evidence: Evidence,
}

impl Site {
    /// A stream whose site nobody named.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            name: "".into(),
            evidence: Evidence::Unknown,
        }
    }
}
