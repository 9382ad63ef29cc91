//! The packets of BEP 15, and the option of BEP 41 that carries the path of the URL.

use std::time::Duration;

use url::Url;

use super::super::{
    Announcement, Event,
    answer::{Answer, compact},
    failure::Failure,
};

/// What stands for a connection id in the first packet.
pub(super) const PROTOCOL: u64 = 0x0417_2710_1980;

const ERROR: u32 = 3;
/// The option "URLData", and the longest part that one of them carries.
const URL_DATA: u8 = 2;
const LONGEST_PART: usize = 255;
/// The longest path that is sent.
const LONGEST_PATH: usize = 1000;

/// What a packet asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A connection id.
    Connect = 0,
    /// Peers.
    Announce = 1,
}

/// What follows the transaction id in a reply.
#[derive(Debug)]
pub(super) struct Reply(Vec<u8>);

/// Asks for a connection id.
pub(super) fn connect(transaction: u32) -> Vec<u8> {
    let mut packet = PROTOCOL.to_be_bytes().to_vec();
    packet.extend((Action::Connect as u32).to_be_bytes());
    packet.extend(transaction.to_be_bytes());
    packet
}

/// Announces.
pub(super) fn announce(
    connection: u64,
    transaction: u32,
    announcement: &Announcement,
    url: &Url,
) -> Vec<u8> {
    let event: u32 = match announcement.event {
        Event::None => 0,
        Event::Completed => 1,
        Event::Started => 2,
        Event::Stopped => 3,
    };
    let totals = announcement.totals;
    let mut packet = connection.to_be_bytes().to_vec();
    packet.extend((Action::Announce as u32).to_be_bytes());
    packet.extend(transaction.to_be_bytes());
    packet.extend(announcement.infohash.0);
    packet.extend(announcement.me.peer_id.0);
    packet.extend(totals.downloaded.to_be_bytes());
    packet.extend(totals.left.to_be_bytes());
    packet.extend(totals.uploaded.to_be_bytes());
    packet.extend(event.to_be_bytes());
    // Our address, which it sees.
    packet.extend(0_u32.to_be_bytes());
    packet.extend(announcement.key.to_be_bytes());
    packet.extend(announcement.wanted().to_be_bytes());
    packet.extend(announcement.me.port.to_be_bytes());
    url_data(&mut packet, url);
    packet
}

fn url_data(packet: &mut Vec<u8>, url: &Url) {
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    if path.len() <= 1 || path.len() > LONGEST_PATH {
        return;
    }
    for part in path.as_bytes().chunks(LONGEST_PART) {
        packet.push(URL_DATA);
        packet.push(u8::try_from(part.len()).expect("255 at most"));
        packet.extend(part);
    }
}

/// The reply to a transaction, or `None` where a packet is none.
pub(super) fn reply(
    packet: &[u8],
    transaction: u32,
    action: Action,
) -> Option<Result<Reply, Failure>> {
    let (head, rest) = packet.split_first_chunk::<8>()?;
    if number(head, 4)? != transaction {
        return None;
    }
    match number(head, 0)? {
        ERROR => Some(Err(Failure::refused(rest))),
        number if number == action as u32 => Some(Ok(Reply(rest.to_vec()))),
        _ => None,
    }
}

impl Reply {
    /// The connection id.
    pub(super) fn connection_id(&self) -> Option<u64> {
        let id = self.0.first_chunk::<8>()?;
        Some(u64::from_be_bytes(*id))
    }

    /// The peers and the interval. The numbers of leechers and seeders are of no use to us.
    pub(super) fn answer(&self, is_v6: bool) -> Option<Answer> {
        let (head, peers) = self.0.split_first_chunk::<12>()?;
        let interval = Duration::from_secs(number(head, 0)?.into());
        Some(Answer {
            interval: Some(interval),
            peers: compact(peers, is_v6),
            ..Answer::default()
        })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}
