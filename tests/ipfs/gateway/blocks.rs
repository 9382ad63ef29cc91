//! path_gateway_raw, trustless_gateway_raw, and what is refused.

use super::{
    Scene,
    files::{ABSENT, IMMUTABLE},
};

pub(super) fn blocks(scene: &Scene) {
    let dir = scene
        .get("/ipfs/{rawDir}?format=raw")
        .gives(200)
        .answer
        .body;
    let (path, accept) = ("/ipfs/{raw}/dir", ("Accept", "application/vnd.ipld.raw"));
    scene
        .get(&format!("{path}?format=raw"))
        .gives(200)
        .body(&dir);
    scene
        .get(path)
        .header(accept.0, accept.1)
        .gives(200)
        .body(&dir)
        .is("content-location", "/ipfs/{raw}/dir?format=raw");
    scene
        .get(path)
        .header(accept.0, accept.1)
        .header("Range", "bytes=6-16")
        .gives(206)
        .is("content-type", "application/vnd.ipld.raw")
        .is("content-range", &format!("bytes 6-16/{}", dir.len()))
        .body(&dir[6..17]);
    scene
        .get("/ipfs/{raw}/dir/ascii.txt")
        .header(accept.0, accept.1)
        .gives(200)
        .is("content-type", "application/vnd.ipld.raw")
        .is("content-length", "31")
        .is(
            "content-disposition",
            "attachment; filename=\"{rawFile}.bin\"; filename*=UTF-8''{rawFile}.bin",
        )
        .is("x-content-type-options", "nosniff")
        .is("x-ipfs-path", "/ipfs/{raw}/dir/ascii.txt")
        .is("x-ipfs-roots", "{raw},{rawDir},{rawFile}")
        .is("cache-control", IMMUTABLE)
        .is("etag", "\"{rawFile}.raw\"")
        .body("hello application/vnd.ipld.car\n");
    scene
        .get("/ipfs/{rawFile}?filename=foobar.bin")
        .header(accept.0, accept.1)
        .gives(200)
        .contains("content-disposition", "attachment; filename=\"foobar.bin\"");
    scene
        .get("/ipfs/{rawFile}?format=raw")
        .header("Range", "bytes=6-16,0-4")
        .gives(206)
        .contains("content-type", "multipart/byteranges")
        .says("Content-Range: bytes 6-16/31")
        .says("Content-Type: application/vnd.ipld.raw")
        .says("Content-Range: bytes 0-4/31");
    // The address counts more than the header (IPIP-523).
    scene
        .get("/ipfs/{rawFile}?format=raw")
        .header("Accept", "application/vnd.ipld.car")
        .gives(200)
        .is("content-type", "application/vnd.ipld.raw");
    scene.get("/ipfs/bafkqaaa?format=raw").gives(200).body("");
    scene.head("/ipfs/bafkqaaa?format=raw").gives(200);
}

pub(super) fn refusals(scene: &Scene) {
    for bad in [
        "/ipfs/bafy",
        "/ipfs/{site}/a//b",
        "/ipfs/{site}/..",
        "/ipfs/{site}?format=xml",
        "/ipfs/{site}?format=ipns-record",
        "/ipns/localhost",
    ] {
        scene.get(bad).gives(400);
    }
    for target in ["/ipfs/{site}", "/ipfs/{site}/", "/ipns/{name}"] {
        let row = scene.get(target).header("Service-Worker", "script");
        row.gives(400);
    }
    scene
        .get(&format!("/ipfs/{ABSENT}"))
        .gives(504)
        .contains("retry-after", "30");
    // What a site says of redirects holds on an origin of its own only.
    scene.get("/ipfs/{site}/_redirects").gives(404);
    // One id in every spelling.
    for id in ["{trickyV0}", "{tricky}"] {
        scene.get(&format!("/ipfs/{id}/plain.txt")).gives(200);
    }
    let shouted = scene.fill("{tricky}").to_uppercase();
    scene.get(&format!("/ipfs/{shouted}/plain.txt")).gives(200);
}
