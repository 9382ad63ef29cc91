//! Names: records that another program signed, found at a gateway.

use std::time::Duration;

use super::{NAME, assert_whole, directory};
use crate::support::{Answer, IpfsPeer, STOPPING, Setup, isolated, until};

/// For how many seconds an answer may be kept.
fn freshness(answer: &Answer) -> u64 {
    let cache = answer.header("cache-control").unwrap();
    let seconds = cache.strip_prefix("public, max-age=");
    let seconds = seconds.unwrap_or_else(|| panic!("{cache}"));
    seconds.parse().unwrap_or_else(|_| panic!("{cache}"))
}

#[test]
fn a_name_is_followed_and_kept_when_nobody_knows_it_any_more() {
    isolated(|| {
        let mut helia = IpfsPeer::helia();
        let mut version = |text: &str| {
            let file = helia.add("page.txt", text.as_bytes());
            directory(&mut helia, &[("page.txt", &file)])
        };
        let (first, second) = (version("first"), version("second"));
        let (name, _) = helia.publish(&format!("/ipfs/{first}"), 1, 2);
        let mut agent = Setup::new()
            .set("ipfs.source = [\"gateway\"]")
            .set(&format!("ipfs.gateways = [{:?}]", helia.gateway()))
            .set("timeouts.metadata = \"5s\"")
            .start();
        let target = format!("/ipns/v0/stream/{name}/page.txt");
        let answer = agent.get(&target).send();
        assert_eq!(answer.text(), "first");
        let left = freshness(&answer);
        assert!(left <= 2, "{left} s, of a record that is good for two");
        assert!(answer.header("etag").is_some());
        // every spelling of the key is the same name
        let base36 = crate::support::cid_in('k', &name);
        let spelt = format!("/ipns/v0/stream/{base36}/page.txt");
        assert_whole(&agent, &spelt, b"first");
        // a newer record is followed once the older one is no longer fresh, and never left for an older
        assert_eq!(helia.publish(&format!("/ipfs/{second}"), 3, 3000).0, name);
        until("the newer record", Duration::from_secs(20), || {
            agent.get(&target).send().text() == "second"
        });
        let left = freshness(&agent.get(&target).send());
        assert!((60..=3000).contains(&left), "{left} s");
        helia.publish(&format!("/ipfs/{first}"), 2, 1);
        drop(helia);
        agent.ask_to_stop();
        assert!(agent.ended(STOPPING).success());
        agent.start_again();
        assert_whole(&agent, &target, b"second");
        let answer = agent.get(&format!("/ipns/v0/stream/{NAME}/")).send();
        assert!(matches!(answer.status, 503 | 504), "{}", answer.text());
        answer.problem(answer.status);
    });
}
