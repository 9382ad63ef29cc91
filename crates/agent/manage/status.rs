//! How the agent is doing, in words.

use super::{
    reports::{Disk, Status, Stream, Streams},
    words::{ago, bytes, count, printable, span},
};

/// How many streams are named; of the others there is only the number.
const NAMED: usize = 20;

/// The whole text.
pub(crate) fn text(status: &Status, streams: &Streams, now: u64) -> String {
    let Status {
        version,
        content,
        uptime_seconds,
        disk,
    } = status;
    let mut text = format!(
        "universal-p2p {}, up for {}, at {}\n",
        printable(version),
        span(*uptime_seconds),
        printable(content)
    );
    text += &room(disk);
    if let Some(last) = &disk.last_collection {
        text += &format!(
            "collected  {}: {} freed of {} ({})\n",
            ago(now, last.at),
            bytes(last.freed),
            count(last.items, "item"),
            printable(&last.reason).replace('_', " "),
        );
    }
    let streams = &streams.streams;
    text += &format!("streams    {}\n", streams.len());
    for stream in streams.iter().take(NAMED) {
        text += &line(stream, now);
    }
    if streams.len() > NAMED {
        text += &format!("           and {} more\n", streams.len() - NAMED);
    }
    text
}

fn room(disk: &Disk) -> String {
    let Disk {
        limit,
        keep_free,
        used,
        free,
        ..
    } = disk;
    let counting = if disk.counted {
        ""
    } else {
        " (still counting)"
    };
    format!(
        "disk       {} of {} used{counting}, {} free, of which {} stay free\n\
         items      {}\n\
         pinned     {}\n\
         in use     {}\n",
        bytes(*used),
        bytes(*limit),
        bytes(*free),
        bytes(*keep_free),
        disk.items,
        bytes(disk.pinned),
        bytes(disk.in_use),
    )
}

fn line(stream: &Stream, now: u64) -> String {
    let site = match stream.site.as_str() {
        "" => "somebody".to_owned(),
        site => format!("{} ({})", printable(site), printable(&stream.evidence)),
    };
    format!(
        "           {}/{} by {site}: {} in {}\n",
        printable(&stream.protocol),
        printable(&stream.id),
        bytes(stream.served),
        span(now.saturating_sub(stream.since)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manage::reports::Collection;

    #[test]
    fn everything_is_told_and_nothing_moves_the_cursor() {
        let disk = Disk {
            limit: 20_000_000_000,
            keep_free: 2_000_000_000,
            used: 12_345_678_901,
            free: 45_000_000_000,
            pinned: 1_000_000,
            in_use: 0,
            items: 7,
            counted: true,
            last_collection: Some(Collection {
                at: 1_000_000 - 7200,
                reason: "keep_free".into(),
                freed: 5_000_000,
                chunks: 10,
                items: 1,
            }),
        };
        let status = Status {
            version: "0.1.0".into(),
            content: "http://127.0.0.1:7788".into(),
            uptime_seconds: 3700,
            disk,
        };
        let stream = Stream {
            protocol: "bittorrent".into(),
            id: "dd82".into(),
            site: "1Si\u{1b}te".into(),
            evidence: "claimed".into(),
            since: 1_000_000 - 61,
            served: 1500,
        };
        let streams = Streams {
            streams: vec![stream],
        };
        assert_eq!(
            text(&status, &streams, 1_000_000),
            "universal-p2p 0.1.0, up for 1 h, at http://127.0.0.1:7788\n\
             disk       12.3 GB of 20.0 GB used, 45.0 GB free, of which 2.00 GB stay free\n\
             items      7\n\
             pinned     1.00 MB\n\
             in use     0 B\n\
             collected  2 h ago: 5.00 MB freed of 1 item (keep free)\n\
             streams    1\n\
             \u{20}          bittorrent/dd82 by 1Si\\u{1b}te (claimed): 1.50 kB in 1 min\n"
        );
    }
}
