//! What is on the block list.

use super::scene;
use crate::support::isolated;

#[test]
fn what_is_blocked_is_given_in_no_form() {
    isolated(|| {
        let scene = scene(|filled| {
            let (legal, gone) = (filled("ipfs/{site3}"), filled("gone:ipfs/{trickyV0}"));
            let name = filled("ipns/{nameFile}");
            vec![format!("listen.blocked = [{legal:?}, {gone:?}, {name:?}]")]
        });
        for target in [
            "/ipfs/{site3}/",
            "/ipfs/{site3}?format=raw",
            "/ipfs/v0/stream/{site3}/",
            "/ipfs/v0/status/{site3}",
            // However it is reached.
            "/ipfs/{site}/root2/root3/root4/index.html",
            "/ipfs/{site}/root2/root3?format=car",
            "/ipns/{name}/root2/root3/",
            "/ipns/{nameFile}",
        ] {
            let seen = scene.get(target).gives(451);
            seen.is("cache-control", "no-store").says("block list");
        }
        for target in ["/ipfs/{tricky}/plain.txt", "/ipfs/{trickyV0}?format=car"] {
            scene.get(target).gives(410).says("blocked");
        }
        scene.get("/ipfs/{site}/root2/").gives(200);
        scene.get("/ipfs/{hello}").gives(200);
        scene.end();
    });
}
