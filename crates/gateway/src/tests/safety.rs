use axum::http::{Request, StatusCode, Version, request::Builder};

use super::support::{settings, world};

const VIDEO: &str = "/fake/v0/stream/all/video.mp4";

#[tokio::test]
async fn only_our_own_host_is_answered() {
    let world = world(settings());
    let status = async |request: Builder| {
        let request = request.body(()).expect("a request");
        world.begin(request).await.status().as_u16()
    };
    let get = || Request::builder().uri(VIDEO);
    for host in [
        "localhost",
        "[::1]:7788",
        "torrent.localhost:80",
        "media.lan",
    ] {
        assert_eq!(status(get().header("host", host)).await, 200, "{host}");
    }
    for host in ["evil.example", "", "127.0.0.1.evil.example:7788", "\u{fc}"] {
        assert_eq!(status(get().header("host", host)).await, 421, "{host}");
    }
    assert_eq!(status(get()).await, 400);
    assert_eq!(status(get().version(Version::HTTP_10)).await, 200);
    let twice = get()
        .header("host", "localhost")
        .header("host", "localhost");
    assert_eq!(status(twice).await, 400);
    let written = |uri: &str| Request::builder().uri(format!("http://{uri}{VIDEO}"));
    assert_eq!(
        status(written("localhost").header("host", "localhost")).await,
        200
    );
    assert_eq!(
        status(written("evil.example").header("host", "localhost")).await,
        421
    );
    assert_eq!(
        status(written("localhost").header("host", "evil.example")).await,
        421
    );
    // Even what is malformed says nothing to a foreign page.
    let bad = Request::builder().method("PUT").uri("/%zz");
    assert_eq!(status(bad.header("host", "evil.example")).await, 421);
}

#[tokio::test]
async fn content_is_only_read() {
    let world = world(settings());
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"] {
        let answer = world.ask(method, VIDEO, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        assert_eq!(answer.reason(), "method-not-allowed");
    }
    let worker = world.get(VIDEO, &[("service-worker", "script")]).await;
    assert_eq!(worker.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_preflight_allows_ranges() {
    let world = world(settings());
    for path in [VIDEO, "*"] {
        let answer = world.ask("OPTIONS", path, &[("origin", "null")]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, HEAD, OPTIONS"
        );
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers, "Range, If-Range, If-None-Match");
        assert!(!answer.header("access-control-max-age").is_empty());
    }
}

#[tokio::test]
async fn what_is_public_needs_the_token() {
    let mut public = settings();
    public.token = Some("s3cret".into());
    let world = world(public);
    for (query, header) in [
        ("", ""),
        ("?token=", ""),
        ("?token=s3cre", ""),
        ("", "Bearer wrong"),
        ("", "Basic s3cret"),
    ] {
        let path = format!("{VIDEO}{query}");
        let answer = world.get(&path, &[("authorization", header)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{query}{header}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.reason(), "unauthorized");
    }
    let bearer = world
        .get(VIDEO, &[("authorization", "bearer s3cret")])
        .await;
    assert_eq!(bearer.status, StatusCode::OK);
    let listing = world
        .get("/fake/v0/stream/all/music/?token=s3cret&format=json", &[])
        .await;
    let json = listing.json();
    let url = json["entries"][0]["url"].as_str().expect("an address");
    assert_eq!(world.get(url, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn hostile_content_stays_in_its_sandbox() {
    let world = world(settings());
    // A parameter chooses the type; no type has a policy of its own.
    for (path, media_type) in [
        ("page.html", "text/html; charset=utf-8"),
        ("book.pdf", "application/pdf"),
        ("book.pdf?filename=x.svg", "image/svg+xml"),
        ("page.html?filename=x.pdf", "application/pdf"),
    ] {
        let answer = world.get(&format!("/fake/v0/stream/all/{path}"), &[]).await;
        assert_eq!(answer.header("content-type"), media_type);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("sandbox; default-src 'none';"),
            "{path}: {policy}"
        );
    }
}
