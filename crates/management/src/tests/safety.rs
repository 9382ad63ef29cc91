use super::scene::{HOST, Scene};

const CALL: &str = "/api/v0/status";

/// Every call there is, by method and path.
const CALLS: [(&str, &str); 18] = [
    ("GET", "/status"),
    ("GET", "/streams"),
    ("GET", "/usage?by=item"),
    ("GET", "/items"),
    ("GET", "/items/fake/a"),
    ("DELETE", "/items/fake/a"),
    ("PUT", "/items/fake/a/pin"),
    ("DELETE", "/items/fake/a/pin"),
    ("DELETE", "/sites/a"),
    ("POST", "/collect"),
    ("GET", "/nothing"),
    ("GET", "/events"),
    ("GET", "/items/fake/folder/files"),
    ("GET", "/collections"),
    ("GET", "/settings"),
    ("PATCH", "/settings"),
    ("POST", "/resolve"),
    ("GET", "/openapi.json"),
];

#[tokio::test]
async fn calls_need_the_token() {
    let scene = Scene::new();
    scene.keep("a", 1, &["a"]).await;
    for (method, path) in CALLS {
        let target = format!("/api/v0{path}");
        for wrong in ["", "Bearer", "Bearer wrong", "Basic TOKEN", "TOKENx"] {
            let headers = [HOST, ("authorization", wrong)];
            let answer = scene.ask(method, &target, &headers, "").await;
            assert_eq!(
                answer.problem(401),
                "unauthorized",
                "{method} {path} {wrong}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(scene.ask(method, &target, &[HOST], "").await.status, 401);
    }
    let item = scene.get("/items/fake/a").await;
    assert_eq!(
        item["pinned"], false,
        "somebody without the token changed it"
    );
    let own = [
        HOST,
        ("authorization", "TOKEN"),
        ("origin", "http://127.0.0.1:7789"),
    ];
    assert_eq!(scene.ask("GET", CALL, &own, "").await.status, 200);
}

#[tokio::test]
async fn foreign_hosts_get_nothing() {
    let scene = Scene::new();
    let good = ("authorization", "TOKEN");
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "a.localhost:7789",
        "10.0.0.1",
    ] {
        for target in [CALL, "/", "/nothing"] {
            let answer = scene.ask("GET", target, &[("host", host), good], "").await;
            assert_eq!(answer.problem(421), "wrong-host", "{host} {target}");
        }
    }
    assert_eq!(
        scene.ask("GET", CALL, &[good], "").await.problem(400),
        "bad-call"
    );
    let twice = [("host", "localhost"), ("host", "localhost"), good];
    assert_eq!(scene.ask("GET", CALL, &twice, "").await.status, 400);
}

#[tokio::test]
async fn pages_of_other_origins_change_nothing() {
    let scene = Scene::new();
    let good = ("authorization", "TOKEN");
    let foreign = [
        ("origin", "null"),
        ("origin", "http://127.0.0.1:7788"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (method, path) in CALLS {
        for header in foreign {
            let target = format!("/api/v0{path}");
            let answer = scene.ask(method, &target, &[HOST, good, header], "").await;
            assert_eq!(
                answer.problem(403),
                "foreign-page",
                "{method} {path} {header:?}"
            );
            let opened = |name: &str| answer.header(name).is_some();
            assert!(!opened("access-control-allow-origin"));
        }
    }
    // what a browser asks before it sends a header of the page's own
    let preflight = [
        HOST,
        ("origin", "http://evil.example"),
        ("access-control-request-method", "PUT"),
    ];
    let answer = scene
        .ask("OPTIONS", "/api/v0/items/fake/a/pin", &preflight, "")
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_mischief() {
    let scene = Scene::new();
    let good = ("authorization", "TOKEN");
    for (target, host) in [
        ("/", HOST),
        (CALL, HOST),
        ("/x", HOST),
        ("/", ("host", "evil")),
    ] {
        let answer = scene.ask("GET", target, &[host, good], "").await;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{target}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("set-cookie"), None);
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    }
    let worker = [HOST, good, ("service-worker", "script")];
    assert_eq!(
        scene.ask("GET", "/", &worker, "").await.problem(400),
        "bad-call"
    );
}

#[tokio::test]
async fn the_page_tells_nothing_of_what_is_kept() {
    let scene = Scene::new();
    scene.keep("secret", 1, &["site"]).await;
    let answer = scene.ask("GET", "/", &[HOST], "").await;
    assert_eq!(answer.status, 200);
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
}
