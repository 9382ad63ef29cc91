mod fuzz;

use std::sync::Arc;

use futures_util::FutureExt;
use universal_p2p_core::{Dir, EntryKind, Node};

use super::*;
use crate::{content::Content, names::RawName, testing};

fn entry(name: &[u8], state: State) -> Entry {
    let is_dir = name.ends_with(b"/");
    Entry {
        name: RawName {
            bytes: name.into(),
            text: None,
            is_dos: true,
        },
        is_dir,
        length: 5,
        packed: Some(3),
        method: "stored",
        modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::MAX / 4)),
        checksum: 0xabc,
        state,
        content: Arc::new(Content::Nothing),
    }
}

fn tree(entries: Vec<Entry>, limits: &Limits) -> Result<Arc<Tree>> {
    let index = Index {
        format: "test",
        entries,
    };
    let made = Tree::new(index, limits, "outer".into(), &testing::outer());
    made.map(Arc::new)
}

fn opened(names: &[&[u8]]) -> ArchiveDir {
    let entries = names.iter().map(|name| entry(name, State::Ready));
    let made = tree(entries.collect(), &Limits::default());
    root(made.expect("a good tree"), "x.zip")
}

/// Nothing here waits, so that futures are done at the first look.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}

fn get(dir: &ArchiveDir, name: &str) -> Option<Node> {
    now(dir.get(name)).expect("nothing fails here")
}

/// The entity tag of the file at a path, if there is one.
fn tag(dir: &ArchiveDir, path: &str) -> Option<String> {
    let Some((first, rest)) = path.split_once('/') else {
        return match get(dir, path)? {
            Node::File(file) => Some(file.meta().etag.clone()),
            Node::Dir(_) => None,
        };
    };
    let Node::Dir(below) = get(dir, first)? else {
        return None;
    };
    let found = now(below.get(rest)).expect("nothing fails here");
    match found? {
        Node::File(file) => Some(file.meta().etag.clone()),
        Node::Dir(_) => None,
    }
}

fn names(dir: &dyn Dir) -> Vec<String> {
    let listed = now(dir.list()).expect("nothing fails here");
    listed.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn directories_without_entries_of_their_own_are_there() {
    let root = opened(&[b"b/deep", b"a", b"empty/"]);
    assert_eq!(names(&root), ["a", "b", "empty"]);
    assert_eq!(tag(&root, "b/deep").as_deref(), Some("outer-0-abc"));
    assert!(matches!(get(&root, "empty"), Some(Node::Dir(_))));
    assert!(get(&root, "none").is_none());
}

#[test]
fn the_last_of_equal_names_is_it_and_hides_no_directory() {
    let root = opened(&[b"a", b"a", b"d/x", b"d", b"f", b"f/x"]);
    assert_eq!(names(&root), ["a", "d", "f"]);
    assert_eq!(tag(&root, "a").as_deref(), Some("outer-1-abc"));
    assert_eq!(tag(&root, "d/x").as_deref(), Some("outer-2-abc"));
    assert_eq!(tag(&root, "f/x").as_deref(), Some("outer-5-abc"));
}

#[test]
fn unsafe_names_are_nowhere() {
    let root = opened(&[b"../../etc/passwd", b"a\0b", b"", b"/abs/x", b"ok"]);
    assert_eq!(names(&root), ["abs", "ok"]);
}

#[test]
fn an_entry_has_every_reading_of_its_name() {
    let root = opened(&[b"\x82\xa0\x82\xa2\x82\xa4/\x93\xfa\x96\x7b.txt"]);
    assert_eq!(names(&root), ["あいう"]);
    let wanted = Some("outer-0-abc".to_owned());
    assert_eq!(tag(&root, "あいう/日本.txt"), wanted);
    assert_eq!(tag(&root, "éáéóéñ/ô·û{.txt"), wanted);
    assert_eq!(tag(&root, "%82%A0%82%A2%82%A4/%93%FA%96{.txt"), wanted);
}

#[test]
fn what_cannot_be_read_says_why() {
    let entries = vec![
        entry(b"secret", State::Encrypted),
        entry(b"odd", State::Unsupported),
        entry(b"link", State::Hidden),
    ];
    let root = root(tree(entries, &Limits::default()).expect("good"), "x");
    assert_eq!(names(&root), ["odd", "secret"]);
    let of = |name| now(root.get(name));
    assert!(matches!(of("secret"), Err(Error::Encrypted { .. })));
    assert!(matches!(of("odd"), Err(Error::Unsupported { .. })));
    assert!(matches!(of("link"), Ok(None)));
}

#[test]
fn a_listing_tells_what_the_archive_knows() {
    let root = opened(&[b"a"]);
    let listed = now(root.list()).expect("nothing fails here");
    assert_eq!(listed[0].kind, EntryKind::File { length: 5 });
    assert_eq!(listed[0].details.packed, Some(3));
    assert_eq!(listed[0].details.method, Some("stored"));
    assert_eq!(listed[0].details.seekable, Some(true));
    // A time that no header can tell is none.
    assert_eq!(listed[0].details.modified, None);
}

#[test]
fn names_cannot_make_more_directories_than_entries_are_allowed() {
    let limits = Limits {
        entries: 100,
        ..Limits::default()
    };
    let deep = |number: usize| {
        entry(
            format!("{number}/{}", "a/".repeat(60)).as_bytes(),
            State::Ready,
        )
    };
    assert!(tree(vec![deep(0)], &limits).is_ok());
    let refused = tree(vec![deep(0), deep(1)], &limits);
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
}
