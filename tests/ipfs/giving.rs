//! Giving back: others get from the agent what it holds.

use super::assert_whole;
use super::at;
use crate::support::{IpfsPeer, MIB, Setup, isolated, noise};

/// An agent that stays connected with these.
fn among(peers: &[&IpfsPeer]) -> Setup {
    let addresses: Vec<_> = peers.iter().map(|peer| peer.address("tcp")).collect();
    Setup::new().set(&format!("ipfs.peers = {addresses:?}"))
}

#[test]
fn kubo_and_helia_get_what_the_agent_holds() {
    isolated(|| {
        let right = noise(1, 6 * MIB + 99);
        let mut from = IpfsPeer::kubo();
        let cid = from.add("film.mkv", &right);
        let (mut kubo, mut helia) = (IpfsPeer::kubo(), IpfsPeer::helia());
        let mut agent = among(&[&kubo, &helia]).start();
        assert_whole(&agent, &at(&cid, "/film.mkv", &[&from]), &right);
        drop(from);
        for peer in [&mut kubo, &mut helia] {
            let path = peer.folder().join("fetched");
            peer.get(&cid, &path);
            assert!(std::fs::read(path).unwrap() == right);
        }
        // and what it holds from before
        agent.kill();
        agent.start_again();
        let mut late = IpfsPeer::helia();
        let target = at(&cid, "/film.mkv", &[&late]);
        assert_eq!(agent.head(&target).send().status, 200);
        drop((kubo, helia));
        // nothing has to be fetched, so that nobody is dialled: another want does that
        let other = late.add("other.txt", b"other");
        assert_whole(&agent, &at(&other, "/other.txt", &[&late]), b"other");
        let path = late.folder().join("fetched");
        late.get(&cid, &path);
        assert!(std::fs::read(path).unwrap() == right);
    });
}

#[test]
fn no_more_is_given_than_the_limit_allows() {
    isolated(|| {
        let right = noise(2, 3_000_000);
        let (mut from, mut to) = (IpfsPeer::kubo(), IpfsPeer::kubo());
        let cid = from.add("film.mkv", &right);
        let setup = among(&[&to]).set("ipfs.upload_limit = \"500kB\"");
        let agent = setup.start();
        assert_whole(&agent, &at(&cid, "/film.mkv", &[&from]), &right);
        drop(from);
        let path = to.folder().join("fetched");
        let seconds = to.get(&cid, &path);
        assert!(std::fs::read(path).unwrap() == right);
        // six at the limit, less what may go at once at the beginning
        assert!(seconds > 3.0, "3 MB went out within {seconds} s");
    });
}
