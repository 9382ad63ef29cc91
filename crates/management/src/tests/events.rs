use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

use super::scene::{Answer, Scene};
use crate::events::Hub;

/// Longer than any event takes on a busy machine.
const FAR_TOO_LONG: Duration = Duration::from_secs(60);

/// A listener, and what of an event has come.
pub(crate) struct Listener {
    body: BodyDataStream,
    text: String,
    last: u64,
}

impl Listener {
    pub(crate) async fn new(scene: &Scene) -> Self {
        let answer = scene.listen().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self::of(answer.into_body())
    }

    fn of(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            text: String::new(),
            last: 0,
        }
    }

    /// The next event; none where it is let go.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                let field = |name: &str| {
                    let mut lines = event.lines();
                    let found = lines.find_map(|line| line.strip_prefix(name));
                    found
                        .unwrap_or_else(|| panic!("no {name} in {event}"))
                        .to_owned()
                };
                let number: u64 = field("id: ").parse().expect("a number");
                assert!(number > self.last, "numbers rise");
                self.last = number;
                let data = serde_json::from_str(&field("data: ")).expect("JSON");
                return Some((field("event: "), data));
            }
            let more = timeout(FAR_TOO_LONG, self.body.next())
                .await
                .expect("something comes");
            let more = more?.expect("no failure");
            self.text += std::str::from_utf8(&more).expect("text");
        }
    }

    /// The next event of a name.
    pub(crate) async fn until(&mut self, name: &str) -> Value {
        loop {
            let (event, data) = self.next().await.expect("it listens");
            if event == name {
                return data;
            }
        }
    }
}

#[tokio::test]
async fn a_listener_is_told_everything_and_then_what_changes() {
    let scene = Scene::new();
    scene.keep("a", 2, &["1Site"]).await;
    let mut listener = Listener::new(&scene).await;
    let (name, status) = listener.next().await.expect("first");
    assert_eq!(
        (name.as_str(), &status["disk"]["items"]),
        ("status", &1.into())
    );
    let (name, streams) = listener.next().await.expect("second");
    assert_eq!(
        (name.as_str(), &streams["streams"]),
        ("streams", &serde_json::json!([]))
    );
    let (name, items) = listener.next().await.expect("third");
    assert_eq!((name.as_str(), &items["count"]), ("items", &1.into()));
    assert_eq!(items["items"][0]["id"], "a");

    scene.keep("b", 1, &["1Site"]).await;
    let items = listener.until("items").await;
    assert!(
        items["changed"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["id"] == "b"))
    );
    assert_eq!(
        (&items["removed"], &items["count"]),
        (&serde_json::json!([]), &2.into())
    );

    scene.call("DELETE", "/items/fake/a").await;
    loop {
        let items = listener.until("items").await;
        if items["removed"] == serde_json::json!(["fake/a"]) {
            break;
        }
    }
    scene.call_with("POST", "/collect", r#"{"upto": 0}"#).await;
    let collection = listener.until("collection").await;
    assert_eq!(
        (&collection["reason"], &collection["chunks"]),
        (&"asked".into(), &1.into())
    );
    let body = r#"{"disk.limit": "30GB"}"#;
    scene.call_with("PATCH", "/settings", body).await;
    let settings = listener.until("settings").await;
    assert_eq!(settings["settings"][0]["value"], "30GB");
}

#[tokio::test]
async fn streams_are_told_when_they_come_and_go() {
    let scene = Scene::new();
    let item = scene.keep("live", 1, &[]).await;
    let mut listener = Listener::new(&scene).await;
    listener.until("items").await;
    let lease = scene.store.lease(item, universal_p2p_core::Site::unknown());
    lease.seek("folder/film.mkv");
    let streams = listener.until("streams").await;
    let stream = &streams["streams"][0];
    assert_eq!(
        (&stream["id"], &stream["name"]),
        (&"live".into(), &"film.mkv".into())
    );
    assert_eq!(
        (&stream["peers"], &stream["waits_for"]),
        (&3.into(), &"metadata".into())
    );
    drop(lease);
    loop {
        let streams = listener.until("streams").await;
        if streams["streams"] == serde_json::json!([]) {
            return;
        }
    }
}

#[tokio::test]
async fn sixteen_may_listen_and_a_place_comes_back() {
    let scene = Scene::new();
    let mut listeners = Vec::new();
    for _ in 0..16 {
        listeners.push(Listener::new(&scene).await);
    }
    let refused = scene.call("GET", "/events").await;
    assert_eq!(refused.problem(503), "busy");
    assert!(refused.header("retry-after").is_some());
    listeners.pop();
    let again = Listener::new(&scene).await;
    drop((again, listeners));
    let one: Answer = scene.call("GET", "/status").await;
    assert_eq!(one.status, 200);
}

#[tokio::test]
async fn who_reads_too_slowly_is_let_go() {
    let scene = Scene::new();
    let mut listener = Listener::new(&scene).await;
    listener.until("items").await;
    for number in 0..100 {
        let body = format!(r#"{{"disk.limit": "{number}GB"}}"#);
        scene.call_with("PATCH", "/settings", body).await;
    }
    assert!(
        listener.next().await.is_none(),
        "it is not told of only a part"
    );
    let mut again = Listener::new(&scene).await;
    assert_eq!(again.next().await.expect("first").0, "status");
}

#[tokio::test]
async fn all_listening_ends_when_the_agent_stops() {
    let scene = Scene::new();
    let mut listener = Listener::new(&scene).await;
    listener.until("items").await;
    scene.stop.cancel();
    while let Some((name, _)) = listener.next().await {
        assert_ne!(name, "settings");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_comments() {
    let mut quiet = Listener::of(Scene::new().listen().await.into_body());
    for _ in 0..3 {
        quiet.next().await.expect("told first");
    }
    // The scene is gone but for the listener: nothing happens any more.
    for _ in 0..1000 {
        let text = quiet
            .body
            .next()
            .await
            .expect("it listens")
            .expect("no failure");
        if text.starts_with(b":") {
            return;
        }
    }
    panic!("it is never quiet");
}

#[tokio::test]
async fn nothing_is_written_for_nobody() {
    struct Never;
    impl serde::Serialize for Never {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("it was written")
        }
    }
    Hub::default().tell("settings", &Never);
}
