use std::{collections::BTreeMap, ops::Range};

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, stream};

use super::*;
use crate::{ByteStream, Entry, Freshness, Meta, ReadCx};

struct Text(Meta);

#[async_trait]
impl File for Text {
    fn meta(&self) -> &Meta {
        &self.0
    }

    async fn open(&self, _: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        Ok(stream::empty().boxed())
    }
}

struct Folder(BTreeMap<String, Node>);

#[async_trait]
impl Dir for Folder {
    fn name(&self) -> &str {
        "folder"
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        Ok(self.0.get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        Ok(self
            .0
            .iter()
            .map(|(name, node)| {
                let kind = match node {
                    Node::File(file) => EntryKind::File {
                        length: file.meta().length,
                    },
                    Node::Dir(_) => EntryKind::Dir,
                };
                Entry::new(name.clone(), kind)
            })
            .collect())
    }
}

fn file(length: u64) -> Node {
    let etag = format!("length-{length}");
    let freshness = Freshness::Immutable;
    Node::File(Arc::new(Text(Meta {
        name: String::new(),
        length,
        etag,
        item: None,
        modified: None,
        freshness,
    })))
}

fn folder<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::Dir(Arc::new(Folder(
        entries.map(|(name, node)| (name.to_owned(), node)).into(),
    )))
}

/// The fakes never wait, so that their futures are done at the first look.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the fakes never wait")
}

fn tree() -> Node {
    folder([
        ("a", file(3)),
        ("b", folder([("big", file(9)), ("same", file(9))])),
        ("z", folder([])),
    ])
}

#[test]
fn the_largest_file_is_found_in_the_depth() {
    let found = now(largest(tree())).expect("there is one");
    assert_eq!(found.meta().length, 9);
    assert!(matches!(
        now(largest(folder([]))),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn a_file_is_no_directory() {
    let path = |parts: &[&str]| {
        parts
            .iter()
            .map(|part| (*part).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(matches!(
        now(walk(tree(), &path(&["b", "big"]), &NoArchives)),
        Ok(Node::File(_))
    ));
    assert!(matches!(
        now(walk(tree(), &path(&["a", "big"]), &NoArchives)),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        now(walk(tree(), &path(&["b", "none"]), &NoArchives)),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        now(walk(tree(), &[], &NoArchives)),
        Ok(Node::Dir(_))
    ));
}

#[test]
fn every_file_is_listed_once() {
    let Node::Dir(root) = tree() else {
        unreachable!("a folder is a directory")
    };
    let mut paths: Vec<_> = now(files(&root))
        .expect("readable")
        .into_iter()
        .map(|f| f.path.join("/"))
        .collect();
    paths.sort();
    assert_eq!(paths, ["a", "b/big", "b/same"]);
}

/// Opens files of length 3 as a directory with one file of length 3 called `again`.
struct Threes;

#[async_trait]
impl Expand for Threes {
    async fn expand(
        &self,
        file: &Arc<dyn File>,
        beside: Option<&Arc<dyn Dir>>,
        depth: usize,
    ) -> Result<Option<Arc<dyn Dir>>> {
        assert!(beside.is_some(), "every file here lies in a directory");
        if depth > 1 {
            let what = "too deep".to_owned();
            return Err(Error::Unsupported { what });
        }
        let again = || Folder([("again".to_owned(), self::file(3))].into());
        Ok((file.meta().length == 3).then(|| Arc::new(again()) as Arc<dyn Dir>))
    }
}

#[test]
fn a_file_with_segments_left_is_opened() {
    let to = |parts: &str| parts.split('/').map(str::to_owned).collect::<Vec<_>>();
    let is_file = |found: Result<Node>| matches!(found, Ok(Node::File(_)));
    let is_dir = |found: Result<Node>| matches!(found, Ok(Node::Dir(_)));
    assert!(is_file(now(walk(tree(), &to("a"), &Threes))));
    assert!(is_file(now(walk(tree(), &to("a/again"), &Threes))));
    assert!(is_file(now(walk(tree(), &to("a/again/again"), &Threes))));
    assert!(is_dir(now(enter(tree(), &to("a"), &Threes))));
    assert!(is_dir(now(enter(tree(), &to("a/again"), &Threes))));
    assert!(is_dir(now(enter(tree(), &to("b"), &Threes))));
    assert!(is_file(now(enter(tree(), &to("b/big"), &Threes))));
    let deep = now(walk(tree(), &to("a/again/again/again"), &Threes));
    assert!(matches!(deep, Err(Error::Unsupported { .. })));
    for missing in ["a/none", "b/big/none", "b/big/again"] {
        let found = now(walk(tree(), &to(missing), &Threes));
        assert!(matches!(found, Err(Error::NotFound { .. })), "{missing}");
    }
}

/// Opens files of length 3 as an archive with one file of length 5 called `entry`, and says of files of
/// other lengths what is wrong with them.
struct Fives(Option<Error>);

#[async_trait]
impl Expand for Fives {
    async fn expand(
        &self,
        file: &Arc<dyn File>,
        _: Option<&Arc<dyn Dir>>,
        _: usize,
    ) -> Result<Option<Arc<dyn Dir>>> {
        if file.meta().length != 3 {
            return self.0.clone().map_or(Ok(None), Err);
        }
        let inside = Folder([("entry".to_owned(), self::file(5))].into());
        Ok(Some(Arc::new(inside)))
    }

    fn is_likely(&self, name: &str) -> bool {
        name.ends_with(".zip")
    }
}

#[test]
fn a_file_without_a_name_takes_the_one_that_it_is_asked_for_by() {
    let to = |parts: &str| parts.split('/').map(str::to_owned).collect::<Vec<_>>();
    let found = |root: Node, path: &str, expand: &Fives| match now(walk(root, &to(path), expand)) {
        Ok(Node::File(file)) => Ok((file.meta().name.clone(), file.meta().length)),
        Ok(Node::Dir(_)) => Err(None),
        Err(error) => Err(Some(error)),
    };
    let (plain, missing) = (Fives(None), |got| {
        matches!(got, Err(Some(Error::NotFound { .. })))
    });
    assert_eq!(
        found(file(9), "film.mkv", &plain).unwrap(),
        ("film.mkv".to_owned(), 9)
    );
    assert!(missing(found(file(9), "film.mkv/more", &plain)));
    // An archive has entries, and may be asked for by a name of its own.
    assert_eq!(found(file(3), "entry", &plain).unwrap().1, 5);
    assert_eq!(
        found(file(3), "a.zip", &plain).unwrap(),
        ("a.zip".to_owned(), 3)
    );
    assert_eq!(found(file(3), "a.zip/entry", &plain).unwrap().1, 5);
    assert!(missing(found(file(3), "none", &plain)));
    // Whatever is wrong with its start is no matter to what lies behind.
    let nobody = Fives(Some(Error::Stalled {
        waited: std::time::Duration::ZERO,
        peers: 1,
    }));
    assert_eq!(found(file(9), "film.mkv", &nobody).unwrap().0, "film.mkv");
    let broken = Fives(Some(Error::Corrupt {
        what: "index".into(),
    }));
    assert_eq!(found(file(9), "a.zip", &broken).unwrap().0, "a.zip");
    let got = found(file(9), "entry", &broken);
    assert!(matches!(got, Err(Some(Error::Corrupt { .. }))), "{got:?}");
}
