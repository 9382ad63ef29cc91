use serde_json::json;

use super::scene::{HOST, Scene};

/// What a text means, or why it means nothing.
async fn resolve(scene: &Scene, text: &str) -> super::scene::Answer {
    let body = json!({ "text": text }).to_string();
    scene.call_with("POST", "/resolve", body).await
}

#[tokio::test]
async fn an_address_is_understood_and_nothing_is_fetched() {
    let scene = Scene::new();
    let content = "http://127.0.0.1:7788";
    let found = resolve(&scene, " fake:thing ").await.json();
    assert_eq!(
        (&found["protocol"], &found["id"]),
        (&json!("fake"), &json!("thing"))
    );
    let query = "?tr=udp%3A%2F%2Fa.example%3A1%2F%3Fx%3Dy%26z";
    assert_eq!(
        found["url"],
        format!("{content}/fake/v0/stream/thing{query}")
    );
    assert_eq!(
        found["playlist_url"],
        format!("{content}/fake/v0/playlist/thing{query}")
    );
    let more = query.replace('?', "&");
    let files = format!("{content}/fake/v0/stream/thing/?format=json{more}");
    assert_eq!(found["files_url"], files);
    for link in [
        "http://127.0.0.1:7788/fake/v0/stream/THING/a%20b/c%2Fd?tr=x+y&from=1Site&download=1",
        "http://other.example:1/fake/v0/stream/THING/a%20b//c%2Fd/?tr=x%20y&token=secret",
        "/fake/v0/stream/thing/a%20b/c%2Fd?tr=x%20y",
    ] {
        let found = resolve(&scene, link).await;
        assert_eq!(found.status, 200, "{link}: {found:?}");
        let url = format!("{content}/fake/v0/stream/thing/a%20b/c%2Fd?tr=x%20y");
        assert_eq!(found.json()["url"], url, "{link}");
    }
    assert_eq!(scene.store.disk_use().items, 0);
}

#[tokio::test]
async fn what_is_no_address_is_refused_with_the_cure() {
    let scene = Scene::new();
    for (text, status, reason) in [
        ("", 400, "bad-id"),
        ("hello", 400, "bad-id"),
        ("\"><script>", 400, "bad-id"),
        ("fake:A/B", 400, "bad-id"),
        ("fake:later", 501, "unsupported"),
        (
            "http://127.0.0.1:7788/fake/v0/stream/later",
            501,
            "unsupported",
        ),
        ("http://127.0.0.1:7788/fake/v0/stream/a%2Fb", 400, "bad-id"),
        (
            "http://127.0.0.1:7788/fake/v0/stream/a/%2e%2e/x",
            400,
            "bad-id",
        ),
        ("http://127.0.0.1:7788/fake/v1/stream/a", 400, "bad-id"),
        ("http://127.0.0.1:7788/fake/v0/stream/%ff", 400, "bad-id"),
    ] {
        assert_eq!(
            resolve(&scene, text).await.problem(status),
            reason,
            "{text}"
        );
    }
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"text": 1}"#,
        r#"{"text": "a", "x": 1}"#,
    ] {
        let answer = scene.call_with("POST", "/resolve", body).await;
        assert_eq!(answer.problem(400), "bad-call", "{body}");
    }
    let long = json!({ "text": "x".repeat(17 * 1024) }).to_string();
    let answer = scene.call_with("POST", "/resolve", long).await;
    assert_eq!(answer.problem(413), "too-large");
}

#[tokio::test]
async fn a_document_is_understood() {
    let scene = Scene::new();
    let send = async |media_type: &str, body: Vec<u8>| {
        let headers = [
            HOST,
            ("authorization", "TOKEN"),
            ("content-type", media_type),
        ];
        scene.ask("POST", "/api/v0/resolve", &headers, body).await
    };
    let taken = send("application/x-fake; a=b", b"thing".to_vec()).await;
    assert_eq!(taken.json()["id"], "thing");
    let broken = send("application/x-fake", vec![0xff]).await;
    assert_eq!(broken.problem(400), "bad-document");
    let other = send("application/pdf", Vec::new()).await;
    assert_eq!(other.problem(415), "unknown-document");
    let large = send("application/x-fake", vec![b'a'; (32 << 20) + 1]).await;
    assert_eq!(large.problem(413), "too-large");
}
