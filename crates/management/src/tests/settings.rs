use super::scene::Scene;

#[tokio::test]
async fn settings_are_told_and_changed() {
    let scene = Scene::new();
    let told = scene.get("/settings").await;
    let setting = &told["settings"][0];
    assert_eq!(setting["key"], "disk.limit");
    assert_eq!(
        (&setting["type"], &setting["from"]),
        (&"size".into(), &"default".into())
    );
    assert!(setting.get("choices").is_none(), "{setting}");
    let body = r#"{"disk.limit": "30GB"}"#;
    let changed = scene.call_with("PATCH", "/settings", body).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["settings"][0]["value"], "30GB");
    assert_eq!(changed.json()["restart"], serde_json::json!([]));
    assert_eq!(scene.get("/settings").await["settings"][0]["from"], "file");
}

#[tokio::test]
async fn a_change_that_is_wrong_names_the_key() {
    let scene = Scene::new();
    for (body, status, reason, part) in [
        (
            r#"{"a\u001bb": 1}"#,
            400,
            "bad-setting",
            "a\\u{1b}b: there is no such key",
        ),
        (r#"{"flagged": 1}"#, 409, "overruled", "command line"),
        (r#"{"disk": 1}"#, 500, "internal", "log"),
        ("[]", 400, "bad-call", "map"),
        ("1", 400, "bad-call", "map"),
    ] {
        let answer = scene.call_with("PATCH", "/settings", body).await;
        assert_eq!(answer.problem(status), reason, "{body}");
        let detail = answer.json()["detail"].as_str().expect("text").to_owned();
        assert!(
            detail.contains(part) && !detail.contains("secret"),
            "{body}: {detail}"
        );
    }
    let nothing = scene.call_with("PATCH", "/settings", "{}").await;
    assert_eq!(nothing.json()["settings"], serde_json::json!([]));
    let empty = scene.call_with("PATCH", "/settings", "").await;
    assert_eq!(empty.problem(400), "bad-call");
}
