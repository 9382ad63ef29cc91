//! Trackers that speak HTTP (BEP 3).

use std::{fmt::Write, time::Duration};

use reqwest::{Client, StatusCode, header};
use url::Url;

use super::{Announcement, Event, answer, answer::Answer, failure::Failure};

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;
/// The longest wait for one.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Announces.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn announce(
    http: &Client,
    url: &Url,
    announcement: &Announcement,
    tracker_id: Option<&[u8]>,
) -> Result<Answer, Failure> {
    let url = with_query(url, announcement, tracker_id);
    // The next announcement is a minute away at least: a connection kept would be closed by then.
    let request = http.get(url).header(header::CONNECTION, "close");
    let mut response = request.timeout(TIMEOUT).send().await?;
    if response.status() != StatusCode::OK {
        return Err(Failure::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > LONGEST_ANSWER {
            return Err(Failure::Damaged);
        }
        body.extend_from_slice(&part);
    }
    answer::parse(&body)
}

/// The URL with what is announced; what it had as its query (a user's secret) stays in front.
fn with_query(url: &Url, announcement: &Announcement, tracker_id: Option<&[u8]>) -> Url {
    let mut query = url
        .query()
        .map_or_else(String::new, |old| format!("{old}&"));
    let totals = announcement.totals;
    let parts = [
        ("info_hash", encode(&announcement.infohash.0)),
        ("peer_id", encode(&announcement.me.peer_id.0)),
        ("port", announcement.me.port.to_string()),
        ("uploaded", totals.uploaded.to_string()),
        ("downloaded", totals.downloaded.to_string()),
        ("left", totals.left.to_string()),
        ("numwant", announcement.wanted().to_string()),
        ("key", format!("{:08x}", announcement.key)),
    ];
    for (name, value) in parts {
        write!(query, "{name}={value}&").expect("a string can be written to");
    }
    query.push_str("compact=1&no_peer_id=1");
    let event = match announcement.event {
        Event::None => "",
        Event::Completed => "&event=completed",
        Event::Started => "&event=started",
        Event::Stopped => "&event=stopped",
    };
    query.push_str(event);
    if let Some(id) = tracker_id {
        write!(query, "&trackerid={}", encode(id)).expect("a string can be written to");
    }
    let mut url = url.clone();
    url.set_query(Some(&query));
    url.set_fragment(None);
    url
}

/// Every byte as `%xx`, which is right for all of them.
fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").expect("a string can be written to");
        text
    })
}
