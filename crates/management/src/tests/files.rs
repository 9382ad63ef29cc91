use serde_json::json;

use super::scene::Scene;

#[tokio::test]
async fn files_are_told_with_what_is_there_of_them() {
    let scene = Scene::new();
    let answer = scene.get("/items/fake/FOLDER/files").await;
    assert_eq!(answer["more"], false);
    let files = answer["files"].as_array().expect("a list");
    let content = "http://127.0.0.1:7788/fake/v0/stream/folder";
    let film = files.iter().find(|file| file["name"] == "film.mkv");
    let film = film.expect("it is listed");
    assert_eq!(film["path"], "film.mkv");
    assert_eq!(film["url"], format!("{content}/film.mkv"));
    assert_eq!(
        (&film["kind"], &film["length"]),
        (&json!("file"), &json!(64 << 10))
    );
    assert_eq!(
        (&film["held"], &film["bar"]),
        (&json!(32 << 10), &json!([100, 100, 0, 0]))
    );
    let set = files.iter().find(|file| file["name"] == "set.zip");
    let set = set.expect("it is listed");
    assert_eq!(set["kind"], "archive");
    assert!(set["held"].is_null() && set["bar"].is_null(), "{set}");
    let below = files.iter().find(|file| file["kind"] == "dir");
    let below = below.expect("it is listed");
    assert_eq!(below["url"], format!("{content}/below/"));
    assert_eq!(
        (&below["path"], &files[0]["name"]),
        (&json!("below/"), &json!("below"))
    );
    assert!(below["length"].is_null() && below["bar"].is_null());
    let hostile = files
        .iter()
        .find(|file| file["length"] == 1)
        .expect("it is listed");
    let encoded = "%22%3E%3Cb%3E%26%3F%23%252f";
    assert_eq!(hostile["url"], format!("{content}/{encoded}"));
}

#[tokio::test]
async fn long_directories_come_in_parts() {
    let scene = Scene::new();
    for (query, first, count, more) in [
        ("?path=below", Some("below/0000"), 1000, true),
        ("?path=/below/&offset=1000", Some("below/1000"), 500, false),
        ("?path=below&offset=1500", None, 0, false),
        ("?path=below&offset=18446744073709551615", None, 0, false),
    ] {
        let answer = scene.get(&format!("/items/fake/folder/files{query}")).await;
        let files = answer["files"].as_array().expect("a list");
        assert_eq!(
            (files.len(), &answer["more"]),
            (count, &json!(more)),
            "{query}"
        );
        assert_eq!(files.first().and_then(|file| file["path"].as_str()), first);
    }
    let one = scene.get("/items/fake/folder/files?path=film.mkv").await;
    assert_eq!(one["files"][0]["path"], "film.mkv");
    assert_eq!(one["files"][0]["held"], 32 << 10);
}

#[tokio::test]
async fn what_is_not_known_is_not_looked_for() {
    let scene = Scene::new();
    for (path, status, reason) in [
        ("/items/fake/other/files", 409, "unknown"),
        ("/items/fake/folder/files?path=nothing", 404, "not-found"),
        ("/items/fake/folder/files?path=..", 404, "not-found"),
        ("/items/fake/folder/files?path=film.mkv/x", 404, "not-found"),
        (
            "/items/fake/folder/files?path=film.mkv/x/",
            404,
            "not-found",
        ),
        // what is in an archive is asked of whoever opens those
        ("/items/fake/folder/files?path=set.zip/", 503, "stopping"),
        ("/items/fake/folder/files?path=set.zip/x/", 503, "stopping"),
        ("/items/fake/folder/files?path=set.zip/x", 404, "not-found"),
        ("/items/none/a/files", 404, "not-found"),
        ("/items/fake/later/files", 501, "unsupported"),
        ("/items/fake/folder/files?way=x", 400, "bad-call"),
        ("/items/fake/folder/files?path=a&path=b", 400, "bad-call"),
    ] {
        let answer = scene.call("GET", path).await;
        assert_eq!(answer.problem(status), reason, "{path}");
    }
}
