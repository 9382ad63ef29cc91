//! Metrics, the description of all calls, collections.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scene::{CHUNK, HOST, Scene};

#[tokio::test]
async fn figures_have_names_and_units_by_convention() {
    let scene = Scene::new();
    scene.keep("a", 3, &["1Site"]).await;
    let headers = [HOST, ("authorization", "TOKEN")];
    let answer = scene.ask("GET", "/metrics", &headers, "").await;
    assert_eq!(answer.status, 200);
    let media_type = answer.header("content-type").expect("a type");
    assert!(
        media_type.starts_with("application/openmetrics-text; version=1.0.0"),
        "{media_type}"
    );
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    for line in [
        "# TYPE universal_p2p_disk_limit_bytes gauge",
        "# UNIT universal_p2p_disk_limit_bytes bytes",
        "universal_p2p_disk_limit_bytes 100000000",
        "universal_p2p_start_time_seconds 1000000",
        "universal_p2p_build_info{version=\"1\"} 1",
        "universal_p2p_items{protocol=\"fake\"} 1",
        "universal_p2p_peers{protocol=\"fake\"} 3",
        "universal_p2p_network_enabled{protocol=\"other\"} 0",
        "universal_p2p_streams_opened_total 1",
        "# TYPE universal_p2p_fetched_bytes counter",
        &format!(
            "universal_p2p_fetched_bytes_total{{protocol=\"fake\"}} {}",
            3 * CHUNK
        ),
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(text.ends_with("# EOF\n"));
    let bare = scene.ask("GET", "/metrics", &[HOST], "").await;
    assert_eq!(bare.problem(401), "unauthorized");
}

/// Every call that is described, as method and path.
fn described(description: &Value) -> BTreeSet<(String, String)> {
    let paths = description["paths"].as_object().expect("paths");
    let calls = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    calls.collect()
}

#[tokio::test]
async fn every_call_is_described() {
    let scene = Scene::new();
    let description = scene.get("/openapi.json").await;
    let calls = described(&description);
    assert_eq!(calls.len(), 22, "{calls:?}");
    let mut names = BTreeSet::new();
    for (method, path) in &calls {
        let call = &description["paths"][path][method.to_lowercase()];
        let name = call["operationId"].as_str().expect("a name");
        assert!(names.insert(name.to_owned()), "{name} twice");
        for status in ["400", "401", "403", "421", "500", "503"] {
            let schema = &call["responses"][status]["content"]["application/problem+json"];
            let reference = &schema["schema"]["$ref"];
            assert_eq!(
                reference, "#/components/schemas/Problem",
                "{method} {path} {status}"
            );
        }
        let is_good = |status: &String| status.starts_with('2');
        let responses = call["responses"].as_object().expect("responses");
        assert!(responses.keys().any(is_good), "{method} {path}");
        // It is a call, and not just described: with a wrong token it is told from none.
        let target = path.replace("{protocol}", "fake").replace("{id}", "a");
        let target = target.replace("{site}", "a").replace("{job}", "1");
        let other = scene
            .ask("TRACE", &target, &[HOST, ("authorization", "TOKEN")], "")
            .await;
        let allowed = other.header("allow").expect(&target).to_owned();
        assert!(
            allowed.split(',').any(|known| known == method),
            "{method} {path}: {allowed}"
        );
    }
    let schemes = &description["components"]["securitySchemes"]["token"];
    assert_eq!(
        (&schemes["type"], &schemes["scheme"]),
        (&"http".into(), &"bearer".into())
    );
    let text = description.to_string();
    let schemas = description["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(schemas.contains_key(name), "{name} is not described");
    }
}

#[tokio::test]
async fn collections_are_told_the_newest_first() {
    let scene = Scene::new();
    assert_eq!(
        scene.get("/collections").await["collections"],
        serde_json::json!([])
    );
    for id in ["a", "b"] {
        scene.keep(id, 2, &["site"]).await;
        scene.call_with("POST", "/collect", r#"{"upto": 0}"#).await;
    }
    let told = scene.get("/collections").await;
    let collections = told["collections"].as_array().expect("a list");
    assert_eq!(collections.len(), 2);
    let at = |number: usize| collections[number]["at"].as_u64().expect("a time");
    assert!(at(0) >= at(1));
    assert_eq!(collections[0]["chunks"], 2);
}
