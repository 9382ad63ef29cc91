//! The DHT: who has something, and what a name leads to, as a server of another make tells it.

use super::{assert_whole, at, directory};
use crate::support::{IpfsPeer, MIB, Setup, isolated, noise};

/// An agent that knows the DHT by this server alone.
fn joined_by(dht: &IpfsPeer) -> Setup {
    Setup::new()
        .set(&format!("ipfs.peers = [{:?}]", dht.address("tcp")))
        .set("timeouts.metadata = \"20s\"")
}

#[test]
fn who_has_something_is_found_in_the_dht() {
    isolated(|| {
        let right = noise(1, 2 * MIB);
        let (mut dht, mut kubo) = (IpfsPeer::dht(), IpfsPeer::kubo());
        let cid = kubo.add("film.mkv", &right);
        dht.tell_provider(&cid, &kubo);
        let agent = joined_by(&dht).start();
        assert_whole(&agent, &at(&cid, "/film.mkv", &[]), &right);
    });
}

#[test]
fn what_a_name_leads_to_is_found_in_the_dht() {
    isolated(|| {
        let (mut dht, mut helia) = (IpfsPeer::dht(), IpfsPeer::helia());
        let file = helia.add("page.txt", b"the page");
        let folder = directory(&mut helia, &[("page.txt", &file)]);
        let (name, record) = helia.publish(&format!("/ipfs/{folder}"), 1, 600);
        dht.tell_record(&name, &record);
        dht.tell_provider(&folder, &helia);
        let agent = joined_by(&dht).start();
        let target = format!("/ipns/v0/stream/{name}/page.txt");
        assert_whole(&agent, &target, b"the page");
    });
}
