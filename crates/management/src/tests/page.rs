use std::net::IpAddr;

use super::scene::{HOST, Scene};

#[tokio::test]
async fn the_page_has_the_token_for_whoever_is_here() {
    let scene = Scene::new();
    let page = scene.ask("GET", "/", &[HOST], "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(
        page.header("content-type")
            .is_some_and(|is| is.starts_with("text/html"))
    );
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(text.contains(&format!(
        "<meta name=\"token\" content=\"{}\">",
        scene.token()
    )));
    let policy = page.header("content-security-policy").expect("a policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self' http://127.0.0.1:7788",
        "media-src http://127.0.0.1:7788",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn from_another_machine_the_page_needs_the_token() {
    let scene = Scene::new();
    let far: IpAddr = [192, 168, 1, 5].into();
    for target in ["/", "/?token=", "/?token=x", "/?a=b"] {
        let refused = scene.ask_from(far, "GET", target, &[HOST], "").await;
        assert_eq!(refused.problem(401), "unauthorized", "{target}");
    }
    let given = format!("/?token={}", scene.token());
    assert_eq!(
        scene.ask_from(far, "GET", &given, &[HOST], "").await.status,
        200
    );
    let headers = [HOST, ("authorization", "TOKEN")];
    assert_eq!(
        scene.ask_from(far, "GET", "/", &headers, "").await.status,
        200
    );
    let mapped: IpAddr = "::ffff:127.0.0.1".parse().expect("an address");
    assert_eq!(
        scene.ask_from(mapped, "GET", "/", &[HOST], "").await.status,
        200
    );
}

#[tokio::test]
async fn links_may_lead_to_the_page_and_nothing_else_from_elsewhere() {
    let scene = Scene::new();
    let site = ("sec-fetch-site", "cross-site");
    let link = [HOST, site, ("sec-fetch-mode", "navigate")];
    assert_eq!(scene.ask("GET", "/", &link, "").await.status, 200);
    for mode in ["no-cors", "cors", "same-origin"] {
        let headers = [HOST, site, ("sec-fetch-mode", mode)];
        let refused = scene.ask("GET", "/", &headers, "").await;
        assert_eq!(refused.problem(403), "foreign-page", "{mode}");
    }
    let foreign = [HOST, ("origin", "http://127.0.0.1:7788")];
    assert_eq!(
        scene.ask("GET", "/", &foreign, "").await.problem(403),
        "foreign-page"
    );
}

#[tokio::test]
async fn only_the_page_is_without_a_name() {
    let scene = Scene::new();
    for path in ["/index.html", "/../Cargo.toml", "/no.js"] {
        let answer = scene.ask("GET", path, &[HOST], "").await;
        assert_eq!(answer.problem(401), "unauthorized", "{path}");
    }
    let posted = scene.ask("POST", "/", &[HOST], "").await;
    assert_eq!(posted.problem(405), "method-not-allowed");
}
