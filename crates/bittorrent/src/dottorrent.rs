//! `.torrent` files as users have them (BEP 3, BEP 12, BEP 19).

use bytes::Bytes;
use librqbit_bencode::{BencodeValue, from_bytes};
use librqbit_buffers::ByteBuf;
use librqbit_core::{hash_id::Id20, torrent_metainfo::torrent_from_bytes};
use universal_p2p_core::{Error, Hints, Result};
use universal_p2p_swarm::Policy;
use url::Url;

use crate::{infohash, metainfo::Metainfo};

/// Their media type.
pub(crate) const MEDIA_TYPE: &str = "application/x-bittorrent";

/// Trackers and web servers that are taken of one file.
const MOST: usize = 16;

/// Reads one: what it is of, and where it may be found. Trackers and web servers that a page could not
/// name are left out.
///
/// # Errors
/// [`Error::Corrupt`] for what is none, [`Error::Unsupported`] for one of version 2 only.
pub(crate) fn read(file: &Bytes, policy: Policy) -> Result<(Metainfo, Hints)> {
    let parsed = match torrent_from_bytes(file) {
        Ok(parsed) => parsed,
        Err(_) if is_version_2(file) => return Err(infohash::version_2()),
        Err(error) => {
            return Err(Error::Corrupt {
                what: format!("this is no .torrent file: {error}"),
            });
        }
    };
    let info = file.slice_ref(parsed.info.raw_bytes.as_ref());
    let metainfo = Metainfo::parse(info, Id20::new(parsed.info_hash.0))?;
    let mut hints = Hints::default();
    if !metainfo.name.is_empty() {
        hints.push("dn", metainfo.name.clone());
    }
    let trackers = parsed.iter_announce().map(ByteBuf::as_ref);
    for tracker in sound(trackers, &["http", "https", "udp"], policy) {
        hints.push("tr", tracker);
    }
    let seeds = webseeds(file);
    let seeds = seeds.iter().map(Vec::as_slice);
    for seed in sound(seeds, &["http", "https"], policy) {
        hints.push("ws", seed);
    }
    Ok((metainfo, hints))
}

/// The addresses among these that may be asked.
fn sound<'a>(
    texts: impl Iterator<Item = &'a [u8]>,
    schemes: &[&str],
    policy: Policy,
) -> Vec<String> {
    let urls = texts.filter_map(|text| Url::parse(std::str::from_utf8(text).ok()?).ok());
    let urls = urls.filter(|url| url.has_host() && schemes.contains(&url.scheme()));
    let allowed = urls.filter_map(|url| policy.check_url(url).ok());
    allowed.take(MOST).map(String::from).collect()
}

/// The web servers that it names: one, or a list.
fn webseeds(file: &[u8]) -> Vec<Vec<u8>> {
    let Ok(BencodeValue::Dict(fields)) = from_bytes::<BencodeValue<ByteBuf<'_>>>(file) else {
        return Vec::new();
    };
    let text = |value: &BencodeValue<ByteBuf<'_>>| match value {
        BencodeValue::Bytes(text) => Some(text.as_ref().to_vec()),
        _ => None,
    };
    match fields.get(&ByteBuf(b"url-list")) {
        Some(BencodeValue::List(list)) => list.iter().filter_map(text).take(MOST).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Whether it has a file tree but no version 1 pieces (BEP 52).
fn is_version_2(file: &[u8]) -> bool {
    let Ok(BencodeValue::Dict(fields)) = from_bytes::<BencodeValue<ByteBuf<'_>>>(file) else {
        return false;
    };
    let Some(BencodeValue::Dict(info)) = fields.get(&ByteBuf(b"info")) else {
        return false;
    };
    info.contains_key(&ByteBuf(b"file tree")) && !info.contains_key(&ByteBuf(b"pieces"))
}

#[cfg(test)]
mod tests {
    use universal_p2p_swarm::Scope;

    use super::*;

    fn policy() -> Policy {
        Policy::new(Scope::Internet, false)
    }

    /// A text as bencode writes it.
    fn text(text: &str) -> String {
        format!("{}:{text}", text.len())
    }

    fn file(before: &str, after: &str) -> Bytes {
        let hash = "x".repeat(20);
        let info = format!("d6:lengthi3e4:name3:a.b12:piece lengthi16384e6:pieces20:{hash}e");
        format!("d{before}4:info{info}{after}e").into()
    }

    #[test]
    fn a_file_names_its_torrent_and_where_it_is() {
        let trackers = [
            "udp://a.example:1",
            "http://192.168.1.1:1/announce",
            "wss://b.example",
            "nonsense",
        ];
        let list: String = trackers
            .iter()
            .map(|tracker| format!("l{}e", text(tracker)))
            .collect();
        let before = text("announce") + &text("udp://a.example:1");
        let before = before + &text("announce-list") + &format!("l{list}e");
        let seeds = text("https://w.example/one/") + &text("ftp://w.example/");
        let after = text("url-list") + &format!("l{seeds}e");
        let (metainfo, hints) = read(&file(&before, &after), policy()).expect("a whole file");
        assert_eq!(metainfo.name, "a.b");
        assert_eq!(hints.all("dn").collect::<Vec<_>>(), ["a.b"]);
        assert_eq!(hints.all("tr").collect::<Vec<_>>(), ["udp://a.example:1"]);
        assert_eq!(
            hints.all("ws").collect::<Vec<_>>(),
            ["https://w.example/one/"]
        );
        let one = text("url-list") + &text("http://w.example/");
        let (again, hints) = read(&file("", &one), policy()).expect("a whole file");
        assert_eq!(again.infohash, metainfo.infohash);
        assert_eq!(hints.all("ws").collect::<Vec<_>>(), ["http://w.example/"]);
    }

    #[test]
    fn what_is_no_torrent_is_refused() {
        for bad in [
            "",
            "d",
            "de",
            "i1e",
            "d4:infodee",
            "<html>",
            "d4:info3:abce",
        ] {
            let refused = read(&Bytes::from(bad), policy());
            assert!(matches!(refused, Err(Error::Corrupt { .. })), "{bad}");
        }
        let newer =
            Bytes::from("d4:infod9:file treede12:meta versioni2e4:name1:a12:piece lengthi16384eee");
        assert!(matches!(
            read(&newer, policy()),
            Err(Error::Unsupported { .. })
        ));
    }
}
