//! Pages of other origins, and hosts of other names, at every call there is.

use serde_json::json;

use crate::support::{Agent, Request, node};

/// Every call of the description, with something in the place of names.
fn calls(agent: &Agent) -> Vec<(String, String)> {
    let description = agent.manage().get("/openapi.json");
    let paths = description["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, methods)| {
        let path = path
            .replace("{protocol}", "bittorrent")
            .replace("{id}", &"a".repeat(40))
            .replace("{site}", "1Site")
            .replace("{job}", "1");
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    calls.collect()
}

#[test]
fn no_page_of_another_origin_reaches_any_call() {
    let agent = Agent::start();
    let token = format!("Bearer {}", agent.manage().token());
    let before = agent.manage().get("/settings");
    let calls = calls(&agent);
    assert_eq!(calls.len(), 22);
    let content = format!("http://{}", agent.content());
    for (method, path) in &calls {
        let ask = || Request::new(agent.management(), method, path);
        for (name, value) in [
            ("Origin", content.as_str()),
            ("Origin", "null"),
            ("Origin", "http://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            let body = json!({ "disk.limit": "16MB" });
            let call = ask().header("Authorization", &token).header(name, value);
            let answer = call.json(&body).send();
            assert_eq!(
                answer.problem(403),
                "foreign-page",
                "{method} {path} {name}: {value}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
        // what a page can send without asking first has no token
        let bare = ask().header("Origin", "http://evil.example").send();
        assert_eq!(bare.problem(403), "foreign-page", "{method} {path}");
        assert_eq!(ask().send().problem(401), "unauthorized", "{method} {path}");
        let rebound = ask()
            .header("Authorization", &token)
            .header("Host", "evil.example");
        assert_eq!(rebound.send().problem(421), "wrong-host", "{method} {path}");
        let preflight = Request::new(agent.management(), "OPTIONS", path)
            .header("Origin", "http://evil.example")
            .header("Access-Control-Request-Method", method)
            .send();
        assert_eq!(preflight.status, 403, "{method} {path}");
    }
    assert_eq!(agent.manage().get("/settings"), before);
}

#[test]
fn the_page_is_for_this_origin_alone() {
    let agent = Agent::start();
    let token = agent.manage().token().to_owned();
    let page = || Request::new(agent.management(), "GET", "/");
    let answer = page().send();
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text()
            .contains(&format!("<meta name=\"token\" content=\"{token}\">"))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let policy = answer.header("content-security-policy").unwrap();
    let content = format!("connect-src 'self' http://{};", agent.content());
    assert!(
        policy.contains(&content) && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    let rebound = page().header("Host", "evil.example").send();
    assert_eq!(rebound.problem(421), "wrong-host");
    assert!(!rebound.text().contains(&token));
    let fetched = page().header("Origin", "http://evil.example").send();
    assert_eq!(fetched.problem(403), "foreign-page");
    // and nothing of content leads into it
    let from_content = Request::new(agent.content(), "GET", "/").send();
    assert_eq!(from_content.status, 302);
    assert!(!from_content.text().contains(&token));
}

#[test]
fn no_page_in_a_browser_reaches_any_call() {
    let agent = Agent::start();
    let before = (
        agent.manage().get("/settings"),
        agent.manage().get("/items"),
    );
    let input = json!({
        "management": format!("http://{}", agent.management()),
        "token": agent.manage().token(),
        "calls": calls(&agent),
    });
    node("dashboard/foreign.mjs", &input);
    let after = (
        agent.manage().get("/settings"),
        agent.manage().get("/items"),
    );
    assert_eq!(after, before);
    let shares = agent.manage().get("/shares");
    assert_eq!(shares["shares"], json!([]));
}
