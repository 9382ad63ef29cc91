//! Files are shared, told of and taken back by calls.

use std::{collections::HashSet, fs, time::Duration};

use serde_json::{Value, json};

use super::{events::Listener, scene::Scene};

async fn ready(scene: &Scene, job: &Value) -> Value {
    loop {
        let share = scene.get(&format!("/shares/{job}")).await;
        if share["state"] != "hashing" {
            return share;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_file_is_shared_until_it_is_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::sharing(&folder.path().join("own"));
    let path = folder.path().join("a \"film\" <b>.mp4");
    fs::write(&path, "film").expect("a file");
    let begin = |body: Value| scene.call_with("POST", "/share", body.to_string());
    let other = begin(json!({"paths": [path], "networks": ["fake"]})).await;
    assert_eq!(other.problem(400), "bad-call");
    let off = begin(json!({"paths": [path], "networks": ["ipfs"]})).await;
    assert_eq!(off.problem(409), "off");
    let relative = begin(json!({"paths": ["film.mp4"]})).await;
    assert_eq!(relative.problem(400), "bad-path");
    let begun = begin(json!({"paths": [path]})).await;
    assert_eq!(begun.status, 202);
    let job = begun.json()["job"].clone();
    let share = ready(&scene, &job).await;
    assert_eq!(share["state"], "ready", "{share}");
    assert_eq!((&share["done"], &share["total"]), (&json!(4), &json!(4)));
    assert_eq!(scene.get("/shares").await["shares"][0], share);
    let snippet = share["snippet"].as_str().expect("HTML");
    assert!(
        snippet.starts_with("<video controls src=\"http://127.0.0.1:7788/bittorrent/v0/stream/")
    );
    assert!(
        snippet.contains("/a%20%22film%22%20%3Cb%3E.mp4\""),
        "{snippet}"
    );
    let id = share["bittorrent"]["id"].as_str().expect("an infohash");
    let magnet = share["bittorrent"]["magnet"]
        .as_str()
        .expect("a magnet link");
    assert!(magnet.starts_with(&format!("magnet:?xt=urn:btih:{id}&dn=a%20")));
    let taken = scene.call("DELETE", &format!("/shares/{job}")).await;
    assert_eq!(taken.status, 204);
    let gone = scene.call("DELETE", &format!("/shares/{job}")).await;
    assert_eq!(gone.problem(404), "not-found");
    assert_eq!(scene.get("/shares").await["shares"], json!([]));
    assert!(path.exists());
}

#[tokio::test]
async fn a_listener_is_told_of_a_share_until_it_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::sharing(&folder.path().join("own"));
    let mut listener = Listener::new(&scene).await;
    let path = folder.path().join("a.bin");
    fs::write(&path, "film").expect("a file");
    let begun = scene.call_with("POST", "/share", json!({"paths": [path]}).to_string());
    let job = begun.await.json()["job"].clone();
    let told = loop {
        let share = listener.until("share").await;
        if share["state"] != "hashing" {
            break share;
        }
    };
    assert_eq!(told, scene.get(&format!("/shares/{job}")).await);
    // what changed is told of too
    fs::write(&path, "another film").expect("a file");
    scene.look_at_shares();
    let changed = listener.until("share").await;
    assert_eq!(changed["job"], job);
    let error = changed["error"].as_str().expect("what is wrong");
    assert!(error.contains("share it again"), "{error}");
    let taken = scene.call("DELETE", &format!("/shares/{job}")).await;
    assert_eq!(taken.status, 204);
    let gone = json!({"job": job, "state": "gone"});
    assert_eq!(listener.until("share").await, gone);
}

#[tokio::test]
async fn many_shares_are_told_of_look_by_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::sharing(&folder.path().join("own"));
    let mut listener = Listener::new(&scene).await;
    let mut jobs = HashSet::new();
    for number in 0..40 {
        let path = folder.path().join(number.to_string());
        fs::write(&path, number.to_string()).expect("a file");
        let begun = scene.call_with("POST", "/share", json!({"paths": [path]}).to_string());
        jobs.insert(begun.await.json()["job"].as_u64().expect("a number"));
    }
    while !jobs.is_empty() {
        let share = listener.until("share").await;
        if share["state"] == "ready" {
            jobs.remove(&share["job"].as_u64().expect("a number"));
        }
    }
}
