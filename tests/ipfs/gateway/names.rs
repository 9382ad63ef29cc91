//! path_gateway_ipns, trustless_gateway_ipns, and what the cache table says of names.

use super::{Scene, scene};
use crate::support::isolated;

#[test]
fn names_pass_the_tables() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        signatures(&scene);
        spellings(&scene);
        caching(&scene);
        records(&scene);
        scene.end();
    });
}

fn signatures(scene: &Scene) {
    for bad in ["nameBadV2", "nameBadValue"] {
        let seen = scene.get(&format!("/ipns/{{{bad}}}")).gives(502);
        seen.contains("retry-after", "30");
    }
    for good in ["nameFile", "nameV2", "nameBadV1"] {
        let seen = scene.get(&format!("/ipns/{{{good}}}")).gives(200);
        seen.body("hello world\n");
    }
    // The record leads below its root.
    scene
        .get("/ipns/{nameBelow}/")
        .gives(200)
        .says("Index of")
        .says("root3")
        .is("x-ipfs-roots", "{site2}");
    scene
        .get("/ipns/{nameBelow}/root3/root4/index.html")
        .gives(200)
        .is("x-ipfs-roots", "{site2},{site3},{site4},{index}")
        .body("hello\n");
}

fn spellings(scene: &Scene) {
    for name in ["name", "nameRsa"] {
        scene
            .get(&format!("/ipns/{{{name}Peer}}/root2/?a=b"))
            .gives(302)
            .is("location", &format!("/ipns/{{{name}}}/root2/?a=b"));
    }
    let peer = "/ipns/{namePeer}/root2/root3/root4/index.html";
    let seen = scene.get(peer).gives(302);
    seen.is("location", "/ipns/{name}/root2/root3/root4/index.html");
    scene
        .get("/ipns/{name}/root2/root3/")
        .gives(200)
        .is("ipfs-uri", "ipns://{name}/root2/root3/");
}

fn caching(scene: &Scene) {
    scene
        .get("/ipns/{name}/root2/root3/")
        .gives(200)
        .is("x-ipfs-path", "/ipns/{name}/root2/root3/")
        .is("x-ipfs-roots", "{site},{site2},{site3}")
        .contains("etag", "DirIndex-")
        .contains("etag", "_CID-{site3}")
        .contains("cache-control", "public, max-age=");
    scene
        .get("/ipns/{name}/root2/root3/root4/")
        .gives(200)
        .is("x-ipfs-path", "/ipns/{name}/root2/root3/root4/")
        .is("x-ipfs-roots", "{site},{site2},{site3},{site4}")
        .is("etag", "\"{site4}\"")
        .lacks("cache-control", "immutable")
        .contains("cache-control", "public, max-age=");
    scene
        .get("/ipns/{name}/root2/root3/root4/index.html")
        .gives(200)
        .is("x-ipfs-roots", "{site},{site2},{site3},{site4},{index}")
        .is("etag", "\"{index}\"");
    scene
        .get("/ipns/{name}/root2/root3/root4/?format=json")
        .gives(200);
    scene
        .get("/ipns/{name}/root2/root3/root4/index.html")
        .header("If-None-Match", "\"{index}\"")
        .gives(304);
    let seen = scene.get("/ipns/{name}/root2").gives(301);
    seen.is("location", "/ipns/{name}/root2/");
}

fn records(scene: &Scene) {
    let accept = ("Accept", "application/vnd.ipfs.ipns-record");
    for row in [
        scene.get("/ipns/{nameFile}?format=ipns-record"),
        scene.get("/ipns/{nameFile}").header(accept.0, accept.1),
    ] {
        row.gives(200)
            .contains("content-disposition", "attachment;")
            .is("content-type", "application/vnd.ipfs.ipns-record")
            .contains("cache-control", "public, max-age=3155760000")
            .says("/ipfs/{hello}");
    }
    scene
        .get("/ipns/{nameFile}?format=ipns-record&filename=test%D1%82%D0%B5%D1%81%D1%82.ipns-record")
        .gives(200)
        .contains("content-disposition", "attachment; filename=\"test____.ipns-record\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.ipns-record");
    scene
        .get("/ipns/{name}/root2?format=ipns-record")
        .gives(400);
}
