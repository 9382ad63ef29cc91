//! A backend in memory, with files that behave well and files that do not.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use tokio::sync::mpsc::UnboundedSender;
use universal_p2p_core::{
    Backend, ByteStream, Dir, Document, Entry, EntryKind, Error, File, Freshness, Hints, Id, Item,
    Meta, Node, ReadCx, Result, State, Status,
};

/// What a fake reports as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A resource was looked for, with these hints.
    Resolved(Hints),
    /// A range of a file was opened.
    Opened(Range<u64>),
    /// Work was given up, or done: what stood for it was dropped.
    Dropped,
}

/// How a file behaves.
#[derive(Clone)]
pub(super) enum Manner {
    /// Gives these bytes.
    Holds(Bytes),
    /// Gives zeros without end.
    Zeros,
    /// Gives half of what was asked for and then fails.
    FailsLate,
    /// Gives half of what was asked for and then ends.
    EndsEarly,
    /// Gives more than was asked for.
    GivesMore,
    /// Never has the first byte.
    NeverReady,
    /// Gives one byte and then nothing.
    Stalls,
    /// Cannot be had.
    Fails(Error),
    /// Panics when it is opened.
    Panics,
}

struct FakeFile {
    meta: Meta,
    manner: Manner,
    events: UnboundedSender<Event>,
}

/// Reports when it is dropped.
struct Watched(UnboundedSender<Event>);

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.send(Event::Dropped);
    }
}

#[async_trait]
impl File for FakeFile {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, _: &ReadCx) -> Result<ByteStream> {
        assert!(range.start <= range.end && range.end <= self.meta.length);
        let _ = self.events.send(Event::Opened(range.clone()));
        let watched = Watched(self.events.clone());
        let length = usize::try_from(range.end - range.start).expect("small");
        let zeros = |count| Ok(Bytes::from(vec![0; count]));
        let chunks: ByteStream = match &self.manner {
            Manner::Holds(bytes) => {
                let at = |place| usize::try_from(place).expect("small");
                let bytes = bytes.slice(at(range.start)..at(range.end));
                // Small pieces, so that bodies are made of many.
                let pieces: Vec<_> = bytes
                    .chunks(100)
                    .map(|piece| bytes.slice_ref(piece))
                    .collect();
                stream::iter(pieces.into_iter().map(Ok)).boxed()
            }
            Manner::Zeros => {
                let piece = Bytes::from_static(&[0; 1 << 16]);
                stream::repeat_with(move || Ok(piece.clone())).boxed()
            }
            Manner::FailsLate => {
                let stalled = Error::Stalled {
                    waited: Duration::from_secs(1),
                    peers: 0,
                };
                then(zeros(length / 2), Some(Err(stalled)))
            }
            Manner::EndsEarly => then(zeros(length / 2), None),
            Manner::GivesMore => stream::iter([zeros(length + 5)]).boxed(),
            Manner::NeverReady => {
                let _watched = watched;
                return future::pending().await;
            }
            Manner::Stalls => stream::iter([zeros(1)]).chain(stream::pending()).boxed(),
            Manner::Fails(error) => return Err(error.clone()),
            Manner::Panics => panic!("as it was asked to"),
        };
        Ok(chunks
            .map(move |chunk| {
                let _ = &watched;
                chunk
            })
            .boxed())
    }
}

/// Gives a first piece, and what follows only after the reader was made to wait.
pub(super) fn then(first: Result<Bytes>, last: Option<Result<Bytes>>) -> ByteStream {
    let later = stream::once(async move {
        tokio::task::yield_now().await;
        stream::iter(last)
    });
    stream::iter([first]).chain(later.flatten()).boxed()
}

struct FakeDir {
    name: &'static str,
    entries: BTreeMap<String, Node>,
}

#[async_trait]
impl Dir for FakeDir {
    fn name(&self) -> &str {
        self.name
    }

    async fn get(&self, name: &str) -> Result<Option<Node>> {
        Ok(self.entries.get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        let entries = self.entries.iter().map(|(name, node)| {
            let kind = match node {
                Node::Dir(_) => EntryKind::Dir,
                Node::File(file) => EntryKind::File {
                    length: file.meta().length,
                },
            };
            Entry::new(name.clone(), kind)
        });
        Ok(entries.collect())
    }
}

/// A network of resources that are named by words.
pub(super) struct FakeBackend {
    events: UnboundedSender<Event>,
    resources: BTreeMap<&'static str, Node>,
}

impl FakeBackend {
    pub(super) fn new(events: UnboundedSender<Event>) -> Self {
        Self {
            events,
            resources: BTreeMap::new(),
        }
    }

    /// Where its events go.
    pub(super) fn events(&self) -> UnboundedSender<Event> {
        self.events.clone()
    }

    /// Adds a resource.
    pub(super) fn with(mut self, id: &'static str, root: Node) -> Self {
        self.resources.insert(id, root);
        self
    }

    /// A file of this network.
    pub(super) fn file(&self, name: &str, length: u64, manner: Manner) -> Node {
        self.of(None, name, length, manner)
    }

    /// A file whose bytes are booked with a resource.
    pub(super) fn of(&self, id: Option<&str>, name: &str, length: u64, manner: Manner) -> Node {
        let item = |id| Item {
            protocol: "fake",
            id: Id::new(id).expect("an id"),
        };
        Node::File(Arc::new(FakeFile {
            meta: Meta {
                name: name.into(),
                length,
                etag: format!("fake-{name}-{length}")
                    .replace(|c: char| !c.is_ascii_graphic() || c == '"', "_"),
                item: id.map(item),
                modified: None,
                freshness: Freshness::Immutable,
            },
            manner,
            events: self.events.clone(),
        }))
    }

    /// A file that holds bytes.
    pub(super) fn holding(&self, name: &str, bytes: impl Into<Bytes>) -> Node {
        let bytes = bytes.into();
        self.file(name, bytes.len() as u64, Manner::Holds(bytes))
    }
}

/// A directory of named nodes.
pub(super) fn dir<const N: usize>(name: &'static str, entries: [(&str, Node); N]) -> Node {
    let entries = entries.map(|(name, node)| (name.to_owned(), node));
    folder(name, entries)
}

/// A directory of however many nodes.
pub(super) fn folder(
    name: &'static str,
    entries: impl IntoIterator<Item = (String, Node)>,
) -> Node {
    let entries = entries.into_iter().collect();
    Node::Dir(Arc::new(FakeDir { name, entries }))
}

#[async_trait]
impl Backend for FakeBackend {
    fn protocol(&self) -> &'static str {
        "fake"
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> Result<(Id, Hints)> {
        let mut hints = Hints::default();
        let id = match id.strip_prefix("magnet:?xt=") {
            Some(id) => {
                hints.push("tr", "from-the-id");
                id
            }
            None => id,
        };
        Ok((Id::new(&id.to_ascii_lowercase())?, hints))
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node> {
        let _ = self.events.send(Event::Resolved(hints.clone()));
        match self.resources.get(id.as_str()) {
            Some(root) => Ok(root.clone()),
            None if id.as_str() == "hanging" => {
                let _watched = Watched(self.events.clone());
                future::pending().await
            }
            None => Err(Error::NoPeers {
                waited: Duration::from_secs(60),
                cure: "name a peer".into(),
            }),
        }
    }

    async fn status(&self, _: &Id) -> Result<Status> {
        Ok(Status {
            name: Some("<name>".into()),
            state: State::Parked,
            bytes_held: 7,
            ..Status::unknown()
        })
    }

    fn documents(&self) -> &'static [&'static str] {
        &["torrent"]
    }

    async fn document(&self, kind: &str, id: &Id, _: &Hints) -> Result<Document> {
        Ok(Document {
            media_type: "application/x-bittorrent",
            filename: format!("{id}.{kind}"),
            bytes: Bytes::from_static(b"d4:infoe"),
        })
    }
}
