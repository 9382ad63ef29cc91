//! Requests to one gateway, every answer of which is bounded in time and length.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Client, Response,
    header::{ACCEPT, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use tokio::time::{Instant, timeout};
use universal_p2p_core::Error;
use url::Url;

use super::{
    answer::{Refusal, refusal},
    rest::Rest,
};
use crate::{BadSource, server};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long nothing may arrive once an answer has begun.
const STALL: Duration = Duration::from_secs(10);

/// How often one request may be sent on.
const MOST_REDIRECTS: usize = 3;

/// One gateway, and how it has done lately.
#[derive(Debug)]
pub(super) struct Link {
    base: Url,
    client: Client,
    rest: Mutex<Rest>,
}

/// Why a request has no content.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// It does not understand what it was asked for: there is no use in asking again.
    pub(super) is_deaf: bool,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The path below the address of the gateway, such as `ipfs/<cid>`.
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The media type that is wanted.
    pub(super) accept: &'static str,
    /// The longest wait for the head of the answer.
    pub(super) within: Duration,
}

impl Link {
    /// Sets up the client for a gateway. Nothing is sent.
    pub(super) fn new(base: Url) -> Result<Self, BadSource> {
        let gateway = base.clone();
        let policy = Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                attempt.error("it is sent on too often")
            } else if !server::may_lead(&gateway, attempt.url()) {
                attempt.error("it is sent on to somebody else")
            } else {
                attempt.follow()
            }
        });
        let here = server::HERE.map(|ip| SocketAddr::new(ip, 0));
        let mut client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(policy)
            .referer(false)
            .resolve_to_addrs(server::LOCALHOST, &here)
            .user_agent(concat!("universal-p2p/", env!("CARGO_PKG_VERSION")));
        if server::is_loopback(&base) {
            client = client.no_proxy();
        }
        let client = client.build();
        Ok(Self {
            client: client.map_err(|error| BadSource::Client(format!("gateways: {error}")))?,
            base,
            rest: Mutex::default(),
        })
    }

    /// Its address.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Sends a request and waits for the head of an answer with content.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Response, Failed> {
        let sent = Instant::now();
        if let Some(left) = self.rest().left(sent) {
            return Err(self.resting(left).into());
        }
        let mut url = self.base.join(question.path).map_err(|_| Failed {
            error: Error::BadAddress {
                why: format!("{} is no path of a gateway", question.path),
            },
            is_deaf: true,
        })?;
        url.query_pairs_mut().extend_pairs(question.query);
        let request = self.client.get(url).header(ACCEPT, question.accept).send();
        let answer = match timeout(question.within, request).await {
            // It may look for those who have it.
            Err(_) => return Err(absent(sent.elapsed()).into()),
            Ok(Err(error)) => {
                self.rest().failed(sent, Instant::now());
                return Err(Failed {
                    is_deaf: error.is_redirect(),
                    error: self.unavailable(&error),
                });
            }
            Ok(Ok(answer)) => answer,
        };
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(answer);
        }
        let refusal = refusal(status, text(answer.headers(), RETRY_AFTER.as_str()));
        Err(self.refused(refusal, status, sent))
    }

    fn refused(&self, refusal: Refusal, status: u16, sent: Instant) -> Failed {
        let now = Instant::now();
        let error = match refusal {
            Refusal::Absent => {
                self.rest().answered();
                absent(sent.elapsed())
            }
            Refusal::Rest(pause) => {
                self.rest().asked(now, pause);
                let left = self.rest().left(now).unwrap_or(pause);
                self.resting(left)
            }
            Refusal::Failing => {
                self.rest().failed(sent, now);
                self.unavailable(&format!("it answers with status {status}"))
            }
            Refusal::Deaf => self.unavailable(&format!(
                "it answers with status {status}: it may be no trustless gateway"
            )),
        };
        Failed {
            error,
            is_deaf: refusal == Refusal::Deaf,
        }
    }

    /// The next bytes of an answer, or none at its end.
    pub(super) async fn chunk(&self, answer: &mut Response) -> Result<Option<Bytes>, Error> {
        match timeout(STALL, answer.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(self.unavailable(&error)),
            Err(_) => Err(Error::Stalled {
                waited: STALL,
                peers: 1,
            }),
        }
    }

    /// All of an answer, which is no longer than it may be.
    pub(super) async fn whole(&self, mut answer: Response, longest: usize) -> Result<Bytes, Error> {
        let too_long = || Error::Corrupt {
            what: format!("{} answers with more than {longest} bytes", self.base),
        };
        let length = answer.content_length().unwrap_or(0);
        if length > longest as u64 {
            return Err(too_long());
        }
        let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        loop {
            let began = Instant::now();
            let chunk = self.chunk(&mut answer).await;
            let chunk = chunk.inspect_err(|_| self.rest().failed(began, Instant::now()))?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > longest {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        self.rest().answered();
        Ok(body.into())
    }

    /// Notes that it is well, or that it gave what nobody asked for.
    pub(super) fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resting(&self, left: Duration) -> Error {
        Error::Busy {
            what: format!("gateway {} is left alone for a while", self.base),
            retry_after: left,
        }
    }

    fn unavailable(&self, why: &dyn std::fmt::Display) -> Error {
        Error::Unavailable {
            what: format!("gateway {}", self.base),
            cure: format!("look at [ipfs] gateways ({why})"),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_deaf: false,
        }
    }
}

/// The text of a header.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A gateway has not got it.
fn absent(waited: Duration) -> Error {
    Error::NoProviders {
        waited,
        cure: "the gateway has not got it; another source may".into(),
    }
}
