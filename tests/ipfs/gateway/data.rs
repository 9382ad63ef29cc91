//! path_gateway_dag: structured data is given as it is, or not at all (IPIP-524).

use super::{Scene, files::IMMUTABLE, scene};
use crate::support::isolated;

#[test]
fn structured_data_passes_the_tables() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        mismatches(&scene);
        plain(&scene);
        paths(&scene);
        native(&scene);
        names(&scene);
        scene.end();
    });
}

fn mismatches(scene: &Scene) {
    for format in ["dag-json", "dag-cbor"] {
        scene
            .get(&format!("/ipfs/{{listedFile}}?format={format}"))
            .gives(406);
        let row = scene.get("/ipfs/{listedFile}");
        row.header("Accept", &format!("application/vnd.ipld.{format}"))
            .gives(406);
    }
    scene
        .get("/ipfs/{jsonTraversal}?format=dag-cbor")
        .gives(406);
    scene
        .get("/ipfs/{cborTraversal}?format=dag-json")
        .gives(406);
    scene
        .get("/ipfs/{cborTraversal}")
        .header("Accept", "application/vnd.ipld.dag-json")
        .gives(406);
    scene.get("/ipfs/{jsonTraversal}?format=cbor").gives(406);
    scene.get("/ipfs/{plainJson}?format=dag-json").gives(406);
    // Who takes anything gets what there is.
    scene
        .get("/ipfs/{cborTraversal}")
        .header("Accept", "application/json, text/plain, */*")
        .gives(200)
        .is("content-type", "application/vnd.ipld.dag-cbor");
}

fn plain(scene: &Scene) {
    for (cid, format, shown) in [
        ("{plainJson}", "json", "inline"),
        ("{plainCbor}", "cbor", "attachment"),
    ] {
        let block = scene.get(&format!("/ipfs/{cid}?format=raw"));
        let block = block.gives(200).answer.body;
        let media_type = format!("application/{format}");
        let name = format!("{shown}; filename=\"{cid}.{format}\"");
        let rows = || {
            [
                scene.get(&format!("/ipfs/{cid}")),
                scene.get(&format!("/ipfs/{cid}?format={format}")),
                scene
                    .get(&format!("/ipfs/{cid}"))
                    .header("Accept", &media_type),
            ]
        };
        for row in rows() {
            row.gives(200)
                .is("content-type", &media_type)
                .contains("content-disposition", &name)
                .body(&block);
        }
        for row in rows() {
            row.header("Range", "bytes=7-9")
                .gives(206)
                .is("content-range", &format!("bytes 7-9/{}", block.len()))
                .is("content-type", &media_type)
                .body(&block[7..10]);
        }
        for row in rows() {
            row.header("Range", "bytes=7-9,1-3")
                .gives(206)
                .contains("content-type", "multipart/byteranges")
                .says(&format!("Content-Type: {media_type}"));
        }
    }
}

fn paths(scene: &Scene) {
    for form in ["json", "cbor"] {
        let root = format!("/ipfs/{{{form}Traversal}}");
        let format = format!("?format=dag-{form}");
        scene.get(&format!("{root}/foo{format}")).gives(501);
        scene.get(&format!("{root}/foo")).gives(501);
        scene.get(&format!("{root}/foo/i-do-not-exist")).gives(404);
        let leaf = scene.get(&format!("/ipfs/{{{form}Leaf}}?format=raw"));
        let leaf = leaf.gives(200).answer.body;
        scene
            .get(&format!("{root}/foo/link/bar{format}"))
            .gives(200)
            .body(&leaf);
    }
    scene
        .get("/ipfs/{jsonTraversal}/foo/link/bar")
        .gives(200)
        .body("{\"hello\":\"this is not a link\"}");
    scene
        .get("/ipfs/{document}/files/single")
        .gives(200)
        .body("hello application/vnd.ipld.car\n");
}

fn native(scene: &Scene) {
    for (form, shown) in [("json", "inline"), ("cbor", "attachment")] {
        let cid = format!("{{{form}Traversal}}");
        let root = format!("/ipfs/{cid}");
        let (dag, plain) = (
            format!("application/vnd.ipld.dag-{form}"),
            format!("application/{form}"),
        );
        let block = scene.get(&format!("{root}?format=raw"));
        let block = block.gives(200).answer.body;
        for (row, media_type) in [
            (scene.get(&root), &dag),
            (scene.get(&format!("{root}/")), &dag),
            (scene.get(&format!("{root}?format=dag-{form}")), &dag),
            (scene.get(&root).header("Accept", &dag), &dag),
            (scene.get(&format!("{root}?format={form}")), &plain),
            (scene.get(&root).header("Accept", &plain), &plain),
        ] {
            row.gives(200)
                .is("content-type", media_type)
                .is("content-length", &block.len().to_string())
                .is("x-content-type-options", "nosniff")
                .is("etag", &format!("\"{cid}.dag-{form}\""))
                .body(&block);
        }
        scene
            .get(&root)
            .header("Accept", &dag)
            .gives(200)
            .contains(
                "content-disposition",
                &format!("{shown}; filename=\"{cid}.{form}\""),
            )
            .is("x-ipfs-path", &root)
            .is("x-ipfs-roots", &cid)
            .is("cache-control", IMMUTABLE);
        let renamed = format!("{root}?filename=foobar.{form}");
        scene
            .get(&renamed)
            .header("Accept", &dag)
            .gives(200)
            .contains(
                "content-disposition",
                &format!("{shown}; filename=\"foobar.{form}\""),
            );
        scene
            .get(&format!("{renamed}&download=true"))
            .header("Accept", &dag)
            .gives(200)
            .contains(
                "content-disposition",
                &format!("attachment; filename=\"foobar.{form}\""),
            );
        for target in [root.clone(), format!("{root}?format=dag-{form}")] {
            scene
                .head(&target)
                .gives(200)
                .contains("etag", &format!("{cid}.dag-{form}"))
                .is("content-type", &dag)
                .is("content-length", &block.len().to_string());
        }
        scene
            .get(&format!("{root}/"))
            .header("Accept", "text/html")
            .gives(200)
            .contains("etag", "DagIndex-")
            .contains("content-type", "text/html")
            .is("content-disposition", "")
            .is(
                "cache-control",
                "public, max-age=604800, stale-while-revalidate=2678400",
            )
            .says("</html>");
        for (accept, media_type) in [
            ("*/*", &dag),
            (dag.as_str(), &dag),
            (plain.as_str(), &plain),
        ] {
            let row = || scene.get(&format!("{root}/")).header("Accept", accept);
            row()
                .header("Range", "bytes=7-9")
                .gives(206)
                .is("content-type", media_type)
                .body(&block[7..10]);
            row()
                .header("Range", "bytes=7-9,1-3")
                .gives(206)
                .says(&format!("Content-Type: {media_type}"));
        }
    }
}

fn names(scene: &Scene) {
    for (form, name) in [("json", "nameJson"), ("cbor", "nameCbor")] {
        let block = scene.get(&format!("/ipfs/{{{form}Traversal}}"));
        let block = block.gives(200).answer.body;
        let root = format!("/ipns/{{{name}}}");
        let media_type = format!("application/vnd.ipld.dag-{form}");
        scene.get(&root).gives(200).body(&block);
        scene
            .get(&format!("{root}?format=dag-{form}"))
            .gives(200)
            .body(&block);
        scene
            .get(&root)
            .header("Accept", &media_type)
            .gives(200)
            .is("content-type", &media_type)
            .is("etag", &format!("\"{{{form}Traversal}}.dag-{form}\""))
            .is("x-ipfs-path", &root)
            .is("x-ipfs-roots", &format!("{{{form}Traversal}}"))
            .contains("cache-control", "public, max-age=");
        scene
            .get(&format!("{root}/"))
            .header("Accept", "text/html")
            .gives(200)
            .contains("etag", "DagIndex-")
            .contains("cache-control", "public, max-age=")
            .is("content-disposition", "")
            .says("</html>");
    }
}
