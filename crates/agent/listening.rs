//! The sockets that the agent listens on: those that a service manager passes by name, else its own.

use std::{env, net};

use anyhow::{Context, Result, bail};
use listenfd::ListenFd;
use tokio::net::TcpListener;

use crate::config::Listen;

/// Sockets that somebody opened before this process was there.
#[derive(Default)]
pub(crate) struct Passed {
    content: Option<net::TcpListener>,
    management: Option<net::TcpListener>,
}

impl Passed {
    /// Takes over what was passed to this process, by the names `content` and `management`; where there are
    /// no names, in this order.
    ///
    /// It changes the environment, so it has to come before the second thread.
    pub(crate) fn take() -> Result<Self> {
        let mut sockets = ListenFd::from_env();
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = named(&names, sockets.len())?;
        let mut passed = Self::default();
        for (place, name) in names.into_iter().enumerate() {
            let socket = sockets
                .take_tcp_listener(place)
                .with_context(|| format!("taking over the socket {name}"))?;
            let slot = match name {
                Name::Content => &mut passed.content,
                Name::Management => &mut passed.management,
            };
            if slot.is_some() {
                bail!("two sockets were passed as {name}; each plane has one");
            }
            *slot = socket;
        }
        Ok(passed)
    }

    /// Listens for both planes, content first.
    pub(crate) async fn listen(self, listen: &Listen) -> Result<(TcpListener, TcpListener)> {
        let content = (Name::Content, listen.content, self.content);
        let management = (Name::Management, listen.management, self.management);
        Ok((
            listener(content, listen.public).await?,
            listener(management, listen.public).await?,
        ))
    }
}

/// Which plane a socket is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Content,
    Management,
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Content => "content",
            Self::Management => "management",
        })
    }
}

/// What each of `count` sockets is for. `names` are separated by colons.
fn named(names: &str, count: usize) -> Result<Vec<Name>> {
    if count > 2 {
        bail!("{count} sockets were passed, of which one for each plane is taken");
    }
    if names.is_empty() {
        return Ok([Name::Content, Name::Management][..count].to_vec());
    }
    let named = names.split(':').take(count).map(|name| match name {
        "content" => Ok(Name::Content),
        "management" => Ok(Name::Management),
        other => bail!(
            "a socket was passed as {other:?}; name it content or management (FileDescriptorName=)"
        ),
    });
    let named: Vec<_> = named.collect::<Result<_>>()?;
    if named.len() < count {
        bail!("{count} sockets were passed, but only these names: {names}");
    }
    Ok(named)
}

async fn listener(
    (name, address, passed): (Name, net::SocketAddr, Option<net::TcpListener>),
    public: bool,
) -> Result<TcpListener> {
    let Some(passed) = passed else {
        return TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address} (listen.{name}); if another program or agent has the port, stop it or choose another")
        });
    };
    let actual = passed.local_addr()?;
    // Whoever opened it is not asked what the configuration allows.
    if !actual.ip().is_loopback() && !public {
        bail!(
            "the socket that was passed for {name}, {actual}, can be reached by others; set listen.public = true to allow that"
        );
    }
    if actual != address {
        tracing::info!("listening on {actual} for {name}, as the service manager says");
    }
    passed.set_nonblocking(true)?;
    Ok(TcpListener::from_std(passed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_name() {
        let both = named("management:content", 2).expect("both are known");
        assert_eq!(both, [Name::Management, Name::Content]);
        assert_eq!(named("", 1).expect("one"), [Name::Content]);
        assert_eq!(
            named("", 2).expect("two"),
            [Name::Content, Name::Management]
        );
        assert_eq!(named("left over", 0).expect("none"), []);
    }

    #[test]
    fn sockets_of_other_names_are_refused() {
        let said = named("content:universal-p2p.socket", 2)
            .expect_err("unknown")
            .to_string();
        assert!(said.contains("universal-p2p.socket"), "{said}");
        assert!(named("content", 2).is_err());
        assert!(named("", 3).is_err());
    }

    #[tokio::test]
    async fn a_socket_that_others_reach_is_taken_on_purpose_only() {
        let open = || net::TcpListener::bind("0.0.0.0:0").expect("a free port");
        let address = "127.0.0.1:7788".parse().expect("an address");
        let refused = listener((Name::Content, address, Some(open())), false).await;
        let said = refused.expect_err("not public").to_string();
        assert!(said.contains("listen.public"), "{said}");
        let taken = listener((Name::Content, address, Some(open())), true).await;
        assert!(taken.is_ok());
    }
}
