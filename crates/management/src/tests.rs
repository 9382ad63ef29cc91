use axum::{body::Body, http::Request};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;

async fn ask(path: &str, headers: &[(&str, &str)]) -> u16 {
    let folder = TempDir::new().expect("a temporary folder");
    let token = Token::load_or_make(folder.path()).expect("writable");
    let facts = Facts {
        version: "1",
        content: "http://127.0.0.1:7788".into(),
        since: Instant::now(),
    };
    let bearer = format!("Bearer {}", token.expose());
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, value.replace("TOKEN", &bearer));
    }
    let request = request.body(Body::empty()).expect("valid");
    router(token, facts)
        .oneshot(request)
        .await
        .expect("infallible")
        .status()
        .as_u16()
}

#[tokio::test]
async fn calls_need_the_token() {
    let host = ("host", "127.0.0.1:7789");
    let good = ("authorization", "TOKEN");
    let call = "/api/v0/status";
    assert_eq!(ask(call, &[host, good]).await, 200);
    assert_eq!(ask(call, &[host]).await, 401);
    assert_eq!(
        ask(call, &[host, ("authorization", "Bearer wrong")]).await,
        401
    );
    assert_eq!(
        ask(call, &[host, good, ("origin", "http://127.0.0.1:7789")]).await,
        200
    );
    assert_eq!(ask("/", &[host]).await, 200);
    assert_eq!(ask("/none", &[host, good]).await, 404);
}

#[tokio::test]
async fn foreign_hosts_and_pages_get_nothing() {
    let good = ("authorization", "TOKEN");
    let call = "/api/v0/status";
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "a.localhost:7789",
        "10.0.0.1",
    ] {
        assert_eq!(ask(call, &[("host", host), good]).await, 421, "{host}");
        assert_eq!(ask("/", &[("host", host)]).await, 421, "{host}");
    }
    assert_eq!(ask(call, &[good]).await, 400);
    assert_eq!(
        ask(call, &[("host", "localhost"), ("host", "localhost"), good]).await,
        400
    );
    for origin in ["null", "http://127.0.0.1:7788", "http://evil.example"] {
        let answer = ask(
            call,
            &[("host", "127.0.0.1:7789"), good, ("origin", origin)],
        )
        .await;
        assert_eq!(answer, 403, "{origin}");
    }
    let cross = ("sec-fetch-site", "cross-site");
    assert_eq!(
        ask(call, &[("host", "127.0.0.1:7789"), good, cross]).await,
        403
    );
    let neighbour = ("sec-fetch-site", "same-site");
    assert_eq!(
        ask(call, &[("host", "127.0.0.1:7789"), good, neighbour]).await,
        403
    );
}
