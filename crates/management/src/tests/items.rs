use super::scene::{CHUNK, Scene};

#[tokio::test]
async fn items_come_in_the_order_in_which_they_go() {
    let scene = Scene::new();
    for id in ["first", "second", "third"] {
        scene.keep(id, 1, &["site"]).await;
    }
    scene.call("PUT", "/items/fake/first/pin").await;
    let all = scene.get("/items").await;
    assert_eq!(all["total"], 3);
    assert_eq!(all["offset"], 0);
    let last = &all["items"][2];
    assert_eq!(
        (&last["id"], &last["kept"]),
        (&"first".into(), &"pinned".into())
    );
    assert!(last["queue"].is_null(), "{last}");
    assert_eq!(all["items"][0]["queue"], 1);
    assert_eq!(all["items"][1]["queue"], 2);
}

#[tokio::test]
async fn a_list_comes_in_parts() {
    let scene = Scene::new();
    for id in ["a", "b", "c"] {
        scene.keep(id, 1, &["site"]).await;
    }
    let all = scene.get("/items").await;
    for (query, ids) in [
        ("?limit=2", &[0, 1][..]),
        ("?limit=2&offset=2", &[2]),
        ("?offset=1", &[1, 2]),
        ("?offset=3", &[]),
        ("?offset=18446744073709551615", &[]),
        ("?limit=0", &[]),
        ("?limit=10000", &[0, 1, 2]),
    ] {
        let part = scene.get(&format!("/items{query}")).await;
        assert_eq!(part["total"], 3, "{query}");
        let expected: Vec<_> = ids
            .iter()
            .map(|place: &usize| all["items"][*place]["id"].clone())
            .collect();
        let got: Vec<_> = part["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["id"].clone())
            .collect();
        assert_eq!(got, expected, "{query}");
    }
    for query in [
        "limit=10001",
        "limit=-1",
        "limit=x",
        "offset=1.5",
        "offset=18446744073709551616",
        "page=2",
        "limit=1&limit=2",
    ] {
        let answer = scene.call("GET", &format!("/items?{query}")).await;
        assert_eq!(answer.problem(400), "bad-call", "{query}");
    }
}

#[tokio::test]
async fn an_item_tells_who_asked_by_any_spelling() {
    let scene = Scene::new();
    let hostile = "\"><script>alert(1)</script>";
    scene.keep("thing", 2, &["1Site", hostile]).await;
    for spelling in ["thing", "THING", "link%3A%3Fof%3DThing"] {
        let item = scene.get(&format!("/items/fake/{spelling}")).await;
        assert_eq!(item["id"], "thing", "{spelling}");
        assert_eq!(item["protocol"], "fake");
        assert!(item["disk"].as_u64() >= Some(2 * CHUNK));
        let sites = item["sites"].as_array().expect("a list");
        assert_eq!(sites.len(), 2);
        assert!(
            sites
                .iter()
                .any(|site| site["site"] == hostile && site["evidence"] == "claimed")
        );
    }
}

#[tokio::test]
async fn what_is_no_item_is_told_apart() {
    let scene = Scene::new();
    for (path, status, reason) in [
        ("/items/fake/none", 404, "not-found"),
        ("/items/other/none", 404, "not-found"),
        ("/items/fake/a%2Fb", 400, "bad-id"),
        ("/items/fake/%2E%2E%2Fetc", 400, "bad-id"),
        ("/items/fake/%00", 400, "bad-id"),
        ("/items/fake/%FF", 400, "bad-call"),
        ("/items/fake/later", 501, "unsupported"),
        ("/items/%22%3E%3Cscript%3E/a", 404, "not-found"),
    ] {
        for method in ["GET", "DELETE"] {
            let answer = scene.call(method, path).await;
            assert_eq!(answer.problem(status), reason, "{method} {path}");
        }
    }
    assert_eq!(
        scene.released(),
        [""; 0],
        "what is not there cannot be left"
    );
}

#[tokio::test]
async fn a_pinned_item_stays() {
    let scene = Scene::new();
    scene.keep("thing", 2, &["1Site"]).await;
    for _ in 0..2 {
        let answer = scene.call("PUT", "/items/fake/THING/pin").await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
    }
    let refused = scene.call("DELETE", "/items/fake/thing").await;
    assert_eq!(refused.problem(409), "pinned");
    assert!(
        refused.json()["detail"]
            .as_str()
            .is_some_and(|cure| cure.contains("unpin"))
    );
    assert_eq!(scene.released(), [""; 0], "who watches it must not notice");
    scene.call_with("POST", "/collect", r#"{"upto": 0}"#).await;
    let purged = scene.call("DELETE", "/sites/1Site").await.json();
    assert_eq!(
        (&purged["items"], &purged["pinned"]),
        (&0.into(), &1.into())
    );
    let item = scene.get("/items/fake/thing").await;
    assert!(item["disk"].as_u64() >= Some(2 * CHUNK), "{item}");
    for _ in 0..2 {
        assert_eq!(
            scene.call("DELETE", "/items/fake/thing/pin").await.status,
            204
        );
    }
    let removed = scene.call("DELETE", "/items/fake/thing").await.json();
    assert_eq!(removed["items"], 1);
    assert!(removed["freed"].as_u64() >= Some(2 * CHUNK), "{removed}");
    assert_eq!(scene.released(), ["thing"]);
    assert_eq!(
        scene.call("GET", "/items/fake/thing").await.problem(404),
        "not-found"
    );
}

#[tokio::test]
async fn an_item_can_be_pinned_before_it_is_seen() {
    let scene = Scene::new();
    assert_eq!(
        scene
            .call("PUT", "/items/fake/later/pin")
            .await
            .problem(501),
        "unsupported"
    );
    assert_eq!(
        scene
            .call("PUT", "/items/other/thing/pin")
            .await
            .problem(404),
        "not-found"
    );
    assert_eq!(scene.call("PUT", "/items/fake/thing/pin").await.status, 204);
    assert_eq!(scene.get("/items/fake/thing").await["pinned"], true);
}

#[tokio::test]
async fn a_site_takes_along_what_only_it_asked_for() {
    let scene = Scene::new();
    let hostile = "\"><script>/../%00 ä";
    scene.keep("only", 1, &[hostile]).await;
    scene.keep("both", 1, &[hostile, "other"]).await;
    let encoded: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let removed = scene.call("DELETE", &format!("/sites/{encoded}")).await;
    assert_eq!(removed.status, 200, "{removed:?}");
    assert_eq!(removed.json()["items"], 1);
    assert_eq!(scene.released(), ["only"]);
    assert_eq!(scene.call("GET", "/items/fake/only").await.status, 404);
    let both = scene.get("/items/fake/both").await;
    let sites = both["sites"].as_array().expect("a list");
    assert_eq!(
        (sites.len(), &sites[0]["site"]),
        (1, &"other".into()),
        "{both}"
    );
    let again = scene.call("DELETE", &format!("/sites/{encoded}")).await;
    assert_eq!(again.problem(404), "not-found");
    assert_eq!(
        scene.call("DELETE", "/sites/%FF").await.problem(400),
        "bad-call"
    );
}

#[tokio::test]
async fn an_item_tells_how_it_is_doing() {
    let scene = Scene::new();
    for id in ["live", "parked"] {
        scene.keep(id, 1, &["1Site"]).await;
    }
    let live = scene.get("/items/fake/live").await;
    assert_eq!((&live["peers"], &live["speed"]), (&3.into(), &1000.into()));
    assert_eq!(live["state"], "unknown");
    assert!(live["last_error"].is_null());
    let parked = scene.get("/items/fake/parked").await;
    assert_eq!(parked["peers"], 0);
}
