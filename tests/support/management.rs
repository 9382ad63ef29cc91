//! The management plane of an agent under test, called with its token.

use std::path::Path;

use serde_json::Value;

use super::{Agent, Answer, Request};

/// Calls the management plane of one agent.
pub(crate) struct Management<'a> {
    agent: &'a Agent,
    token: String,
}

impl Agent {
    /// Its management plane; its data lies in the usual place.
    pub(crate) fn manage(&self) -> Management<'_> {
        self.manage_at(&self.data())
    }

    /// Its management plane, where its data lies elsewhere.
    pub(crate) fn manage_at(&self, data: &Path) -> Management<'_> {
        let token = std::fs::read_to_string(data.join("token")).unwrap();
        Management {
            agent: self,
            token: token.trim().to_owned(),
        }
    }
}

impl Management<'_> {
    /// A call of the API; the path begins behind its version.
    pub(crate) fn call(&self, method: &str, path: &str) -> Request {
        let target = format!("/api/v0{path}");
        Request::new(self.agent.management(), method, &target)
            .header("Authorization", &format!("Bearer {}", self.token))
    }

    /// What a call without effect answers.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        done(self.call("GET", path).send(), 200).json()
    }

    /// How full the disk is.
    #[track_caller]
    pub(crate) fn disk(&self) -> Value {
        self.get("/status")["disk"].clone()
    }

    /// Bytes that are used, as the agent counts them.
    #[track_caller]
    pub(crate) fn used(&self) -> u64 {
        number(&self.disk(), "used")
    }

    /// What is known of a torrent.
    #[track_caller]
    pub(crate) fn item(&self, id: &str) -> Value {
        self.get(&format!("/items/bittorrent/{id}"))
    }

    /// All items, in the order in which they go.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        let answer = self.get("/items");
        answer["items"].as_array().expect("a list").clone()
    }

    /// Pins a torrent.
    #[track_caller]
    pub(crate) fn pin(&self, id: &str) {
        done(
            self.call("PUT", &format!("/items/bittorrent/{id}/pin"))
                .send(),
            204,
        );
    }

    /// Lets a torrent go again.
    #[track_caller]
    pub(crate) fn unpin(&self, id: &str) {
        done(
            self.call("DELETE", &format!("/items/bittorrent/{id}/pin"))
                .send(),
            204,
        );
    }

    /// Collects until no more than so many bytes are used.
    #[track_caller]
    pub(crate) fn collect(&self, upto: u64) -> Value {
        let call = self.call("POST", "/collect");
        done(call.json(&serde_json::json!({ "upto": upto })).send(), 200).json()
    }
}

/// Checks the status.
#[track_caller]
fn done(answer: Answer, status: u16) -> Answer {
    assert_eq!(answer.status, status, "{}", answer.text());
    answer
}

/// A number of an answer.
#[track_caller]
pub(crate) fn number(of: &Value, key: &str) -> u64 {
    of[key]
        .as_u64()
        .unwrap_or_else(|| panic!("no number {key} in {of}"))
}
