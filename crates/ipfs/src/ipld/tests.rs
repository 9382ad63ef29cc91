//! Paths through structured data, and data that is none.

use bytes::Bytes;
use cid::Cid;
use proptest::prelude::*;
use universal_p2p_core::{EntryKind, Error, NoArchives, Node, Result, walk};

use super::{DAG_CBOR, DAG_JSON, Form, MOST_ENTRIES, Malformed, Shape};
use crate::unixfs::tests::trees::{Scene, pb, read, scene};

/// dag-cbor of a link.
fn link(cid: &Cid) -> Vec<u8> {
    let cid = cid.to_bytes();
    [&[0xd8, 42, 0x58, cid.len() as u8 + 1, 0], cid.as_slice()].concat()
}

/// A block of each form that says the same: numbers, texts, bytes, a list, and links to a file and to a
/// directory with a file.
fn roots(scene: &Scene) -> [Cid; 2] {
    let film = scene.put(0x55, b"a film".to_vec());
    let folder = scene.put(0x70, pb(&[8, 1], &[("film.txt", film, 6)]));
    let mut cbor = b"\xa5\x63raw\x43\x00\x01\x02\x64film".to_vec();
    cbor.extend(link(&film));
    cbor.extend(b"\x64list\x83\x01\x20\x64text");
    cbor.extend(b"\x64more\xa1\x66folder");
    cbor.extend(link(&folder));
    cbor.extend(b"\x65title\x63\xc3\xbcb");
    let json = format!(
        r#"{{"film":{{"/":"{film}"}},"list":[1,-1,"text"],"more":{{"folder":{{"/":"{folder}"}}}},"raw":{{"/":{{"bytes":"AAEC"}}}},"title":"\u00fcb"}}"#
    );
    [scene.put(DAG_CBOR, cbor), scene.put(DAG_JSON, json)]
}

async fn get(scene: &Scene, root: &Cid, path: &str) -> Result<Vec<u8>> {
    let root = scene.open(root).await?.expect("a root");
    let path: Vec<_> = path.split('/').map(str::to_owned).collect();
    match walk(root, &path, &NoArchives).await? {
        Node::File(file) => read(&file, 0..file.meta().length).await,
        Node::Dir(_) => Ok(b"a directory".to_vec()),
    }
}

#[tokio::test(start_paused = true)]
async fn paths_lead_through_data_and_its_links() {
    let scene = scene();
    for root in roots(&scene) {
        for (path, want) in [
            ("film", b"a film".as_slice()),
            ("more/folder/film.txt", b"a film"),
            ("more/folder", b"a directory"),
            ("more", b"a directory"),
            ("title", "üb".as_bytes()),
            ("raw", b"\x00\x01\x02"),
            ("list/0", b"1"),
            ("list/1", b"-1"),
            ("list/2", b"text"),
        ] {
            assert_eq!(get(&scene, &root, path).await.unwrap(), want, "{path}");
        }
        for missing in [
            "none", "list/3", "list/00", "list/-1", "title/x", "film/x/y", "more/x",
        ] {
            let got = get(&scene, &root, missing).await;
            assert!(
                matches!(got, Err(Error::NotFound { .. })),
                "{missing}: {got:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn data_is_listed_as_a_directory() {
    let scene = scene();
    for root in roots(&scene) {
        let file = |length| EntryKind::File { length };
        let want = [
            ("film", file(6)),
            ("list", EntryKind::Dir),
            ("more", EntryKind::Dir),
            ("raw", file(3)),
            ("title", file(3)),
        ];
        let entries = scene.dir(&root).await.list().await.unwrap();
        let got: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name.as_str(), entry.kind))
            .collect();
        assert_eq!(got, want);
    }
}

#[tokio::test(start_paused = true)]
async fn values_of_one_block_have_tags_of_their_own() {
    let scene = scene();
    for root in roots(&scene) {
        let list = scene.dir(&root).await.get("list").await.unwrap();
        let Some(Node::Dir(list)) = list else {
            panic!("no list");
        };
        let mut tags = Vec::new();
        for name in ["0", "1", "2"] {
            let Some(Node::File(file)) = list.get(name).await.unwrap() else {
                panic!("no file");
            };
            tags.push(file.meta().etag.clone());
        }
        tags.dedup();
        assert_eq!(tags.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_that_is_one_value_is_a_file() {
    let scene = scene();
    let text = scene.put(DAG_CBOR, b"\x65hello".to_vec());
    assert_eq!(scene.read(&text, 0..5).await.unwrap(), b"hello");
    let leads = scene.put(DAG_CBOR, link(&text));
    assert_eq!(
        scene.file(&leads).await.unwrap().meta().length,
        6 + text.to_string().len() as u64
    );
}

#[tokio::test(start_paused = true)]
async fn data_that_is_none_is_corrupt() {
    let scene = scene();
    for (codec, bad) in [
        (DAG_CBOR, b"\xff".as_slice()),
        (DAG_CBOR, b"\x82\x01"),
        (DAG_JSON, b"{"),
        (DAG_JSON, b"\xff"),
        (DAG_JSON, b"{} {}"),
    ] {
        let root = scene.put(codec, bad.to_vec());
        let got = scene.open(&root).await.map(|_| ());
        assert!(
            matches!(got, Err(Error::Corrupt { .. })),
            "{bad:x?}: {got:?}"
        );
    }
}

#[test]
fn what_is_hostile_costs_little() {
    let deep = ["[".repeat(1 << 20), "]".repeat(1 << 20)].concat();
    let _ = Form::Json.shape(&deep.into());
    let many = format!("[{}1]", "1,".repeat(MOST_ENTRIES));
    assert_eq!(Form::Json.children(&many.into()), Err(Malformed::Entries));
    let mut many = vec![0x9a, 0, 1, 0, 1];
    many.extend(vec![1; MOST_ENTRIES + 1]);
    assert_eq!(Form::Cbor.children(&many.into()), Err(Malformed::Entries));
    // A map that only looks like a link.
    for text in [
        r#"{"/":"no cid"}"#,
        r#"{"/":"bafkqaaa","more":1}"#,
        r#"{"/":{"bytes":1}}"#,
    ] {
        assert_eq!(Form::Json.shape(&text.into()), Ok(Shape::Tree), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_the_end_of_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..80), name in "[a-z0-9]{0,2}") {
        let bytes = Bytes::from(bytes);
        for form in [Form::Cbor, Form::Json] {
            let _ = (form.shape(&bytes), form.child(&bytes, &name), form.children(&bytes));
        }
    }
}
