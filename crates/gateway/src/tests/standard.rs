//! Standard addresses, and content that its reader checks.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use universal_p2p_core::{
    Backend, Data, DataForm, Error, Freshness, Hints, Id, Node, Proof, ProofBody, ProofForm,
    ReadCx, Result, Status, Trace,
};

use super::{
    fakes::{FakeBackend, then},
    support::{settings, video, world},
};

/// Nothing of the resource called `held` is held.
fn not_held(id: &Id, hints: &Hints) -> Result<()> {
    if hints.is_only_held() && id.as_str() == "held" {
        return Err(Error::NotHeld {
            what: id.to_string(),
        });
    }
    Ok(())
}

/// The same under the name of a network with standard addresses, whose content can be checked.
pub(super) struct Standard(pub(super) FakeBackend);

#[async_trait]
impl Backend for Standard {
    fn protocol(&self) -> &'static str {
        "ipfs"
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> Result<(Id, Hints)> {
        self.0.canonical(id)
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node> {
        not_held(id, hints)?;
        self.0.resolve(id, hints).await
    }

    async fn status(&self, id: &Id) -> Result<Status> {
        self.0.status(id).await
    }

    async fn prove(
        &self,
        id: &Id,
        path: &[String],
        form: ProofForm,
        hints: &Hints,
        _: &ReadCx,
    ) -> Result<Proof> {
        not_held(id, hints)?;
        if path.last().is_some_and(|name| name == "none") {
            return Err(Error::NotFound {
                what: "entry".into(),
            });
        }
        // What was asked for, in words.
        let said = format!("{form:?}");
        let is_archive = matches!(form, ProofForm::Archive { .. });
        let late = path.last().is_some_and(|name| name == "late");
        let missing = late.then(|| {
            Err(Error::NoPeers {
                waited: Duration::from_secs(1),
                cure: "none".into(),
            })
        });
        let body = if is_archive {
            ProofBody::Stream(then(Ok(said.into()), missing))
        } else {
            ProofBody::Whole(said.into())
        };
        Ok(Proof {
            media_type: "application/vnd.ipld.test",
            etag: format!("{id}.test"),
            is_weak: is_archive,
            filename: format!("{id}.bin"),
            freshness: Freshness::Immutable,
            roots: self.trace(id, path, hints).await?.roots,
            body,
        })
    }

    async fn trace(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Trace> {
        not_held(id, hints)?;
        let names = path.iter().cloned();
        let form = match id.as_str() {
            "json" => Some(DataForm::Json),
            "dag-json" => Some(DataForm::DagJson),
            "dag-cbor" => Some(DataForm::DagCbor),
            _ => None,
        };
        let bytes = Bytes::from_static(b"0123456789");
        Ok(Trace {
            roots: std::iter::once(id.to_string()).chain(names).collect(),
            freshness: Freshness::Immutable,
            data: form.map(|form| Data { form, bytes }),
        })
    }

    fn has_better_spelling(&self, id: &str) -> bool {
        id == "Other"
    }
}

pub(super) const BROWSER: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

#[tokio::test]
async fn standard_addresses_lead_to_files_with_what_they_stand_for() {
    let world = world(settings());
    let own = world.get("/ipfs/v0/stream/all/video.mp4", &[]).await;
    let standard = world
        .get("/ipfs/All/video.mp4", &[("range", "bytes=10-19")])
        .await;
    assert_eq!(standard.status, 206);
    assert_eq!(standard.bytes(), &video().slice(10..20));
    assert_eq!(standard.header("etag"), own.header("etag"));
    assert_eq!(standard.header("x-ipfs-path"), "/ipfs/All/video.mp4");
    assert_eq!(standard.header("x-ipfs-roots"), "all,video.mp4");
    assert_eq!(
        standard.header("cache-control"),
        "public, max-age=29030400, immutable"
    );
    assert_eq!(own.header("x-ipfs-path"), "");
    let held = world
        .get("/ipfs/all/video.mp4", &[("if-none-match", "*")])
        .await;
    assert_eq!(
        (held.status.as_u16(), held.header("x-ipfs-roots")),
        (304, "all,video.mp4")
    );
}

#[tokio::test]
async fn directories_of_standard_addresses_have_a_slash_even_at_the_root() {
    let world = world(settings());
    for (path, to) in [
        ("/ipfs/all", "/ipfs/all/"),
        ("/ipfs/all/site?peer=a", "/ipfs/all/site/?peer=a"),
    ] {
        let moved = world.get(path, &[]).await;
        assert_eq!((moved.status.as_u16(), moved.header("location")), (301, to));
    }
    let site = world.get("/ipfs/all/site/", &[]).await;
    assert_eq!(site.text(), "<p>hello");
    let listing = world.get("/ipfs/all/music/", &[BROWSER]).await;
    assert!(
        listing.text().contains("/ipfs/all/music/2.mp3"),
        "{}",
        listing.text()
    );
    assert_eq!(world.get("/ipfs/file", &[]).await.text(), "only");
    for missing in [
        "/ipfs/file/x",
        "/ipfs/file/",
        "/ipfs/all/none",
        "/ipfs/all/video.mp4/x",
    ] {
        assert_eq!(world.get(missing, &[]).await.status, 404, "{missing}");
    }
    assert_eq!(world.get("/ipfs/all/a//b", &[]).await.status, 400);
}

#[tokio::test]
async fn content_to_be_checked_is_given_as_it_is_asked_for() {
    let world = world(settings());
    let raw = world.get("/ipfs/all/site?format=raw", &[BROWSER]).await;
    assert_eq!((raw.status.as_u16(), raw.text()), (200, "Block"));
    assert_eq!(raw.header("content-type"), "application/vnd.ipld.test");
    assert_eq!(raw.header("etag"), "\"all.test\"");
    assert_eq!(raw.header("x-ipfs-roots"), "all,site");
    assert_eq!(raw.header("content-length"), "5");
    assert!(
        raw.header("content-disposition")
            .starts_with("attachment; filename=\"all.bin\"")
    );
    let query = "format=car&dag-scope=entity&entity-bytes=-5:*";
    let car = world.get(&format!("/ipfs/all?{query}"), &[]).await;
    let want = "Archive { scope: Entity, bytes: Some(EntityBytes { from: -5, to: None }), repeats: false }";
    assert_eq!((car.text(), car.header("etag")), (want, "W/\"all.test\""));
    assert_eq!(car.header("content-length"), "");
    let named = [("accept", "application/vnd.ipld.car; version=1")];
    let car = world.get("/ipfs/all", &named).await;
    assert_eq!(
        car.text(),
        "Archive { scope: All, bytes: None, repeats: false }"
    );
    // The address counts more, and the own form of addresses does not look at the header.
    assert_eq!(
        world.get("/ipfs/all?format=raw", &named).await.text(),
        "Block"
    );
    let own = world.get("/ipfs/v0/stream/all/site/", &named).await;
    assert_eq!(own.text(), "<p>hello");
    let own = world
        .get("/ipfs/v0/stream/all/site?format=ipns-record", &[])
        .await;
    assert_eq!(own.text(), "Record");
}

#[tokio::test]
async fn content_to_be_checked_has_conditions_and_failures() {
    let world = world(settings());
    let path = "/ipfs/all?format=raw";
    for tag in ["*", "\"all.test\"", "\"x\", W/\"all.test\""] {
        let held = world.get(path, &[("if-none-match", tag)]).await;
        assert_eq!(
            (held.status.as_u16(), held.bytes().len()),
            (304, 0),
            "{tag}"
        );
    }
    let head = world.ask("HEAD", path, &[]).await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length")),
        (200, "5")
    );
    assert_eq!(head.bytes().len(), 0);
    assert_eq!(
        world.get("/ipfs/all/none?format=raw", &[]).await.status,
        404
    );
    for bad in [
        "dag-scope=some",
        "entity-bytes=5",
        "entity-bytes=a:b",
        "entity-bytes=*:5",
    ] {
        let refused = world.get(&format!("/ipfs/all?format=car&{bad}"), &[]).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
    // A network without such content says so.
    let other = world.get("/fake/v0/stream/all?format=raw", &[]).await;
    assert_eq!(other.status, 400);
    // An archive that misses a block is not ended as if it were whole.
    let late = world.get("/ipfs/all/late?format=car", &[]).await;
    assert!(late.status == 200 && late.body.is_err());
}

#[tokio::test]
async fn only_what_is_held_can_be_asked_for() {
    let world = world(settings());
    for path in [
        "/ipfs/held",
        "/ipfs/v0/stream/held",
        "/ipfs/held?format=raw",
    ] {
        let control = [("cache-control", "max-age=5, Only-If-Cached")];
        let refused = world.get(path, &control).await;
        assert_eq!(
            (refused.status.as_u16(), refused.reason().as_str()),
            (412, "not-held"),
            "{path}"
        );
        assert_eq!(
            world
                .get(path, &[("cache-control", "no-cache")])
                .await
                .status,
            200,
            "{path}"
        );
    }
}
