//! Gateways that do what they should not.

use super::{Daemon, Servers, agent, stream};
use crate::support::{MIB, assert_same, isolated, most_memory, noise};

#[test]
fn bad_gateways_do_no_harm_beside_a_good_one() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let film = noise(9, 6 * MIB);
        let cid = daemon.add(&film);
        servers.load(&daemon, &cid);
        let hidden = servers.serve("well");
        let mut gateways = vec![servers.leading(&format!("{hidden}/ipfs/{cid}?format=raw"))];
        for manner in [
            "wrong", "endless", "more", "short", "slow", "silent", "page", "noise", "well",
        ] {
            gateways.push(servers.serve(manner));
        }
        let agent = agent(r#"["gateway"]"#, "http://127.0.0.1:1", &gateways);
        assert_same(&agent.get(&stream(&cid)).send().body, &film);
        let part = agent
            .get(&stream(&cid))
            .range("bytes=5000000-5100000")
            .send();
        assert_same(&part.body, &film[5_000_000..=5_100_000]);
        // One that answers for a gateway leads to no other server, however near.
        assert_eq!(servers.asked(&hidden), [""; 0]);
        let most = most_memory(&agent.data());
        assert!(most < 400 << 20, "{most} bytes of memory");
    });
}

#[test]
fn what_is_wrong_with_a_gateway_is_told() {
    isolated(|| {
        let (mut daemon, mut servers) = (Daemon::start(), Servers::start());
        let cid = daemon.add(&noise(10, MIB));
        servers.load(&daemon, &cid);
        let hidden = servers.serve("well");
        let away = servers.leading(&format!("{hidden}/ipfs/{cid}?format=raw"));
        for (gateway, status, reason) in [
            (away, 503, "unavailable"),
            (servers.serve("wrong"), 502, "corrupt"),
            (servers.serve("endless"), 502, "corrupt"),
            (servers.serve("noise"), 503, "unavailable"),
            (servers.serve("silent"), 504, "no-providers"),
            (servers.serve("slow"), 504, "no-providers"),
        ] {
            let agent = agent(r#"["gateway"]"#, "http://127.0.0.1:1", &[gateway]);
            let told = agent.get(&stream(&cid)).send();
            assert_eq!(told.problem(status), reason, "{}", told.text());
        }
        assert_eq!(servers.asked(&hidden), [""; 0]);
    });
}
