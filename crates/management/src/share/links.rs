//! The addresses of what is shared, for people to copy.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use universal_p2p_sharing::Report;
use utoipa::ToSchema;

/// What stands in an address and in HTML as it is: no letter that either gives a meaning to.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A share as a torrent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Torrent {
    /// The infohash.
    id: String,
    /// The magnet link.
    magnet: String,
    /// Where this agent streams it.
    url: String,
}

/// A share as a DAG.
#[derive(Serialize, ToSchema)]
pub(crate) struct InIpfs {
    /// The CID.
    id: String,
    /// Where this agent streams it.
    url: String,
}

impl Torrent {
    pub(super) fn of(report: &Report, content: &str) -> Option<Self> {
        let (id, name) = (report.infohash.clone()?, encoded(report.name.as_deref()?));
        Some(Self {
            magnet: format!("magnet:?xt=urn:btih:{id}&dn={name}"),
            url: address(report, content, "bittorrent", &id)?,
            id,
        })
    }
}

impl InIpfs {
    pub(super) fn of(report: &Report, content: &str) -> Option<Self> {
        let id = report.cid.clone()?;
        Some(Self {
            url: address(report, content, "ipfs", &id)?,
            id,
        })
    }
}

/// HTML that shows it in a page, by the kind of file that its name tells.
pub(super) fn snippet(report: &Report, content: &str) -> Option<String> {
    let torrent = Torrent::of(report, content).map(|torrent| torrent.url);
    let url = torrent.or_else(|| InIpfs::of(report, content).map(|ipfs| ipfs.url))?;
    let name = report.name.as_deref()?;
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Some(match ending.to_ascii_lowercase().as_str() {
        _ if report.is_folder => format!("<a href=\"{url}\">{}</a>", shown(name)),
        "mp4" | "m4v" | "mkv" | "webm" | "mov" | "ogv" => {
            format!("<video controls src=\"{url}\"></video>")
        }
        "mp3" | "m4a" | "aac" | "ogg" | "oga" | "opus" | "flac" | "wav" => {
            format!("<audio controls src=\"{url}\"></audio>")
        }
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg" | "bmp" => {
            format!("<img src=\"{url}\" alt=\"\">")
        }
        _ => format!("<a href=\"{url}\">{}</a>", shown(name)),
    })
}

/// The address of the file, or of the folder's listing.
fn address(report: &Report, content: &str, protocol: &str, id: &str) -> Option<String> {
    let name = match report.is_folder {
        true => String::new(),
        false => encoded(report.name.as_deref()?),
    };
    Some(format!("{content}/{protocol}/v0/stream/{id}/{name}"))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A name as text in HTML.
fn shown(name: &str) -> String {
    let mut shown = String::new();
    for letter in name.chars() {
        match letter {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '"' => shown.push_str("&quot;"),
            letter => shown.push(letter),
        }
    }
    shown
}
