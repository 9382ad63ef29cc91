//! Web servers as peers (BEP 19).
//!
//! A request is one GET with a range per file that it touches. What a server answers is taken only
//! if it says that it is what was asked for; whether the bytes are right is for hashes to tell.

mod answer;
mod file;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream, stream::BoxStream};
use reqwest::{Client, Response, header};
use tokio::time::timeout;
use url::Url;

pub use self::file::WebFile;
use self::file::{Slice, slice_at, url_of};

/// The longest wait for the next bytes.
const STALL: Duration = Duration::from_secs(20);
/// What stands for padding files, and what is read in vain at most.
const SMALL: u64 = 64 << 10;
static ZEROS: [u8; SMALL as usize] = [0; SMALL as usize];

/// Why a web server gave nothing, named by when to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Never: it does not have the file.
    #[error("it does not have the file")]
    Gone,
    /// Not before it said.
    #[error("it is busy for {} s", .0.as_secs())]
    Busy(Duration),
    /// After a while that grows with every failure.
    #[error("{0}")]
    Failed(Failure),
}

/// What went wrong with a web server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It answered with a status that does not help.
    #[error("it answers with status {0}")]
    Status(u16),
    /// It answered with other bytes than those that were asked for.
    #[error("it sends something else than was asked for")]
    SomethingElse,
    /// It ended before the end.
    #[error("it sent too little")]
    Short,
    /// Nothing came for 20 s.
    #[error("it has sent nothing for too long")]
    Stalled,
    /// It cannot be reached, or led to where we must not go.
    #[error("{0}")]
    Http(reqwest::Error),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<reqwest::Error> for Refused {
    fn from(error: reqwest::Error) -> Self {
        // A URL may hold a secret of the user.
        Self::Failed(Failure::Http(error.without_url()))
    }
}

/// A web server that has the files of a torrent.
#[derive(Clone)]
pub(crate) struct WebSeed {
    of: Arc<Site>,
}

struct Site {
    url: Url,
    files: Vec<WebFile>,
    name: String,
    single_file: bool,
    http: Client,
    stall: Duration,
}

impl WebSeed {
    /// A server at an entry of `url-list`. The caller has checked the URL by
    /// [`crate::Policy::check_url`]; names and redirects are checked by `http`, which is one of
    /// [`crate::http::client`].
    ///
    /// `files` are all those of the torrent in their order, and `name` is its name.
    pub(crate) fn new(
        url: Url,
        files: Vec<WebFile>,
        name: String,
        single_file: bool,
        http: Client,
    ) -> Self {
        let site = Site {
            url,
            files,
            name,
            single_file,
            http,
            stall: STALL,
        };
        Self { of: Arc::new(site) }
    }

    /// Exactly these bytes of the torrent, in order, or an error as the last item. Nothing is asked
    /// before the stream is read, and dropping it ends the request.
    pub(crate) fn fetch(&self, bytes: Range<u64>) -> BoxStream<'static, Result<Bytes, Refused>> {
        let fetching = Fetching {
            site: Arc::clone(&self.of),
            missing: bytes,
            body: None,
        };
        stream::try_unfold(fetching, |mut fetching| async move {
            let next = fetching.next().await?;
            Ok(next.map(|bytes| (bytes, fetching)))
        })
        .boxed()
    }
}

/// A range on its way.
struct Fetching {
    site: Arc<Site>,
    missing: Range<u64>,
    body: Option<Body>,
}

/// What a server sends of one file.
struct Body {
    response: Response,
    /// Bytes before those that are wanted.
    skip: u64,
    /// Bytes that are wanted.
    left: u64,
}

impl Fetching {
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        if self.missing.is_empty() {
            return Ok(None);
        }
        let mut body = match self.body.take() {
            Some(body) => body,
            None => {
                let slice = slice_at(&self.site.files, &self.missing);
                let slice = slice.ok_or(Failure::SomethingElse)?;
                if slice.file.padding {
                    let length = slice.len().min(SMALL);
                    self.missing.start += length;
                    let zeros = Bytes::from_static(&ZEROS);
                    return Ok(Some(zeros.slice(..as_length(length))));
                }
                self.site.open(slice).await?
            }
        };
        let bytes = body.next(self.site.stall).await?;
        self.missing.start += bytes.len() as u64;
        self.body = (body.left > 0).then_some(body);
        Ok(Some(bytes))
    }
}

impl Site {
    /// Asks for a part of one file.
    async fn open(&self, slice: Slice<'_>) -> Result<Body, Refused> {
        let name = (!self.single_file).then_some(slice.file);
        let url = url_of(&self.url, &self.name, name).ok_or(Refused::Gone)?;
        let (first, last) = (slice.bytes.start, slice.bytes.end - 1);
        let request = self
            .http
            .get(url)
            .header(header::RANGE, format!("bytes={first}-{last}"))
            .header(header::ACCEPT_ENCODING, "identity");
        let response = timeout(self.stall, request.send()).await;
        let response = response.map_err(|_| Failure::Stalled)??;
        let skip = answer::check(response.status(), response.headers(), &slice)?;
        Ok(Body {
            response,
            skip,
            left: slice.len(),
        })
    }
}

impl Body {
    /// The next bytes, never none and never more than are wanted.
    async fn next(&mut self, stall: Duration) -> Result<Bytes, Refused> {
        loop {
            let chunk = timeout(stall, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Failure::Stalled)??;
            let mut bytes = chunk.ok_or(Failure::Short)?;
            let skipped = self.skip.min(bytes.len() as u64);
            self.skip -= skipped;
            let _ = bytes.split_to(as_length(skipped));
            bytes.truncate(as_length(self.left.min(bytes.len() as u64)));
            self.left -= bytes.len() as u64;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
        }
    }
}

/// A length of something in memory.
fn as_length(length: u64) -> usize {
    usize::try_from(length).expect("no longer than what is in memory")
}
