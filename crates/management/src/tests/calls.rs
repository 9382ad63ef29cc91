use super::scene::{CHUNK, HOST, Scene};

#[tokio::test]
async fn the_state_is_told() {
    let scene = Scene::new();
    scene.keep("a", 3, &["1Site"]).await;
    let status = scene.get("/status").await;
    assert_eq!(status["version"], "1");
    assert_eq!(status["content"], "http://127.0.0.1:7788");
    assert!(status["uptime_seconds"].is_u64());
    assert_eq!(status["started"], 1_000_000);
    let networks = serde_json::json!([
        {"protocol": "fake", "enabled": true, "peers": 3},
        {"protocol": "other", "enabled": false, "peers": 0},
    ]);
    assert_eq!(status["networks"], networks);
    assert_eq!(status["disk"]["limit"], 100_000_000);
    assert_eq!(status["disk"]["items"], 1);
    assert!(
        status["disk"]["used"].as_u64() >= Some(3 * CHUNK),
        "{status}"
    );
}

#[tokio::test]
async fn open_streams_are_told() {
    let scene = Scene::new();
    let item = scene.keep("a", 1, &[]).await;
    assert_eq!(
        scene.get("/streams").await["streams"],
        serde_json::json!([])
    );
    let site = universal_p2p_core::Site {
        name: "\"><script>".into(),
        evidence: universal_p2p_core::Evidence::Origin,
    };
    let lease = scene.store.lease(item, site);
    lease.seek("a/b.mkv");
    lease.find(universal_p2p_store::Reading {
        name: "b.mkv".into(),
        length: 100,
        ranges: std::iter::once(50..100).collect(),
        is_unpacked: false,
    });
    let streams = scene.get("/streams").await;
    assert_eq!(streams["streams"][0]["id"], "a");
    assert_eq!(streams["streams"][0]["site"], "\"><script>");
    assert_eq!(streams["streams"][0]["evidence"], "origin");
    assert_eq!(streams["streams"][0]["number"], 1);
    assert_eq!(streams["streams"][0]["path"], "a/b.mkv");
    assert_eq!(streams["streams"][0]["position"], 50);
    assert!(streams["streams"][0]["waits_for"].is_null());
    drop(lease);
}

#[tokio::test]
async fn usage_is_divided_in_three_ways() {
    let scene = Scene::new();
    scene.keep("small", 1, &["one"]).await;
    scene.keep("large", 5, &["one", "two"]).await;
    let usage = scene.get("/usage?by=protocol").await;
    assert_eq!(usage["by"], "protocol");
    assert_eq!(usage["total"], 1);
    assert_eq!(usage["rows"][0]["items"], 2);
    assert!(
        usage["rows"][0]["disk"].as_u64() >= Some(6 * CHUNK),
        "{usage}"
    );
    let usage = scene.get("/usage?by=item").await;
    assert_eq!(usage["rows"][0]["id"], "large", "the largest comes first");
    assert_eq!(usage["rows"][1]["id"], "small");
    let usage = scene.get("/usage?by=site").await;
    assert_eq!(usage["total"], 2);
    for query in [
        "",
        "?by=",
        "?by=colour",
        "?by=item&by=site",
        "?by=item&colour=1",
    ] {
        let answer = scene.call("GET", &format!("/usage{query}")).await;
        assert_eq!(answer.problem(400), "bad-call", "{query}");
    }
}

#[tokio::test]
async fn room_is_made_on_demand() {
    let scene = Scene::new();
    scene.keep("a", 20, &["one"]).await;
    let kept = scene
        .call_with("POST", "/collect", r#"{"upto": 99000000}"#)
        .await;
    assert_eq!(kept.json()["chunks"], 0, "there was room already");
    for body in ["", "{}", r#"{"upto": null}"#] {
        let answer = scene.call_with("POST", "/collect", body).await;
        assert_eq!(answer.json()["chunks"], 0, "{body}: {answer:?}");
    }
    let answer = scene.call_with("POST", "/collect", r#"{"upto": 0}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["reason"], "asked");
    assert_eq!(answer.json()["chunks"], 20);
    assert!(answer.json()["freed"].as_u64() >= Some(20 * CHUNK));
}

#[tokio::test]
async fn a_body_that_is_no_wish_is_refused() {
    let scene = Scene::new();
    for body in [
        "1",
        "[]",
        "nonsense",
        r#"{"upto": -1}"#,
        r#"{"upto": "5GB"}"#,
        r#"{"down": 1}"#,
    ] {
        let answer = scene.call_with("POST", "/collect", body).await;
        assert_eq!(answer.problem(400), "bad-call", "{body}");
    }
    let long = format!("{{\"upto\": 5{}}}", " ".repeat(16 * 1024));
    let answer = scene.call_with("POST", "/collect", long).await;
    assert_eq!(answer.problem(413), "too-large");
}

#[tokio::test]
async fn methods_and_addresses_that_are_no_calls_are_refused() {
    let scene = Scene::new();
    for (method, path, allowed) in [
        ("POST", "/status", "GET,HEAD"),
        ("PUT", "/settings", "GET,HEAD,PATCH"),
        ("GET", "/resolve", "POST"),
        ("DELETE", "/items", "GET,HEAD"),
        ("GET", "/collect", "POST"),
        ("GET", "/sites/a", "DELETE"),
        ("GET", "/items/fake/a/pin", "PUT,DELETE"),
        ("PATCH", "/items/fake/a", "GET,HEAD,DELETE"),
    ] {
        let answer = scene.call(method, path).await;
        assert_eq!(answer.problem(405), "method-not-allowed", "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    for path in [
        "",
        "/",
        "/nothing",
        "/items/",
        "/items/fake",
        "/items/fake/a/b",
        "/sites/",
        "/sites/a/b",
    ] {
        assert_eq!(
            scene.call("GET", path).await.problem(404),
            "not-found",
            "{path}"
        );
    }
    let good = ("authorization", "TOKEN");
    let posted = scene.ask("POST", "/", &[HOST, good], "").await;
    assert_eq!(posted.problem(405), "method-not-allowed");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let scene = Scene::new();
    let answer = scene.call("GET", "/items/fake/panic").await;
    assert_eq!(answer.problem(500), "internal");
    assert!(!answer.json().to_string().contains("secret"));
    assert_eq!(scene.call("GET", "/status").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_comes_to_an_end() {
    let scene = Scene::new();
    scene.keep("endless", 1, &["site"]).await;
    let answer = scene.call("DELETE", "/items/fake/endless").await;
    assert_eq!(answer.problem(503), "slow");
    assert!(answer.header("retry-after").is_some());
}
