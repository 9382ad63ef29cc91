//! Who may ask: hosts, methods, service workers.

use crate::support::{Agent, Request, Seeder, Setup, Spec, noise};

const TARGET: &str = "/bittorrent/v0/status/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

/// A request under a host name of the client's choice.
fn under(agent: &Agent, host: &str) -> Request {
    agent.get(TARGET).header("Host", host)
}

#[test]
fn a_rebound_host_name_is_misdirected() {
    let agent = Agent::start();
    for host in [
        "evil.example",
        "evil.example:7788",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1@evil.example",
        "0.0.0.0",
        "192.168.1.1",
        "[::2]",
        "",
    ] {
        assert_eq!(
            under(&agent, host).send().problem(421),
            "wrong-host",
            "{host:?}"
        );
    }
}

#[test]
fn the_names_of_this_machine_are_right_on_any_port() {
    let agent = Agent::start();
    for host in [
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "LocalHost:80",
        "[::1]:7788",
        "some-site.localhost",
        "a.b.localhost:7788",
    ] {
        assert_eq!(under(&agent, host).send().status, 200, "{host}");
    }
}

#[test]
fn the_host_is_looked_at_before_the_address() {
    let agent = Agent::start();
    for target in ["/", "/nothing", "/%ff", "/bittorrent/v0/stream/x/"] {
        let answer = agent.get(target).header("Host", "evil.example").send();
        assert_eq!(answer.problem(421), "wrong-host", "{target}");
    }
    let posted = agent
        .request("POST", "/")
        .header("Host", "evil.example")
        .send();
    assert_eq!(posted.status, 421);
}

#[test]
fn configured_hosts_are_right_too() {
    let agent = Setup::new().set("listen.hosts = [\"media.home\"]").start();
    assert_eq!(under(&agent, "media.home:7788").send().status, 200);
    assert_eq!(under(&agent, "other.home").send().status, 421);
}

#[test]
fn a_host_must_be_there_once() {
    let agent = Agent::start();
    let twice = under(&agent, "127.0.0.1")
        .header("Host", "127.0.0.1")
        .send();
    assert_eq!(twice.status, 400);
    let hidden = under(&agent, "127.0.0.1")
        .header("host", "evil.example")
        .send();
    assert_eq!(hidden.status, 400);
    let bare = agent.get(TARGET).bare().header("Connection", "close");
    assert_eq!(bare.send().status, 400);
}

#[test]
fn an_absolute_address_is_checked_like_a_host() {
    let agent = Agent::start();
    let target = format!("http://evil.example{TARGET}");
    assert_eq!(agent.get(&target).send().status, 421);
}

#[test]
fn nothing_is_changed_through_the_content_plane() {
    let agent = Agent::start();
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
        let answer = agent
            .request(method, TARGET)
            .header("Content-Length", "0")
            .send();
        assert_eq!(answer.problem(405), "method-not-allowed", "{method}");
        assert_eq!(
            answer.header("allow"),
            Some("GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
}

#[test]
fn a_preflight_learns_what_is_allowed() {
    let agent = Agent::start();
    let answer = agent
        .request("OPTIONS", TARGET)
        .header("Origin", "null")
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "range, if-range")
        .send();
    assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let allowed = |name: &str| answer.header(name).unwrap().to_lowercase();
    for method in ["get", "head", "options"] {
        assert!(
            allowed("access-control-allow-methods").contains(method),
            "{method}"
        );
    }
    for header in ["range", "if-range", "if-none-match"] {
        assert!(
            allowed("access-control-allow-headers").contains(header),
            "{header}"
        );
    }
}

#[test]
fn a_service_worker_gets_nothing() {
    let mut seeder = Seeder::start();
    let script = seeder.seed(Spec::single("worker.js", noise(1, 100)));
    let agent = Agent::start();
    let answer = agent
        .get(&script.at("/worker.js"))
        .header("Service-Worker", "script")
        .send();
    assert_eq!(answer.status, 400);
    assert_eq!(agent.get(&script.at("/worker.js")).send().status, 200);
}

#[test]
fn the_front_page_leads_to_the_dashboard() {
    let agent = Agent::start();
    let answer = agent.get("/").send();
    assert_eq!(answer.status, 302);
    let dashboard = format!("http://{}", agent.management());
    assert_eq!(
        answer.header("location").map(|to| to.trim_end_matches('/')),
        Some(dashboard.as_str())
    );
}

#[test]
fn failures_are_open_to_other_origins_too() {
    let agent = Agent::start();
    let answer = agent
        .get("/bittorrent/v0/stream/x/")
        .header("Origin", "null")
        .send();
    assert_eq!(answer.problem(400), "bad-id");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}
