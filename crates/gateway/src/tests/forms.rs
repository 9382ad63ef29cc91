//! Forms of structured data, what is blocked, and spellings.

use super::{
    standard::BROWSER,
    support::{settings, world},
};

#[tokio::test]
async fn structured_data_is_given_as_it_is_or_not_at_all() {
    let world = world(settings());
    let (json, dag) = ("application/json", "application/vnd.ipld.dag-json");
    for (path, accept, media_type) in [
        ("/ipfs/json", "*/*", json),
        ("/ipfs/json?format=json", "*/*", json),
        ("/ipfs/dag-json", "*/*", dag),
        ("/ipfs/dag-json", json, json),
        ("/ipfs/dag-json?format=dag-json", "text/html", dag),
        (
            "/ipfs/dag-cbor",
            "application/json, */*",
            "application/vnd.ipld.dag-cbor",
        ),
        ("/ipfs/v0/stream/dag-json?format=dag-json", "*/*", dag),
    ] {
        let seen = world.get(path, &[("accept", accept)]).await;
        assert_eq!(
            (seen.status.as_u16(), seen.text()),
            (200, "0123456789"),
            "{path}"
        );
        assert_eq!(seen.header("content-type"), media_type, "{path} {accept}");
    }
    let part = world.get("/ipfs/dag-json", &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "234"));
    assert_eq!(part.header("etag"), "\"dag-json.dag-json\"");
    for (path, accept) in [
        ("/ipfs/json?format=dag-json", "*/*"),
        ("/ipfs/dag-cbor?format=json", "*/*"),
        ("/ipfs/dag-cbor", json),
        ("/ipfs/all/video.mp4?format=dag-cbor", "*/*"),
        ("/fake/v0/stream/file?format=dag-json", "*/*"),
    ] {
        let refused = world.get(path, &[("accept", accept)]).await;
        assert_eq!(
            (refused.status.as_u16(), refused.reason().as_str()),
            (406, "not-acceptable"),
            "{path}"
        );
    }
    let page = world.get("/ipfs/dag-json/", &[BROWSER]).await;
    assert!(
        page.header("etag").starts_with("\"DagIndex-"),
        "{}",
        page.header("etag")
    );
}

#[tokio::test]
async fn what_is_blocked_is_told_apart_from_what_is_not_there() {
    let world = world(settings());
    for (path, status) in [
        ("/ipfs/unlawful", 451),
        ("/ipfs/v0/stream/unlawful/", 451),
        ("/ipfs/unwanted?format=raw", 410),
        ("/ipfs/all/unlawful?format=raw", 451),
        ("/ipfs/all/unwanted", 410),
    ] {
        let refused = world.get(path, &[]).await;
        assert_eq!(
            (refused.status.as_u16(), refused.reason().as_str()),
            (status, "blocked"),
            "{path}"
        );
    }
    assert_eq!(world.get("/ipfs/all/none", &[]).await.status, 404);
}

#[tokio::test]
async fn other_spellings_lead_to_the_better_one() {
    let world = world(settings());
    let moved = world.get("/ipfs/Other/a%20b/?x=y", &[]).await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (302, "/ipfs/other/a%20b/?x=y")
    );
    assert_eq!(moved.header("ipfs-uri"), "");
    let seen = world.get("/ipfs/All/site%2F..%2Fvideo%2Emp4", &[]).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.header("ipfs-uri"), "ipfs://all/video.mp4");
    assert_eq!(world.get("/ipfs/all/site/../..", &[]).await.status, 400);
}
