//! path_gateway_unixfs, path_gateway_cors.

use super::{Scene, blocks, scene};
use crate::support::isolated;

pub(super) const IMMUTABLE: &str = "public, max-age=29030400, immutable";
pub(super) const ABSENT: &str = "QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN";

#[test]
fn files_directories_and_blocks_pass_the_tables() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        listings(&scene);
        caching(&scene);
        conditions(&scene);
        links(&scene);
        ranges(&scene);
        types(&scene);
        sharing(&scene);
        blocks::blocks(&scene);
        blocks::refusals(&scene);
        scene.end();
    });
}

fn listings(scene: &Scene) {
    scene
        .get("/ipfs/{listed}/")
        .gives(200)
        .says("Index of")
        .says_no("<a href=\"/ipfs/{listed}/\">..</a>");
    scene
        .get(
            "/ipfs/{listed}/ą/ę"
                .replace('ą', "%C4%85")
                .replace('ę', "%C4%99")
                .as_str(),
        )
        .gives(301)
        .is("location", "/ipfs/{listed}/%C4%85/%C4%99/");
    scene
        .get("/ipfs/{listed}/%C4%85/%C4%99/")
        .gives(200)
        .contains("etag", "\"DirIndex-")
        .says("Index of")
        .says("/ipfs/<a href=\"/ipfs/{listed}\">{listed}</a>/<a href=\"/ipfs/{listed}/%C4%85\">ą</a>/<a href=\"/ipfs/{listed}/%C4%85/%C4%99\">ę</a>")
        .says("<a href=\"/ipfs/{listed}/%C4%85/%C4%99/..\">..</a>")
        .says("<a href=\"/ipfs/{listed}/%C4%85/%C4%99/file-%C5%BA%C5%82.txt\">file-źł.txt</a>")
        .says("<a class=\"ipfs-hash\" translate=\"no\" href=\"/ipfs/{listedFile}?filename=file-%25C5%25BA%25C5%2582.txt\">");
    scene.get("/ipfs/{listed}/i-do-not-exist").gives(404);
    // What a link of a listing leads to, as a browser asks for it.
    scene
        .get("/ipfs/{listed}/%C4%85/%C4%99/..")
        .header("Accept", "text/html")
        .gives(200)
        .says("ę");
    scene
        .get("/ipfs/{listed}/?format=json")
        .gives(200)
        .is("content-type", "application/json")
        .says("\"api\"");
}

fn caching(scene: &Scene) {
    scene
        .get("/ipfs/{site}/root2/root3/")
        .gives(200)
        .is("x-ipfs-path", "/ipfs/{site}/root2/root3/")
        .is("x-ipfs-roots", "{site},{site2},{site3}")
        .contains("etag", "DirIndex-")
        .contains("etag", "_CID-{site3}\"")
        .is(
            "cache-control",
            "public, max-age=604800, stale-while-revalidate=2678400",
        );
    scene
        .get("/ipfs/{site}/root2/root3/root4/")
        .gives(200)
        .is("cache-control", IMMUTABLE)
        .is("x-ipfs-path", "/ipfs/{site}/root2/root3/root4/")
        .is("x-ipfs-roots", "{site},{site2},{site3},{site4}")
        .is("etag", "\"{site4}\"")
        .body("hello\n");
    scene
        .get("/ipfs/{site}/root2/root3/root4/index.html")
        .gives(200)
        .is("cache-control", IMMUTABLE)
        .is("x-ipfs-path", "/ipfs/{site}/root2/root3/root4/index.html")
        .is("x-ipfs-roots", "{site},{site2},{site3},{site4},{index}")
        .is("etag", "\"{index}\"");
    let json = "/ipfs/{site}/root2/root3/root4/?format=json";
    scene.get(json).gives(200).is("cache-control", IMMUTABLE);
    // Since IPIP-524 directories are not translated.
    scene
        .get("/ipfs/{site}/root2/root3/root4/?format=dag-json")
        .gives(406);
    let only = ("Cache-Control", "only-if-cached");
    scene.head(json).header(only.0, only.1).gives(200);
    scene.get(json).header(only.0, only.1).gives(200);
    let before = scene.asked();
    let absent = format!("/ipfs/{ABSENT}");
    scene.head(&absent).header(only.0, only.1).gives(412);
    scene.get(&absent).header(only.0, only.1).gives(412);
    scene
        .get(&format!("{absent}?format=raw"))
        .header(only.0, only.1)
        .gives(412);
    scene.check(scene.asked() == before, || "others were asked".into());
}

fn conditions(scene: &Scene) {
    let file = "/ipfs/{site}/root2/root3/root4/index.html";
    let dir = "/ipfs/{site}/root2/root3/";
    for (target, tags) in [
        (file, "\"{index}\""),
        ("/ipfs/{site}/root2/root3/root4/", "\"{site4}\""),
        (file, "\"fakeEtag1\", \"fakeEtag2\", \"{index}\""),
        (file, "W/\"{index}\""),
        (file, "*"),
        (dir, "W/\"{site3}\""),
    ] {
        let seen = scene.get(target).header("If-None-Match", tags).gives(304);
        seen.body("");
    }
    let tag = scene
        .get(dir)
        .gives(200)
        .answer
        .header("etag")
        .unwrap()
        .to_owned();
    for tag in [tag.clone(), format!("W/{tag}")] {
        scene.get(dir).header("If-None-Match", &tag).gives(304);
    }
    scene
        .get(file)
        .header("If-None-Match", "\"{site}\"")
        .gives(200);
    scene
        .get(dir)
        .header("If-None-Match", "\"{site}\"")
        .gives(200);
}

fn links(scene: &Scene) {
    scene
        .get("/ipfs/{links}/")
        .gives(200)
        .says(">foo<")
        .says(">bar<")
        .says_no(">out<");
    scene.get("/ipfs/{links}/bar").gives(200).body("content\n");
    scene.get("/ipfs/{links}/out").gives(404);
    let raw = scene.get("/ipfs/{links}?format=raw").gives(200);
    raw.is("etag", "\"{links}.raw\"");
}

fn ranges(scene: &Scene) {
    let file = "/ipfs/{files}/ascii.txt";
    scene
        .get(file)
        .header("Range", "bytes=6-16")
        .gives(206)
        .contains("content-type", "text/plain")
        .is("content-range", "bytes 6-16/31")
        .body("application");
    scene
        .get(file)
        .header("Range", "bytes=-3")
        .gives(206)
        .is("content-range", "bytes 28-30/31")
        .body("ar\n");
    scene
        .get(file)
        .header("Range", "bytes=6-16,0-4")
        .gives(206)
        .contains("content-type", "multipart/byteranges")
        .says("bytes 6-16/31")
        .says("bytes 0-4/31")
        .says("application")
        .says("hello");
    // A block that is nowhere does not matter beside them.
    for (range, place) in [
        ("bytes=997-1000", "bytes 997-1000/3072"),
        ("bytes=2200-2201", "bytes 2200-2201/3072"),
    ] {
        scene
            .get("/ipfs/{gap}")
            .header("Range", range)
            .gives(206)
            .contains("content-type", "text/plain")
            .is("content-range", place);
    }
    scene
        .get("/ipfs/{gap}")
        .header("Range", "bytes=1100-1101")
        .gives(504)
        .contains("retry-after", "");
}

fn types(scene: &Scene) {
    for headers in [None, Some("application/json")] {
        let row = scene.get("/ipfs/{jsonFile}");
        let row = match headers {
            Some(accept) => row.header("Accept", accept),
            None => row,
        };
        row.gives(200)
            .is("content-type", "application/json")
            .body("{\"test\":\"I am a json file\"}\n");
    }
    scene
        .get("/ipfs/{jsonFile}?format=json")
        .header("Accept", "application/vnd.ipld.raw")
        .gives(200)
        .is("content-type", "application/json");
    for query in ["?format=json", "?format=cbor"] {
        scene
            .get(&format!("/ipfs/{{listedFile}}{query}"))
            .gives(200)
            .contains("content-type", "text/plain")
            .body("I am a txt file on path with utf8\n");
    }
    scene
        .get("/ipfs/{hello}?filename=test%D1%82%D0%B5%D1%81%D1%82.jpg")
        .gives(200)
        .is("content-type", "image/jpeg")
        .is(
            "content-disposition",
            "inline; filename=\"test____.jpg\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.jpg",
        );
    scene
        .get("/ipfs/{hello}?filename=a.txt&download=true")
        .gives(200)
        .contains("content-disposition", "attachment; filename=\"a.txt\"");
    // Fields of a node in either order (IPIP-550).
    for root in [
        "orderDirData",
        "orderDirLinks",
        "orderShardData",
        "orderShardLinks",
    ] {
        scene
            .get(&format!("/ipfs/{{{root}}}/hello.txt"))
            .gives(200)
            .body("hello\n");
        let raw = scene
            .get(&format!("/ipfs/{{{root}}}?format=raw"))
            .gives(200);
        raw.is("etag", &format!("\"{{{root}}}.raw\""));
    }
}

fn sharing(scene: &Scene) {
    for row in [
        scene.get("/ipfs/bafkqabtimvwgy3yk").gives(200),
        scene.get("/ipfs/bafkqabtimvwgy3yk/").gives(404),
        scene.row("OPTIONS", "/ipfs/bafkqabtimvwgy3yk/").gives(204),
    ] {
        let mut row = row.is("access-control-allow-origin", "*");
        for method in ["GET", "HEAD", "OPTIONS"] {
            row = row.contains("access-control-allow-methods", method);
        }
        for header in ["Content-Type", "Range", "User-Agent", "X-Requested-With"] {
            row = row.contains("access-control-allow-headers", header);
        }
        for header in [
            "Content-Range",
            "Content-Length",
            "X-Ipfs-Path",
            "X-Ipfs-Roots",
            "X-Chunked-Output",
            "X-Stream-Output",
            "Ipfs-Uri",
        ] {
            row = row.contains("access-control-expose-headers", header);
        }
    }
}
