//! The running agent as seen from the command line: one call, one connection, no proxy in between.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::running;

/// How long a connection may take: it does not leave the machine.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take. The agent itself ends calls after 30 s.
const ANSWER: Duration = Duration::from_secs(60);

/// The longest answer in bytes.
const LONGEST_ANSWER: usize = 64 << 20;

/// An agent that runs.
pub(crate) struct Agent {
    data_dir: PathBuf,
    address: SocketAddr,
    token: String,
}

impl Agent {
    /// Finds the agent of a data directory, as far as that can be told without asking it.
    pub(crate) fn find(data_dir: &Path) -> Result<Self> {
        let address = running::management_of(data_dir)?;
        let path = data_dir.join("token");
        let token = fs::read_to_string(&path)
            .with_context(|| format!("reading the agent's token from {}", path.display()))?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            address,
            token: token.trim().to_owned(),
        })
    }

    /// Where its dashboard is.
    pub(crate) fn dashboard(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// A call without effect.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// A call; null where it answers nothing. A refusal is an error with the agent's own words.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value> {
        let connecting = timeout(CONNECT, TcpStream::connect(self.address));
        let stream = match connecting.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                return Err(running::no_agent(&self.data_dir));
            }
            Ok(Err(error)) => return Err(error).context(self.silent()),
            Err(_) => bail!(self.silent()),
        };
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v0{path}"))
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .context("the call cannot be written as HTTP; look at the id")?;
        let answering = timeout(ANSWER, exchange(stream, request));
        let (status, answer) = answering
            .await
            .map_err(|_| anyhow!(self.silent()))?
            .with_context(|| format!("the agent on {} broke off", self.address))?;
        self.understood(status, &answer)
    }

    fn understood(&self, status: StatusCode, answer: &[u8]) -> Result<Value> {
        let json = serde_json::from_slice::<Value>(answer);
        match (status, json) {
            (StatusCode::NO_CONTENT, _) => Ok(Value::Null),
            (StatusCode::OK | StatusCode::ACCEPTED, Ok(answer)) => Ok(answer),
            (StatusCode::UNAUTHORIZED, _) => bail!(
                "the agent on {} does not take the token in {}; is it another agent's?",
                self.address,
                self.data_dir.display()
            ),
            (_, Ok(problem)) if problem["detail"].is_string() => {
                bail!("{}", problem["detail"].as_str().unwrap_or_default())
            }
            _ => bail!("what listens on {} is not the agent", self.address),
        }
    }

    fn silent(&self) -> String {
        format!("the agent on {} does not answer", self.address)
    }
}

/// One request and its whole answer.
async fn exchange(stream: TcpStream, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answering = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect();
        let body = body.await.map_err(|error| anyhow!(error))?;
        Ok((status, body.to_bytes()))
    };
    let mut answering = std::pin::pin!(answering);
    // The connection only moves while it is driven; when it ends, what came of it is still there.
    tokio::select! {
        answered = &mut answering => answered,
        _ = connection => answering.await,
    }
}
