//! A small HTTP/1.1 client that shows what came over the wire: headers as sent, bodies that break.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// After this long without a byte a test has failed.
const PATIENCE: Duration = Duration::from_secs(90);

/// Percent-encodes all but letters and digits.
pub(crate) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A request in the making. `Host` and `Connection: close` are added unless given.
#[derive(Clone)]
#[must_use = "nothing is sent yet"]
pub(crate) struct Request {
    server: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    bare: bool,
}

impl Request {
    /// A request of any method.
    pub(crate) fn new(server: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            server,
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
            bare: false,
        }
    }

    /// Adds a header, again if it is there already.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `Range`.
    pub(crate) fn range(self, value: &str) -> Self {
        self.header("Range", value)
    }

    /// Sends a body of JSON.
    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// Sends a body of any type.
    pub(crate) fn body(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        let length = self.body.len().to_string();
        self.header("Content-Type", media_type)
            .header("Content-Length", &length)
    }

    /// Sends no header that was not given.
    pub(crate) fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Sends it on a connection of its own and reads the whole answer.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        self.open().finish()
    }

    /// Sends it on a connection of its own and reads the head of the answer.
    #[track_caller]
    pub(crate) fn open(self) -> Body {
        let connection = Connection::open(self.server);
        connection.send(self.header_unless_given("Connection", "close"))
    }

    fn header_unless_given(self, name: &str, value: &str) -> Self {
        let given = self
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name));
        if given || self.bare {
            self
        } else {
            self.header(name, value)
        }
    }

    /// All of it as it goes over the wire.
    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [(head + "\r\n").as_bytes(), &self.body].concat()
    }
}

/// A connection that may carry several requests, one after the other.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the agent listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a request and reads the head of the answer.
    #[track_caller]
    pub(crate) fn send(mut self, request: Request) -> Body {
        let host = request.server.to_string();
        let request = request.header_unless_given("Host", &host);
        self.stream.get_mut().write_all(&request.bytes()).unwrap();
        let first = self.line();
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("{first:?} came for {} {}", request.method, request.target));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut body = Body {
            connection: self,
            answer: Answer {
                status,
                headers,
                body: Vec::new(),
                broken: false,
            },
            left: 0,
        };
        body.left = body.answer.length_on_the_wire(&request.method);
        body
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream
            .read_until(b'\n', &mut line)
            .expect("an answer comes");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }
}

/// An answer whose body is still on its way. Dropping it closes the connection.
pub(crate) struct Body {
    connection: Connection,
    answer: Answer,
    left: u64,
}

impl Body {
    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.answer.status
    }

    /// Reads the next bytes; fewer only where the body ends or breaks.
    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let wanted = self.left.min(length as u64);
        let outcome = (&mut self.connection.stream)
            .take(wanted)
            .read_to_end(&mut bytes);
        if let Err(error) = outcome {
            let hung = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            assert!(!hung, "no byte came for {} s", PATIENCE.as_secs());
        }
        self.left -= bytes.len() as u64;
        self.answer.broken = (bytes.len() as u64) < wanted;
        bytes
    }

    /// Reads the rest of the body, to its end or to where it breaks.
    pub(crate) fn finish(self) -> Answer {
        self.finish_and_keep().0
    }

    /// Reads the rest of the body and gives back the connection for another request.
    pub(crate) fn finish_and_keep(mut self) -> (Answer, Connection) {
        let rest = usize::try_from(self.left).unwrap();
        self.answer.body = self.read(rest);
        (self.answer, self.connection)
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// What came of the body.
    pub(crate) body: Vec<u8>,
    /// The connection ended before the body did.
    pub(crate) broken: bool,
}

impl Answer {
    /// The value of a header that came once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(known, _)| known == name);
        let value = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{name} came twice");
        value
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }

    /// Checks that it is a failure of this status, told in the way of RFC 9457, and gives its reason.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.json();
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        problem["reason"].as_str().expect("a reason").to_owned()
    }

    fn length_on_the_wire(&self, method: &str) -> u64 {
        assert_eq!(
            self.header("transfer-encoding"),
            None,
            "every length is known beforehand"
        );
        let none = method == "HEAD" || matches!(self.status, 204 | 304);
        let length = self.header("content-length").filter(|_| !none);
        length.map_or(0, |digits| digits.parse().unwrap())
    }
}
