//! Asking for all that is in one archive, over one connection.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::expected::{Entry, Kind, Sample};
use crate::support::{Agent, Answer, Connection, Request, Seeding, encoded, noise};

/// How much is asked of an archive.
#[derive(Clone, Copy)]
pub(super) enum Depth {
    Plain,
    Nested,
}

impl Depth {
    /// How many ranges are asked for of an entry, by its place among the others, the longest first.
    fn ranges(self, place: usize, length: usize) -> usize {
        match (self, place) {
            (Self::Plain, 0..8) if length >= 4096 => 200,
            (Self::Plain, 0..40) | (Self::Nested, 0) => 20,
            (Self::Plain, 40..400) | (Self::Nested, 1..40) => 2,
            _ => 0,
        }
    }

    /// The length of an entry above which it is not asked for.
    fn longest(self) -> u64 {
        match self {
            Self::Plain => u64::MAX,
            Self::Nested => 32 << 20,
        }
    }

    /// Of more entries than these only some are asked for, evenly among all.
    fn most(self) -> usize {
        match self {
            Self::Plain => 8000,
            Self::Nested => 800,
        }
    }
}

/// One archive at an address, and what was wrong with it.
pub(super) struct Asking<'a> {
    agent: &'a Agent,
    torrent: &'a Seeding,
    /// The path of the archive.
    path: &'a str,
    /// What it is called.
    file: String,
    depth: Depth,
    connection: Option<Connection>,
    pub(super) wrong: Vec<String>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(agent: &'a Agent, torrent: &'a Seeding, path: &'a str, depth: Depth) -> Self {
        Self {
            agent,
            torrent,
            path,
            file: String::new(),
            depth,
            connection: None,
            wrong: Vec::new(),
        }
    }

    /// Asks for all of an archive.
    pub(super) fn sample(&mut self, sample: &Sample, place: &Path) {
        self.file.clone_from(&sample.file);
        let root = self.torrent.at(&format!("{}/?format=json", self.path));
        let answer = self.ask(self.agent.get(&root));
        if answer.status != sample.status {
            let text = answer.text();
            let text = text.get(..300).unwrap_or(&text);
            return self.is_wrong(
                "",
                &format!("{} instead of {}: {text}", answer.status, sample.status),
            );
        }
        if sample.status != 200 || !sample.listing {
            return;
        }
        let mut found = BTreeMap::new();
        self.walk("", &answer.json(), &mut found);
        self.compare(sample, found);
        let mut files: Vec<&Entry> = sample
            .entries
            .iter()
            .filter(|entry| entry.kind == Kind::File)
            .filter(|entry| entry.size.is_none_or(|size| size <= self.depth.longest()))
            .collect();
        files.sort_by_key(|entry| std::cmp::Reverse(entry.size));
        let step = files.len().div_ceil(self.depth.most()).max(1);
        for (number, entry) in files.into_iter().enumerate().step_by(step) {
            self.entry(entry, number, place);
        }
    }

    /// Follows the directories of a listing.
    fn walk(&mut self, above: &str, listing: &Value, found: &mut BTreeMap<String, Option<u64>>) {
        for line in listing["entries"].as_array().unwrap() {
            let name = format!("{above}{}", line["name"].as_str().unwrap());
            found.insert(name.clone(), line["length"].as_u64());
            if !line["length"].is_null() {
                continue;
            }
            let url = format!("{}&format=json", line["url"].as_str().unwrap());
            let answer = self.ask(self.agent.get(&url));
            if answer.status == 200 {
                self.walk(&format!("{name}/"), &answer.json(), found);
            } else {
                self.is_wrong(&name, "a directory that is listed is not there");
            }
        }
    }

    /// Compares what is listed, in length too.
    fn compare(&mut self, sample: &Sample, mut found: BTreeMap<String, Option<u64>>) {
        for entry in &sample.entries {
            let length = found.remove(&entry.name);
            match (length, entry.kind) {
                (None, _) => self.is_wrong(&entry.name, "it is not listed"),
                (Some(None), Kind::Dir) => {}
                (Some(Some(length)), Kind::File)
                    if entry.size.is_none_or(|size| size == length) => {}
                (other, _) => {
                    let size = entry.size;
                    self.is_wrong(
                        &entry.name,
                        &format!("{other:?} is listed instead of {size:?}"),
                    );
                }
            }
        }
        for (name, length) in found {
            if length.is_some() {
                self.is_wrong(&name, "it is listed and not there");
            }
        }
    }

    /// Asks for an entry in all ways.
    fn entry(&mut self, entry: &Entry, number: usize, place: &Path) {
        let address = self.address(&entry.name);
        let answer = self.ask(self.agent.get(&address));
        if entry.status != 200 {
            // what is damaged may be found out when the head is sent already
            let is_told = answer.status == entry.status || entry.status == 502 && answer.broken;
            if !is_told {
                let text = format!("{} instead of {}", answer.status, entry.status);
                self.is_wrong(&entry.name, &text);
            }
            return;
        }
        if answer.status != 200 || answer.broken {
            let (status, text) = (answer.status, answer.text());
            let text = if status == 200 { "" } else { &text };
            return self.is_wrong(
                &entry.name,
                &format!("{status}, broken: {}: {text}", answer.broken),
            );
        }
        let right = match (&entry.content, entry.crc) {
            (Some(content), _) => {
                std::fs::read(place.join("contents").join(content)).unwrap() == answer.body
            }
            (None, Some(crc)) => crc32fast::hash(&answer.body) == crc,
            (None, None) => true,
        };
        if !right {
            return self.is_wrong(&entry.name, &format!("{} bytes differ", answer.body.len()));
        }
        self.head(entry, &address, answer.body.len());
        self.ranges(entry, &address, number, &answer.body);
        for alias in &entry.aliases {
            let other = self.ask(self.agent.get(&self.address(alias)));
            if other.status != 200 || other.body != answer.body {
                self.is_wrong(alias, &format!("{} under its other name", other.status));
            }
        }
    }

    fn head(&mut self, entry: &Entry, address: &str, length: usize) {
        let head = self.ask(self.agent.head(address));
        let told = head.header("content-length").map(str::to_owned);
        if head.status != 200 || told != Some(length.to_string()) {
            self.is_wrong(&entry.name, &format!("HEAD: {} and {told:?}", head.status));
        }
    }

    /// Asks for ranges that chance decides, the same in every run.
    fn ranges(&mut self, entry: &Entry, address: &str, number: usize, whole: &[u8]) {
        let count = self.depth.ranges(number, whole.len()).min(whole.len());
        for chance in noise(number as u64, 16 * count).chunks_exact(16) {
            let (one, other) = chance.split_at(8);
            let [one, other] =
                [one, other].map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
            let start = usize::try_from(one % whole.len() as u64).unwrap();
            let longest = (whole.len() - start).min(256 << 10) as u64;
            let end = start + usize::try_from(other % longest).unwrap();
            let request = self
                .agent
                .get(address)
                .range(&format!("bytes={start}-{end}"));
            let part = self.ask(request);
            if part.status != 206 || part.body != whole[start..=end] {
                let text = format!("{} and other bytes for {start}-{end}", part.status);
                return self.is_wrong(&entry.name, &text);
            }
        }
    }

    /// The address of a path in the archive.
    fn address(&self, name: &str) -> String {
        let name = encoded(name).replace("%2F", "/");
        self.torrent.at(&format!("{}/{name}", self.path))
    }

    /// Sends a request on the connection there is, or on a new one where that was closed.
    fn ask(&mut self, request: Request) -> Answer {
        let open = || Connection::open(self.agent.content());
        let connection = self.connection.take().unwrap_or_else(open);
        let (answer, connection) = connection.send(request).finish_and_keep();
        let is_over = answer.broken || answer.header("connection") == Some("close");
        self.connection = (!is_over).then_some(connection);
        answer
    }

    fn is_wrong(&mut self, name: &str, why: &str) {
        self.wrong.push(format!("{}: {name}: {why}", self.file));
    }
}
