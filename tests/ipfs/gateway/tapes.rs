//! path_gateway_tar (IPIP-288), read by Python's tarfile.

use std::process::Command;

use serde_json::Value;

use super::{Scene, scene};
use crate::support::{isolated, output_of, python};

/// Fetches a tape, and tells its head and its entries.
const READ: &str = r#"
import io, json, sys, tarfile, urllib.request
request = urllib.request.Request(sys.argv[1], headers=json.loads(sys.argv[2]))
with urllib.request.urlopen(request) as answer:
    head, body = {k.lower(): v for k, v in answer.headers.items()}, answer.read()
tape = tarfile.open(fileobj=io.BytesIO(body))
entries = {}
for entry in tape:
    entries[entry.name] = tape.extractfile(entry).read().decode() if entry.isreg() else entry.linkname or 'directory'
print(json.dumps({'head': head, 'entries': entries}))
"#;

#[test]
fn tapes_pass_the_table() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        tables(&scene);
        scene.end();
    });
}

fn tape(scene: &Scene, target: &str, headers: &str) -> Value {
    let url = scene.agent.url(&scene.fill(target));
    let mut reader = Command::new(python());
    reader.args(["-c", READ, &url, headers]);
    serde_json::from_str(&output_of(&mut reader)).unwrap()
}

fn tables(scene: &Scene) {
    let file = scene.fill("{listedFile}");
    for (target, headers) in [
        ("/ipfs/{listedFile}?format=tar", "{}"),
        ("/ipfs/{listedFile}", "{\"Accept\": \"application/x-tar\"}"),
    ] {
        let seen = tape(scene, target, headers);
        let text = seen["entries"][&file].as_str();
        let head = |name: &str| seen["head"][name].as_str().unwrap_or_default().to_owned();
        let is_right = text == Some("I am a txt file on path with utf8\n")
            && head("content-type") == "application/x-tar"
            && head("etag") == format!("W/\"{file}.x-tar\"")
            && head("content-disposition").starts_with("attachment;");
        scene.check(is_right, || format!("{target}: {seen}"));
    }
    let dir = scene.fill("{listed}");
    let seen = tape(scene, "/ipfs/{listed}?format=tar", "{}");
    for (name, text) in [
        (
            format!("{dir}/ą/ę/file-źł.txt"),
            "I am a txt file on path with utf8\n",
        ),
        (
            format!("{dir}/api/file.txt"),
            "I am a txt file in confusing /api dir\n",
        ),
        (format!("{dir}/ą"), "directory"),
    ] {
        scene.check(seen["entries"][&name] == text, || format!("{name}: {seen}"));
    }
    let named = "/ipfs/{listed}?format=tar&filename=test%D1%82%D0%B5%D1%81%D1%82.tar";
    let seen = tape(scene, named, "{}");
    let want =
        "attachment; filename=\"test____.tar\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.tar";
    scene.check(seen["head"]["content-disposition"] == want, || {
        seen.to_string()
    });
    let seen = tape(scene, "/ipfs/{links}?format=tar", "{}");
    let link = scene.fill("{links}/bar");
    scene.check(seen["entries"][&link] == "foo", || seen.to_string());
    let seen = tape(scene, "/ipfs/{inside}?format=tar", "{}");
    let inside = scene.fill("{inside}/foobar/file");
    scene.check(seen["entries"][&inside] == "inside\n", || seen.to_string());
    scene
        .get("/ipfs/{outside}?format=tar")
        .gives(400)
        .says("relative UnixFS paths outside the root are now allowed");
    scene.get("/ipfs/{cborTraversal}?format=tar").gives(400);
}
