//! One tracker, by one way of reaching it.

use librqbit_dualstack_sockets::BindDevice;
use reqwest::Client;
use tracing::debug;
use url::{Host, Url};

use super::{Announcement, answer::Answer, failure::Failure, udp, web};
use crate::policy::Policy;

/// The longest id that we send back to a tracker.
const LONGEST_ID: usize = 256;

/// One tracker, by one way of reaching it: a UDP tracker is asked over IPv4 and over IPv6, because
/// it tells peers of the family that it is asked over.
pub(super) struct Tracker {
    url: Url,
    policy: Policy,
    way: Way,
    tracker_id: Option<Vec<u8>>,
}

enum Way {
    Http(Client),
    Udp(udp::Tracker),
}

impl Tracker {
    /// The ways to a tracker; none where it speaks a protocol that we do not.
    pub(super) fn of(
        url: &Url,
        policy: Policy,
        http: &Client,
        device: Option<&BindDevice>,
    ) -> Vec<Self> {
        let new = |way| Self {
            url: url.clone(),
            policy,
            way,
            tracker_id: None,
        };
        let udp = |is_v6| new(Way::Udp(udp::Tracker::new(policy, device.cloned(), is_v6)));
        match url.scheme() {
            "http" | "https" => vec![new(Way::Http(http.clone()))],
            "udp" => match url.host() {
                Some(Host::Ipv4(_)) => vec![udp(false)],
                Some(Host::Ipv6(_)) => vec![udp(true)],
                _ => vec![udp(false), udp(true)],
            },
            _ => Vec::new(),
        }
    }

    /// Announces once.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn ask(&mut self, announcement: &Announcement) -> Result<Answer, Failure> {
        let checked = self.policy.check_url(self.url.clone());
        checked.map_err(|_| Failure::Address)?;
        let answer = match &mut self.way {
            Way::Http(http) => {
                web::announce(http, &self.url, announcement, self.tracker_id.as_deref()).await?
            }
            Way::Udp(udp) => udp.announce(&self.url, announcement).await?,
        };
        if let Some(id) = &answer.tracker_id
            && id.len() <= LONGEST_ID
        {
            self.tracker_id = Some(id.clone());
        }
        Ok(answer)
    }

    /// Logs a failure, without the secret that a URL may hold.
    pub(super) fn note(&self, answer: Result<Answer, Failure>) -> Option<Answer> {
        let host = self.url.host_str().unwrap_or_default();
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                debug!(%error, tracker = host, "a tracker gave nothing");
                None
            }
        }
    }
}
