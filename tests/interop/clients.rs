//! What every client gives us, and gets from us.

use serde_json::{Value, json};

use super::{DOWNLOAD, film};
use crate::support::{Client, MIB, Setup, agent_on_lan, assert_same, isolated, peer_of_agent};

/// The agent reads a far range, then all, from a client that seeds.
fn gives(client: Client) {
    let film = film();
    let running = client.seed(&film);
    let agent = agent_on_lan().start();
    let right = film.bytes();
    let far = 19 * MIB + 4321;
    let range = format!("bytes={far}-{}", far + 299_999);
    let target = film.at(&[running.peer]);
    let part = agent.get(&target).range(&range).send();
    assert_eq!(part.status, 206, "{}", part.text());
    assert_same(&part.body, &right[far..far + 300_000]);
    let whole = agent.get(&target).send();
    assert_eq!(whole.status, 200);
    assert_same(&whole.body, &right);
}

/// A client fetches everything from an agent that has read all.
fn gets(client: Client) {
    gets_from(agent_on_lan(), client, json!({}));
}

/// The same from a certain agent, by a client with settings.
pub(super) fn gets_from(setup: Setup, client: Client, settings: Value) {
    let film = film();
    let agent = setup.start();
    let source = Client::Libtorrent.seed(&film);
    let target = film.at(&[source.peer]);
    let whole = agent.get(&target).send();
    assert_same(&whole.body, &film.bytes());
    let torrent = agent.get(&film.torrent()).send();
    assert_eq!(torrent.status, 200, "{}", torrent.text());
    drop(source);
    let running = client.leech(&film, &torrent.body, peer_of_agent(), settings);
    running.await_all_of(&film, DOWNLOAD);
}

#[test]
fn libtorrent_gives() {
    isolated(|| gives(Client::Libtorrent));
}

#[test]
fn libtorrent_gets() {
    isolated(|| gets(Client::Libtorrent));
}

#[test]
fn transmission_gives() {
    isolated(|| gives(Client::Transmission));
}

#[test]
fn transmission_gets() {
    isolated(|| gets(Client::Transmission));
}

#[test]
fn aria2_gives() {
    isolated(|| gives(Client::Aria2));
}

#[test]
fn aria2_gets() {
    isolated(|| gets(Client::Aria2));
}

#[test]
fn qbittorrent_gives() {
    isolated(|| gives(Client::Qbittorrent));
}

#[test]
fn qbittorrent_gets() {
    isolated(|| gets(Client::Qbittorrent));
}

#[test]
fn webtorrent_gives() {
    isolated(|| gives(Client::Webtorrent));
}

#[test]
fn librqbit_gives() {
    isolated(|| gives(Client::Librqbit));
}

#[test]
fn librqbit_gets() {
    isolated(|| gets(Client::Librqbit));
}

/// WebTorrent overlooks an unchoking that comes before it has shown interest.
#[test]
fn webtorrent_gets() {
    isolated(|| gets(Client::Webtorrent));
}
