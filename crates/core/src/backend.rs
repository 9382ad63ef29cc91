//! What a network has to offer to be a backend of the gateway.

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

use crate::{Id, Node, Proof, ProofForm, ReadCx, Recognized, Result, Trace, Vitals};

/// What a request says about where a resource may be found: parameters such as `tr`, `x.pe` and `ws`.
///
/// They are decoded but not checked: a backend ignores names it does not know and refuses values it
/// must not follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    parameters: Vec<(String, String)>,
    is_only_held: bool,
}

impl Hints {
    /// Adds one parameter.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.parameters.push((name.into(), value.into()));
    }

    /// Says that only what is on this machine already is wanted: nobody is asked for anything. A
    /// backend that cannot tell does as always.
    pub fn want_only_held(&mut self) {
        self.is_only_held = true;
    }

    /// Whether only what is on this machine already is wanted; else [`crate::Error::NotHeld`].
    #[must_use]
    pub fn is_only_held(&self) -> bool {
        self.is_only_held
    }

    /// The values of one parameter, in the order given.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every parameter in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds all of another's parameters behind the own ones.
    pub fn extend(&mut self, other: Self) {
        self.parameters.extend(other.parameters);
        self.is_only_held |= other.is_only_held;
    }
}

/// Whether a resource is being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Never seen, nothing on disk.
    Unknown,
    /// Its metadata is being looked for.
    Resolving,
    /// Known and idle: what is on disk is served, no peer is connected.
    Parked,
    /// Connected to the network.
    Live,
    /// The last attempt failed; `last_error` says why.
    Failed,
}

/// What is known of a resource at this moment. Asking for it never starts a download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The resource's own name (hostile text), once known.
    pub name: Option<String>,
    /// Length of everything in it, in bytes, once known.
    pub length: Option<u64>,
    /// Number of files in it, once known.
    pub files: Option<u64>,
    /// Bytes of it on disk that were checked.
    pub bytes_held: u64,
    /// Peers connected now.
    pub peers: u64,
    /// Bytes per second coming in now.
    pub speed: u64,
    /// What is being done with it.
    pub state: State,
    /// The last failure in words, if there was one since the last success.
    pub last_error: Option<String>,
}

impl Status {
    /// The status of a resource nobody ever asked for.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            name: None,
            length: None,
            files: None,
            bytes_held: 0,
            peers: 0,
            speed: 0,
            state: State::Unknown,
            last_error: None,
        }
    }
}

/// A small document about a resource that only its own network knows, such as a `.torrent` file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its media type.
    pub media_type: &'static str,
    /// A name to save it under (hostile text).
    pub filename: String,
    /// All of it.
    pub bytes: Bytes,
}

/// One peer-to-peer network behind the gateway.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The first segment of its addresses, such as `bittorrent`.
    fn protocol(&self) -> &'static str;

    /// The second segment: the version of its address form, such as `v0`.
    fn version(&self) -> &'static str;

    /// Turns any spelling of an id into the canonical one. Pure: no I/O, no waiting.
    ///
    /// The hints are what the spelling itself carries, such as the trackers of a magnet link.
    ///
    /// # Errors
    /// [`crate::Error::BadId`] for what is no id, [`crate::Error::Unsupported`] for a known form
    /// that this backend cannot serve.
    fn canonical(&self, id: &str) -> Result<(Id, Hints)>;

    /// Finds the resource, within the backend's own time limit, and reads nothing of its body.
    ///
    /// # Errors
    /// [`crate::Error::NoPeers`], [`crate::Error::NoMetadata`] and whatever else kept it from being found.
    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node>;

    /// Says what is known of the resource, without starting anything.
    ///
    /// # Errors
    /// Only where the own disk cannot be read.
    async fn status(&self, id: &Id) -> Result<Status>;

    /// Says how a resource is doing, from memory and without waiting; none where it is not connected.
    fn vitals(&self, id: &Id) -> Option<Vitals> {
        let _ = id;
        None
    }

    /// How many peers are connected, over all resources.
    fn peers(&self) -> u64 {
        0
    }

    /// Reads an address as people copy it from other programs and from pages, such as one of a public
    /// gateway; none where it is not of this network. Pure, like [`Backend::canonical`].
    fn recognize(&self, text: &str) -> Option<Result<Recognized>> {
        Recognized::of(self.canonical(text))
    }

    /// Takes a document that a user has, such as a `.torrent` file, keeps what it says of its resource,
    /// and gives what it names. Fetches nothing. None where this network has no documents of that type.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for a document that is none, [`crate::Error::Unsupported`] for a form
    /// that this backend cannot serve; whatever the own disk says.
    async fn take(&self, media_type: &str, document: Bytes) -> Result<Option<Recognized>> {
        let _ = (media_type, document);
        Ok(None)
    }

    /// Lets a resource go, so that its bytes may: leaves its network and forgets what is in memory of
    /// it. Streams of it end with an error once its bytes are gone. Does nothing where it is not known.
    ///
    /// # Errors
    /// [`crate::Error::BadId`] for what is no canonical id.
    async fn release(&self, id: &Id) -> Result<()> {
        let _ = id;
        Ok(())
    }

    /// The kinds of [`Document`] it has, each the third segment of an address.
    fn documents(&self) -> &'static [&'static str] {
        &[]
    }

    /// Finds a document of one of those kinds.
    ///
    /// # Errors
    /// As [`Backend::resolve`]; [`crate::Error::NotFound`] for a kind it does not have.
    async fn document(&self, kind: &str, id: &Id, hints: &Hints) -> Result<Document> {
        let _ = (id, hints);
        Err(crate::Error::NotFound {
            what: format!("a document called {kind}"),
        })
    }

    /// Finds what a path leads to, in a form that its reader checks by itself.
    ///
    /// Waits for what the head of an answer needs, so that its failures can still become a status.
    ///
    /// # Errors
    /// As [`Backend::resolve`]; [`crate::Error::BadAddress`] for a form that this network does not have.
    async fn prove(
        &self,
        id: &Id,
        path: &[String],
        form: ProofForm,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Proof> {
        let _ = (id, path, form, hints, cx);
        Err(crate::Error::BadAddress {
            why: "format is html or json here".into(),
        })
    }

    /// Finds what each segment of a path stands for. Fetches of what it leads to only structured data.
    ///
    /// # Errors
    /// As [`Backend::resolve`]; [`crate::Error::NotFound`] also where a path leads through links that
    /// files and directories follow, [`crate::Error::Unsupported`] where it ends inside a block.
    async fn trace(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Trace> {
        let _ = (id, path, hints);
        Ok(Trace::unknown())
    }

    /// Whether standard addresses have another spelling of an id than this one, to which they lead.
    fn has_better_spelling(&self, id: &str) -> bool {
        let _ = id;
        false
    }
}
