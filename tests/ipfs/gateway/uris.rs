//! Names that are hard to write, and the one spelling of what an address names (IPIP-548).

use super::{Scene, scene};
use crate::support::isolated;

#[test]
fn hard_names_pass_the_tables() {
    isolated(|| {
        let scene = scene(|_| Vec::new());
        same(&scene);
        written(&scene);
        dotted(&scene);
        scene.end();
    });
}

/// What was made here is what the others have.
fn same(scene: &Scene) {
    for (name, cid) in [
        (
            "tricky",
            "bafybeiflhd5aimv4xavauidbetge3v3uadbqfibu5lfo4b26yyieqvnvae",
        ),
        (
            "trickyNested",
            "bafybeiab2yboxqoybfufvfjatsmqu2mkzf6piueex7xwsk74tdxobyuw6u",
        ),
        (
            "percent",
            "bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34",
        ),
        (
            "listed",
            "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i",
        ),
        (
            "site",
            "bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui",
        ),
    ] {
        let made = scene.fill(&format!("{{{name}}}"));
        scene.check(made == cid, || format!("{name} is {made}"));
    }
}

fn written(scene: &Scene) {
    let seen = scene.get("/ipfs/{trickyPlain}").gives(200);
    seen.is("ipfs-uri", "ipfs://{trickyPlain}");
    let seen = scene.get("/ipfs/{trickyNested}/sub%20dir/").gives(200);
    seen.is("ipfs-uri", "ipfs://{trickyNested}/sub%20dir/");
    for path in [
        "sub%20dir/file%21%27%28%29%2A~.txt",
        "sub%20dir/file!'()*~.txt",
    ] {
        scene
            .get(&format!("/ipfs/{{trickyNested}}/{path}"))
            .gives(200)
            .is(
                "ipfs-uri",
                "ipfs://{trickyNested}/sub%20dir/file%21%27%28%29%2A~.txt",
            )
            .body("name with encoder traps\n");
    }
    for (name, body) in [
        ("plain.txt", "plain ascii name\n"),
        ("with%20space.txt", "name with space\n"),
        ("100%25%20sure.txt", "name with percent sign\n"),
        ("%C5%82%C3%B3d%C5%BA.txt", "name with latin diacritics\n"),
        ("%D9%85%D9%84%D9%81.txt", "name in arabic\n"),
        ("%E4%BD%A0%E5%A5%BD.txt", "name in chinese\n"),
    ] {
        scene
            .get(&format!("/ipfs/{{tricky}}/{name}"))
            .gives(200)
            .is("ipfs-uri", &format!("ipfs://{{tricky}}/{name}"))
            .body(body);
    }
    scene
        .get("/ipfs/{tricky}/plain.txt?filename=download.txt&format=json")
        .gives(200)
        .is("ipfs-uri", "ipfs://{tricky}/plain.txt");
    scene
        .get("/ipfs/{tricky}/a%23b%3Fc.txt")
        .gives(200)
        .is("ipfs-uri", "ipfs://{tricky}/a%23b%3Fc.txt")
        .is("x-ipfs-path", "/ipfs/{tricky}/a#b?c.txt")
        .body("name with hash and question mark\n");
    scene
        .get("/ipfs/{tricky}/emoji%F0%9F%9A%80.txt")
        .gives(200)
        .is("ipfs-uri", "ipfs://{tricky}/emoji%F0%9F%9A%80.txt")
        .is("x-ipfs-path", "")
        .body("name with emoji\n");
    let canonical = "Portugal%252C%2BEspa%C3%B1a%3DPeninsula%20Ib%C3%A9rica.txt";
    for spelling in [
        canonical,
        "Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt",
        "Portugal%252C%2bEspa%c3%b1a%3dPeninsula%20Ib%c3%a9rica%2etxt",
    ] {
        scene
            .get(&format!("/ipfs/{{percent}}/{spelling}"))
            .gives(200)
            .is("ipfs-uri", &format!("ipfs://{{percent}}/{canonical}"))
            .is("x-ipfs-path", "")
            .body("hello from a percent encoded filename\n");
    }
    let seen = scene.get("/ipfs/{trickyV0}/plain.txt").gives(200);
    seen.is("ipfs-uri", "ipfs://{tricky}/plain.txt");
    scene
        .get("/ipfs/{tricky}")
        .gives(301)
        .is("location", "/ipfs/{tricky}/")
        .is("ipfs-uri", "ipfs://{tricky}");
}

fn dotted(scene: &Scene) {
    scene
        .get("/ipfs/{tricky}/a%2F..%2Fplain%2Etxt")
        .gives(200)
        .is("ipfs-uri", "ipfs://{tricky}/plain.txt")
        .body("plain ascii name\n");
    for path in ["a/b.txt", "a%2Fb.txt"] {
        scene
            .get(&format!("/ipfs/{{slash}}/{path}"))
            .gives(200)
            .is("ipfs-uri", "ipfs://{slash}/a/b.txt")
            .body("real nested file\n");
    }
    for out in ["..", "a/../..", "%2e%2e%2fx", "a/%2E%2E/%2E%2E/x"] {
        scene.get(&format!("/ipfs/{{tricky}}/{out}")).gives(400);
    }
}
