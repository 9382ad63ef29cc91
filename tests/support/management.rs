//! The management plane of an agent under test, called with its token.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

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

/// How long a listener waits: longer than comments are apart.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody who listens to events.
pub(crate) struct Listener {
    stream: BufReader<TcpStream>,
    text: String,
    last: u64,
}

impl Management<'_> {
    /// The token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// All figures.
    #[track_caller]
    pub(crate) fn metrics(&self) -> String {
        let call = Request::new(self.agent.management(), "GET", "/metrics");
        let call = call.header("Authorization", &format!("Bearer {}", self.token));
        done(call.send(), 200).text()
    }

    /// Begins to listen to events.
    #[track_caller]
    pub(crate) fn listen(&self) -> Listener {
        let server = self.agent.management();
        let mut stream = TcpStream::connect(server).expect("the agent listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let token = &self.token;
        let request = format!(
            "GET /api/v0/events HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut listener = Listener {
            stream: BufReader::new(stream),
            text: String::new(),
            last: 0,
        };
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = listener.stream.read_line(&mut head).unwrap();
            assert!(read > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        listener
    }
}

impl Listener {
    /// The next event; none where the agent ended it.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                let field = |name: &str| {
                    let found = event.lines().find_map(|line| line.strip_prefix(name));
                    found.unwrap_or_else(|| panic!("no {name} in {event}"))
                };
                let number: u64 = field("id: ").parse().unwrap();
                assert!(number > self.last, "numbers rise");
                let data = serde_json::from_str(field("data: ")).unwrap();
                let name = field("event: ").to_owned();
                self.last = number;
                return Some((name, data));
            }
            let more = self.chunk()?;
            self.text += &more;
        }
    }

    /// The next event of this name that is as it should be.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let (event, data) = self.next().expect("it listens");
            if event == name && is_right(&data) {
                return data;
            }
        }
        panic!("no such {name} came")
    }

    /// What was sent at once; none at the end.
    fn chunk(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).ok()?;
        bytes.truncate(length);
        (length > 0).then(|| String::from_utf8(bytes).unwrap())
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
