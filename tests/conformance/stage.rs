//! A peer, an agent, and addresses of what the one shares as the other answers them.

use serde_json::Value;

use super::{backends::Backend, tree::Tree};
use crate::support::{Agent, Request, STOPPING, Setup, encoded};

/// A peer and an agent that can find it.
pub(super) struct Stage<B> {
    peer: Option<B>,
    pub(super) agent: Agent,
}

impl<B: Backend> Stage<B> {
    /// Starts both.
    pub(super) fn new() -> Self {
        Self::with(|setup| setup)
    }

    /// Starts both, the agent with a setup of its own.
    pub(super) fn with(change: impl FnOnce(Setup) -> Setup) -> Self {
        let peer = B::start();
        let agent = change(peer.known_to(Setup::new())).start();
        Self {
            peer: Some(peer),
            agent,
        }
    }

    /// Lets the peer share files.
    pub(super) fn share(&mut self, tree: Tree) -> Shared {
        let peer = self.peer.as_mut().expect("the peer is there");
        let id = peer.share(&tree);
        Shared {
            protocol: B::PROTOCOL,
            id,
            hint: peer.hint(),
            tree,
        }
    }

    /// Ends the peer.
    pub(super) fn without_peer(&mut self) {
        self.peer = None;
    }

    /// Stops the agent in order and starts it again.
    pub(super) fn restart(&mut self) {
        self.agent.ask_to_stop();
        assert!(self.agent.ended(STOPPING).success(), "it did not end well");
        self.agent.start_again();
    }

    /// A request for a path.
    pub(super) fn get(&self, of: &Shared, path: &str) -> Request {
        self.agent.get(&of.at(path))
    }

    /// What the management plane tells of something that is shared.
    #[track_caller]
    pub(super) fn item(&self, of: &Shared) -> Value {
        self.agent.manage().get(&of.item())
    }

    /// What the content plane tells of something that is shared.
    pub(super) fn status(&self, of: &Shared) -> Value {
        self.agent.get(&of.address("status", "")).send().json()
    }
}

/// Something that is shared.
pub(super) struct Shared {
    protocol: &'static str,
    pub(super) id: String,
    hint: Option<String>,
    tree: Tree,
}

impl Shared {
    /// The address of a path in it, already percent-encoded and with its slash.
    pub(super) fn at(&self, path: &str) -> String {
        self.address("stream", path)
    }

    /// Any address of it that names the peer; `kind` is the third segment.
    pub(super) fn address(&self, kind: &str, path: &str) -> String {
        self.spelt(&self.id, kind, path)
    }

    /// The same with another spelling of the id.
    pub(super) fn spelt(&self, id: &str, kind: &str, path: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        let hint = self.hint.iter().map(|hint| format!("{mark}{hint}"));
        let hint: String = hint.collect();
        format!("/{}/v0/{kind}/{id}{path}{hint}", self.protocol)
    }

    /// The path of its item in the API.
    pub(super) fn item(&self) -> String {
        format!("/items/{}/{}", self.protocol, self.id)
    }

    /// The right bytes of a file.
    pub(super) fn bytes(&self, path: &str) -> &[u8] {
        self.tree.bytes(path)
    }
}

/// A path in the form that it has in an address, with the slash in front.
pub(super) fn path(plain: &str) -> String {
    format!("/{}", encoded(plain).replace("%2F", "/"))
}

/// The names in a listing, in its order.
pub(super) fn names(listing: &Value) -> Vec<String> {
    let entries = listing["entries"].as_array();
    let entries = entries.expect("a listing has entries").iter();
    entries
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}
