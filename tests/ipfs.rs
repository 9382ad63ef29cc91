//! IPFS through the agent: nodes of others, blocks of every form, peers that lie or vanish.

mod discovery;
mod failing;
mod fetching;
mod forms;
mod gateway;
mod giving;
mod hostile;
mod kubo_rpc;
mod limits;
mod names;

use serde_json::{Value, json};

use crate::support::{Agent, IpfsPeer, Setup, assert_same};

/// A CID that nobody has.
const NOBODYS: &str = "bafkreia7xkgn4vdaokhcgqbrwe2kpk7vdh2bthxtmiaqb5mbv2nfmlfnhm";

/// A name that nobody has a record of.
const NAME: &str = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8";

/// The address of a path below a CID that names these peers, which are reached over TCP.
fn at(cid: &str, path: &str, peers: &[&IpfsPeer]) -> String {
    let addresses: Vec<_> = peers.iter().map(|peer| peer.address("tcp")).collect();
    over(cid, path, &addresses)
}

/// The same with addresses of peers.
fn over(cid: &str, path: &str, addresses: &[String]) -> String {
    let mut target = format!("/ipfs/v0/stream/{cid}{path}");
    for (number, address) in addresses.iter().enumerate() {
        let mark = if number > 0 || path.contains('?') {
            '&'
        } else {
            '?'
        };
        target.push_str(&format!("{mark}peer={address}"));
    }
    target
}

/// What is known of a CID.
fn status(agent: &Agent, cid: &str) -> Value {
    agent.get(&format!("/ipfs/v0/status/{cid}")).send().json()
}

/// Bytes of a CID that are on disk.
fn held(agent: &Agent, cid: &str) -> u64 {
    let status = status(agent, cid);
    let held = status["bytes_held"].as_u64();
    held.unwrap_or_else(|| panic!("{status}"))
}

/// Reads all of it; every byte must be right.
#[track_caller]
fn assert_whole(agent: &Agent, target: &str, right: &[u8]) {
    let answer = agent.get(target).send();
    assert!(
        !answer.broken,
        "it broke off after {} bytes",
        answer.body.len()
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    same(&answer.body, right);
}

/// Reads a part of it.
#[track_caller]
fn assert_part(agent: &Agent, target: &str, right: &[u8], from: usize, length: usize) {
    let range = format!("bytes={from}-{}", from + length - 1);
    let answer = agent.get(target).range(&range).send();
    assert_eq!(answer.status, 206, "{}", answer.text());
    same(&answer.body, &right[from..from + length]);
}

/// Comparing both at once is much quicker than looking for a difference.
#[track_caller]
fn same(came: &[u8], right: &[u8]) {
    if came != right {
        assert_same(came, right);
    }
}

/// An agent that gives up soon.
fn impatient() -> Setup {
    Setup::new()
        .set("timeouts.metadata = \"3s\"")
        .set("timeouts.first_byte = \"3s\"")
        .set("timeouts.stall = \"3s\"")
}

/// A plain directory of these entries, put together by Helia.
fn directory(helia: &mut IpfsPeer, entries: &[(&str, &str)]) -> String {
    let links = entries.iter();
    let links: Vec<_> = links
        .map(|(name, cid)| json!({ "Name": name, "Tsize": 0, "Hash": { "/": cid } }))
        .collect();
    node(helia, &[8, 1], &links)
}

/// A node of UnixFS with this message in it, put together by Helia.
fn node(helia: &mut IpfsPeer, message: &[u8], links: &[Value]) -> String {
    let data = data_encoding::BASE64_NOPAD.encode(message);
    let value = json!({ "Data": { "/": { "bytes": data } }, "Links": links });
    helia.put("dag-pb", "sha2-256", &value)
}
