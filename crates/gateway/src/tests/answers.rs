#![expect(
    clippy::single_range_in_vec_init,
    reason = "lists of opened ranges are compared"
)]

use axum::http::{Request, StatusCode};

use super::support::{settings, video, world};

const VIDEO: &str = "/fake/v0/stream/all/video.mp4";

#[tokio::test]
async fn a_file_is_answered_whole() {
    let world = world(settings());
    let answer = world.get(VIDEO, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.bytes(), &video());
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "1000"),
        ("accept-ranges", "bytes"),
        ("etag", "\"fake-video.mp4-1000\""),
        ("cache-control", "public, max-age=31536000, immutable"),
        (
            "content-disposition",
            "inline; filename=\"video.mp4\"; filename*=UTF-8''video.mp4",
        ),
        ("access-control-allow-origin", "*"),
        (
            "access-control-expose-headers",
            "Accept-Ranges, Content-Range, Content-Length, ETag",
        ),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "sandbox; default-src 'none'; img-src 'self' data: blob:; \
             media-src 'self' data: blob:; style-src 'unsafe-inline'",
        ),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn ranges_are_answered_in_one_part_or_in_several() {
    let mut world = world(settings());
    let one = world.get(VIDEO, &[("range", "bytes=990-2000")]).await;
    assert_eq!(one.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(one.header("content-range"), "bytes 990-999/1000");
    assert_eq!(one.header("content-length"), "10");
    assert_eq!(one.bytes(), &video().slice(990..));
    assert_eq!(world.opened(), [990..1000]);

    let two = world.get(VIDEO, &[("range", "bytes=0-1,-1")]).await;
    assert_eq!(two.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(two.header("content-range"), "");
    let kind = two.header("content-type");
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .expect("a boundary");
    assert_eq!(two.header("content-length"), two.bytes().len().to_string());
    let part = |range: &str, bytes: &[u8]| {
        let head = format!(
            "--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {range}/1000\r\n\r\n"
        );
        [head.as_bytes(), bytes, b"\r\n"].concat()
    };
    let want = [
        part("0-1", &video()[..2]),
        part("999-999", &video()[999..]),
        format!("--{boundary}--\r\n").into_bytes(),
    ];
    assert_eq!(two.bytes(), &want.concat());
    assert_eq!(world.opened(), [0..2, 999..1000]);

    let none = world.get(VIDEO, &[("range", "bytes=1000-")]).await;
    assert_eq!(none.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(none.header("content-range"), "bytes */1000");
    assert_eq!(none.reason(), "range-not-satisfiable");
    let empty = world
        .get("/fake/v0/stream/all/empty.txt", &[("range", "bytes=0-")])
        .await;
    assert_eq!(empty.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(empty.header("content-range"), "bytes */0");
    assert_eq!(world.opened(), []);
}

#[tokio::test]
async fn a_range_of_another_version_is_the_whole_file() {
    let world = world(settings());
    let range = ("range", "bytes=0-0");
    for (condition, status) in [
        ("\"fake-video.mp4-1000\"", StatusCode::PARTIAL_CONTENT),
        ("W/\"fake-video.mp4-1000\"", StatusCode::OK),
        ("\"other\"", StatusCode::OK),
        ("Sun, 06 Nov 1994 08:49:37 GMT", StatusCode::OK),
    ] {
        let answer = world.get(VIDEO, &[range, ("if-range", condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let mut world = world(settings());
    let tag = "\"fake-video.mp4-1000\"";
    let same = world
        .get(VIDEO, &[("if-none-match", tag), ("range", "bytes=0-0")])
        .await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    assert!(same.bytes().is_empty());
    assert_eq!(same.header("etag"), tag);
    assert!(same.header("cache-control").contains("immutable"));
    let other = world.get(VIDEO, &[("if-match", "\"x\"")]).await;
    assert_eq!(other.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(other.reason(), "precondition-failed");
    assert_eq!(world.opened(), []);
}

#[tokio::test]
async fn head_reads_nothing() {
    let mut world = world(settings());
    let whole = world.ask("HEAD", VIDEO, &[]).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.header("content-length"), "1000");
    assert!(whole.bytes().is_empty());
    let part = world.ask("HEAD", VIDEO, &[("range", "bytes=5-")]).await;
    assert_eq!(part.status, StatusCode::OK);
    assert_eq!(part.header("content-length"), "1000");
    assert_eq!(world.opened(), []);
    // Only its first bytes tell what this one is.
    let unnamed = world.ask("HEAD", "/fake/v0/stream/all/picture", &[]).await;
    assert_eq!(unnamed.header("content-type"), "image/png");
    assert_eq!(world.opened(), [0..12]);
    let listing = world.ask("HEAD", "/fake/v0/stream/all/", &[]).await;
    assert!(
        listing
            .header("content-length")
            .parse::<u64>()
            .is_ok_and(|length| length > 100)
    );
    assert!(listing.bytes().is_empty());
    let missing = world.ask("HEAD", "/fake/v0/stream/all/none", &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.bytes().is_empty());
}

#[tokio::test]
async fn parameters_change_name_and_type() {
    let world = world(settings());
    let saved = world.get(&format!("{VIDEO}?download=1"), &[]).await;
    assert!(
        saved
            .header("content-disposition")
            .starts_with("attachment; filename=\"video.mp4\"")
    );
    let named = world
        .get("/fake/v0/stream/all/picture?filename=%C3%A4+b.txt", &[])
        .await;
    assert_eq!(named.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        named.header("content-disposition"),
        "inline; filename=\"_ b.txt\"; filename*=UTF-8''%C3%A4%20b.txt"
    );
    let umlaut = world.get("/fake/v0/stream/all/%C3%A4%20b.txt", &[]).await;
    assert_eq!(umlaut.text(), "umlaut");
    let empty = world.get("/fake/v0/stream/all/empty.txt", &[]).await;
    assert_eq!((empty.status, empty.text()), (StatusCode::OK, ""));
    assert_eq!(empty.header("content-length"), "0");
}

#[tokio::test]
async fn an_id_without_a_path_is_its_largest_file() {
    let world = world(settings());
    for path in ["single", "file", "SINGLE", "magnet%3A%3Fxt%3Dsingle"] {
        let answer = world.get(&format!("/fake/v0/stream/{path}"), &[]).await;
        assert_eq!(answer.text(), "only", "{path}");
    }
    let nothing = world.get("/fake/v0/stream/nothing", &[]).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_address_has_a_reason() {
    let world = world(settings());
    for (path, status, reason) in [
        ("/fake/v0/stream/all/none", 404, "not-found"),
        ("/fake/v0/stream/all/video.mp4/", 404, "not-found"),
        ("/fake/v0/stream/all/video.mp4/x", 404, "not-found"),
        ("/fake/v0/stream/all/music%2F2.mp3", 404, "not-found"),
        ("/fake/v0/stream/file/", 404, "not-found"),
        ("/fake/v1/stream/all", 404, "not-found"),
        ("/other/v0/stream/all", 404, "not-found"),
        ("/fake/v0/peers/all", 404, "not-found"),
        ("/fake/v0/status/all/video.mp4", 404, "not-found"),
        ("/fake/v0", 404, "not-found"),
        ("/fake/v0/stream/all/../x", 400, "bad-address"),
        ("/fake/v0/stream/all/%2e%2e/x", 400, "bad-address"),
        ("/fake/v0/stream/all/a%00", 400, "bad-address"),
        ("/fake/v0/stream/all/%ff", 400, "bad-address"),
        ("/fake/v0/stream/all/x?tr=%zz", 400, "bad-address"),
        ("/fake/v0/stream/all/?format=xml", 400, "bad-address"),
        ("/fake/v0/stream/%20", 400, "bad-id"),
        ("/fake/v0/stream/unknown", 504, "no-peers"),
        ("/fake/v0/stream/all/corrupt.mp4", 502, "corrupt"),
        ("/fake/v0/stream/all/inside.mp4", 500, "internal"),
        ("/fake/v0/stream/all/panics.mp4", 500, "internal"),
    ] {
        let answer = world.get(path, &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.reason(), reason, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
}

#[tokio::test]
async fn people_get_a_page_for_an_error() {
    let world = world(settings());
    let accept = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let path = "/fake/v0/stream/all/%3Cscript%3E";
    let page = world.get(path, &[accept]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("&lt;script&gt;") && !page.text().contains("<script"));
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
}

#[tokio::test]
async fn a_body_is_never_shorter_or_longer_than_its_head_says() {
    let world = world(settings());
    for name in ["late", "early"] {
        let path = format!("/fake/v0/stream/all/{name}.mp4");
        let answer = world.get(&path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert!(answer.body.is_err(), "{name}");
        // The first part of several must not be filled up from the second.
        let parts = world.get(&path, &[("range", "bytes=0-9,20-29")]).await;
        assert_eq!(parts.status, StatusCode::PARTIAL_CONTENT, "{name}");
        assert!(parts.body.is_err(), "{name}");
    }
    let more = world.get("/fake/v0/stream/all/more.mp4", &[]).await;
    assert_eq!(more.bytes().len(), 1000);
}

#[tokio::test]
async fn streams_are_limited_until_their_bodies_are_gone() {
    let mut limited = settings();
    limited.streams_per_client = 1.into();
    let world = world(limited);
    let request = |path: &str| {
        let request = Request::builder().uri(path).header("host", "localhost");
        request.body(()).expect("a request")
    };
    let open = world.begin(request("/fake/v0/stream/all/stalls.mp4")).await;
    assert_eq!(open.status(), StatusCode::OK);
    let refused = world.get(VIDEO, &[]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.reason(), "busy");
    assert_eq!(refused.header("retry-after"), "5");
    assert!(refused.text().contains("limits.streams_per_client"));
    // What is known can be asked for all the same.
    let status = world.get("/fake/v0/status/all", &[]).await;
    assert_eq!(status.status, StatusCode::OK);
    drop(open);
    assert_eq!(world.get(VIDEO, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_name_leads_to_is_booked_with_its_content() {
    let world = world(settings());
    let booked = |path: &str| {
        let request = Request::builder().uri(path).header("host", "127.0.0.1");
        let request = request.body(()).expect("a request");
        let world = &world;
        async move {
            let _body = world.begin(request).await.into_body();
            let streams = world.gateway.store.streams();
            let ids = streams.into_iter().map(|stream| stream.id);
            ids.collect::<Vec<_>>()
        }
    };
    assert_eq!(booked("/fake/v0/stream/named").await, ["content"]);
    assert_eq!(booked("/fake/v0/stream/all/huge.bin").await, ["all"]);
}
