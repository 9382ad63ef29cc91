//! trustless_gateway_car (IPIP-402, IPIP-412), read by others' reader of archives; and a client of others
//! that has nobody else to ask.

use serde_json::{Value, json};

use super::{Scene, scene};
use crate::support::isolated;

#[test]
fn archives_pass_the_tables() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        paths(&scene);
        scopes(&scene);
        stretches(&scene);
        orders(&scene);
        needs(&scene);
        broken(&scene);
        clients(&scene);
        scene.end();
    });
}

/// An archive as its reader sees it.
fn car(scene: &Scene, target: &str, accept: Option<&str>, read: Value) -> Value {
    let url = scene.agent.url(&scene.fill(target));
    scene.have(&json!({ "do": "car", "url": url, "accept": accept, "read": read }))
}

/// An archive has exactly these blocks in this order, asked for in either way.
fn row(scene: &Scene, target: &str, want: &[&str]) {
    let mark = if target.contains('?') { '&' } else { '?' };
    for (target, accept) in [
        (format!("{target}{mark}format=car"), None),
        (target.to_owned(), Some("application/vnd.ipld.car")),
    ] {
        let seen = car(scene, &target, accept, Value::Null);
        let want: Vec<_> = want
            .iter()
            .map(|name| scene.fill(&format!("{{{name}}}")))
            .collect();
        let head = |name: &str| {
            seen["headers"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let is_right = seen["status"] == 200
            && seen["cids"] == json!(want)
            && seen["broken"] == false
            && head("x-content-type-options") == "nosniff"
            && head("accept-ranges") == "none"
            && head("content-type") == "application/vnd.ipld.car; version=1; order=dfs; dups=n"
            && head("content-disposition").starts_with("attachment; filename=\"")
            && head("content-disposition").contains(".car\"")
            && head("etag").starts_with("W/\"");
        scene.check(is_right, || format!("{target}: {seen}, not {want:?}"));
    }
}

const LEAVES: [&str; 5] = ["leaf0", "leaf1", "leaf2", "leaf3", "leaf4"];

fn paths(scene: &Scene) {
    row(
        scene,
        "/ipfs/{nested}/subdir/ascii.txt",
        &["nested", "nestedDir", "ascii"],
    );
    row(
        scene,
        "/ipfs/{document}/files/single",
        &["document", "single"],
    );
    let missing = car(
        scene,
        "/ipfs/{nested}/subdir/none?format=car",
        None,
        Value::Null,
    );
    scene.check(missing["status"] == 404, || missing.to_string());
}

fn scopes(scene: &Scene) {
    let (dir, file) = ("/ipfs/{nested}/subdir", "/ipfs/{nested}/subdir/ascii.txt");
    row(
        scene,
        &format!("{dir}?dag-scope=block"),
        &["nested", "nestedDir"],
    );
    row(
        scene,
        &format!("{file}?dag-scope=block"),
        &["nested", "nestedDir", "ascii"],
    );
    row(scene, "/ipfs/{nested}?dag-scope=entity", &["nested"]);
    row(
        scene,
        &format!("{file}?dag-scope=entity"),
        &["nested", "nestedDir", "ascii"],
    );
    let mut whole = vec!["nested", "nestedDir", "multiblock"];
    whole.extend(LEAVES);
    let multiblock = format!("{dir}/multiblock.txt");
    row(scene, &format!("{multiblock}?dag-scope=entity"), &whole);
    row(scene, &format!("{multiblock}?dag-scope=all"), &whole);
    row(
        scene,
        "/ipfs/{withDocument}/document?dag-scope=entity",
        &["withDocument", "document"],
    );
    let mut all = vec!["nested", "nestedDir", "ascii", "hello", "multiblock"];
    all.extend(LEAVES);
    row(scene, &format!("{dir}?dag-scope=all"), &all);
    let bad = car(
        scene,
        "/ipfs/{nested}?format=car&dag-scope=some",
        None,
        Value::Null,
    );
    scene.check(bad["status"] == 400, || bad.to_string());
}

fn stretches(scene: &Scene) {
    row(
        scene,
        "/ipfs/{gap}?dag-scope=entity&entity-bytes=0:1000",
        &["gap", "gap0"],
    );
    row(
        scene,
        "/ipfs/{gap}?dag-scope=entity&entity-bytes=2200:*",
        &["gap", "gap2"],
    );
    let file = "/ipfs/{multiblock}?dag-scope=entity&entity-bytes=";
    for (bytes, leaves) in [
        ("0:*", 0..5),
        ("512:*", 2..5),
        ("512:1023", 2..4),
        ("512:-256", 2..4),
        ("-5:*", 3..5),
        ("-9999:*", 0..5),
        ("-9999:-3", 0..4),
        ("0:0", 0..1),
        ("5000:*", 0..0),
        ("0:99999", 0..5),
    ] {
        let mut want = vec!["multiblock"];
        want.extend(&LEAVES[leaves]);
        row(scene, &format!("{file}{bytes}"), &want);
    }
    // Bytes are of the file, also without the word for it; of a directory there are none.
    row(
        scene,
        "/ipfs/{multiblock}?entity-bytes=0:0",
        &["multiblock", "leaf0"],
    );
    row(scene, "/ipfs/{nested}?entity-bytes=0:5", &["nested"]);
}

fn orders(scene: &Scene) {
    let files = ["files", "ascii", "ascii", "hello", "multiblock"];
    let with = |first: &[&str]| -> Vec<String> {
        let all = first.iter().chain(&LEAVES);
        all.map(|name| scene.fill(&format!("{{{name}}}"))).collect()
    };
    let (twice, once) = (
        with(&files),
        with(&[files[0], files[1], files[3], files[4]]),
    );
    for (target, accept, want, said) in [
        (
            "/ipfs/{files}",
            "application/vnd.ipld.car; version=1; order=dfs; dups=y",
            &twice,
            "dups=y",
        ),
        (
            "/ipfs/{files}",
            "application/vnd.ipld.car; version=1; order=dfs; dups=n",
            &once,
            "dups=n",
        ),
        (
            "/ipfs/{files}",
            "application/vnd.ipld.car; version=1; order=unk",
            &once,
            "order=",
        ),
        (
            "/ipfs/{files}?format=car",
            "application/vnd.ipld.car; version=1; order=dfs; dups=y",
            &twice,
            "dups=y",
        ),
        (
            "/ipfs/{files}?format=car&car-dups=n",
            "application/vnd.ipld.car;dups=y",
            &once,
            "dups=n",
        ),
        (
            "/ipfs/{files}",
            "application/vnd.ipld.car;order=foo, application/vnd.ipld.car;dups=y;q=0.5",
            &twice,
            "dups=y",
        ),
        (
            "/ipfs/bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa",
            "application/vnd.ipld.car; dups=y",
            &Vec::new(),
            "dups=y",
        ),
    ] {
        let seen = car(scene, target, Some(accept), Value::Null);
        let media_type = seen["headers"]["content-type"].as_str().unwrap_or_default();
        let is_right = seen["cids"] == json!(want)
            && media_type.contains(said)
            && media_type.contains("order=dfs");
        scene.check(is_right, || format!("{target} {accept}: {seen}"));
    }
    for accept in [
        "application/vnd.ipld.car; version=2",
        "application/vnd.ipld.car; order=bfs",
    ] {
        let seen = car(scene, "/ipfs/{files}", Some(accept), Value::Null);
        scene.check(seen["status"] == 406, || format!("{accept}: {seen}"));
    }
    let probe = car(scene, "/ipfs/bafkqaaa?format=car", None, Value::Null);
    scene.check(probe["roots"] == json!(["bafkqaaa"]), || probe.to_string());
}

/// A reader who has only the archive reads what it is of, and needs every block of it.
fn needs(scene: &Scene) {
    let lorem = scene.lorem();
    for (target, read, want) in [
        (
            "/ipfs/{many}/285.txt?format=car",
            json!({ "path": scene.fill("{many}/285.txt") }),
            format!("285 {lorem}")[..600].to_owned(),
        ),
        (
            "/ipfs/{many}/17.txt?format=car&dag-scope=entity&entity-bytes=300:310",
            json!({ "path": scene.fill("{many}/17.txt"), "offset": 300, "length": 11 }),
            format!("17 {lorem}")[300..311].to_owned(),
        ),
    ] {
        let seen = car(scene, target, None, read);
        let is_right = seen["text"] == want && seen["used"] == seen["cids"];
        scene.check(is_right, || format!("{target}: {seen}, not {want}"));
    }
    // All of a sharded directory, and nothing that is in it.
    let seen = car(
        scene,
        "/ipfs/{many}?format=car&dag-scope=entity",
        None,
        Value::Null,
    );
    let cids = seen["cids"].as_array().unwrap();
    let shards = cids
        .iter()
        .all(|cid| cid.as_str().unwrap().starts_with("bafybei"));
    scene.check(shards && cids.len() > 1 && cids.len() < 260, || {
        seen.to_string()
    });
}

/// What cannot be had breaks an archive off, and does not end it as if it were whole.
fn broken(scene: &Scene) {
    let seen = car(scene, "/ipfs/{gap}?format=car", None, Value::Null);
    let is_right = seen["status"] == 200 && seen["broken"].is_string();
    scene.check(is_right, || seen.to_string());
}

fn clients(scene: &Scene) {
    let gateway = scene.agent.url("");
    for (cid, path, want) in [
        ("{multiblock}", "", json!({ "text": scene.lorem() })),
        (
            "{listed}",
            "ą/ę/file-źł.txt",
            json!({ "text": "I am a txt file on path with utf8\n" }),
        ),
        (
            "{files}",
            "",
            json!({ "names": ["ascii-copy.txt", "ascii.txt", "hello.txt", "multiblock.txt"] }),
        ),
    ] {
        let command =
            json!({ "do": "fetch", "gateway": gateway, "cid": scene.fill(cid), "path": path });
        let seen = scene.have(&command);
        scene.check(seen == want, || format!("{cid}/{path}: {seen}"));
    }
}
