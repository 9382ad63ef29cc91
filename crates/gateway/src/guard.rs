//! Who may ask at all. Runs before an address is looked at.
//!
//! A web page can make a browser connect to loopback under a name of its own (DNS rebinding); the
//! `Host` header still carries that name, and that is where it is stopped. Ports are never
//! compared: a page cannot choose them more freely than the name.

use axum::http::{
    HeaderMap, Method, Version,
    header::{AUTHORIZATION, HOST},
    request::Parts,
    uri::Authority,
};

use crate::{Settings, failure::Failure, query::Query};

/// Lets a request pass or says why not.
///
/// # Errors
/// 421 for a foreign host, 400 for a missing or doubled one and for service workers, 405 for other
/// methods, 401 without the token where one is needed.
pub(crate) fn admit(request: &Parts, settings: &Settings) -> Result<(), Failure> {
    // An address in absolute form overrules the Host header, so that both have to be ours.
    let written = request.uri.authority().map(Authority::as_str);
    for host in host(request)?.into_iter().chain(written) {
        if !is_ours(host, &settings.hosts) {
            return Err(Failure::WrongHost);
        }
    }
    // A service worker from a torrent would answer for everything else on this origin.
    if request.headers.get("service-worker").is_some() {
        return Err(Failure::malformed(
            "nothing here may become a service worker",
        ));
    }
    if ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method) {
        return Err(Failure::MethodNotAllowed);
    }
    match &settings.token {
        Some(token) if !carries(request, token) => Err(Failure::Unauthorized),
        _ => Ok(()),
    }
}

/// The one Host header of a request.
fn host(request: &Parts) -> Result<Option<&str>, Failure> {
    let mut all = request.headers.get_all(HOST).iter();
    match (all.next(), all.next()) {
        (Some(host), None) => host.to_str().map(Some).map_err(|_| Failure::WrongHost),
        (None, _) if request.version < Version::HTTP_11 => Ok(None),
        (None, _) => Err(Failure::malformed("a request has a Host header")),
        (Some(_), Some(_)) => Err(Failure::malformed("a request has one Host header")),
    }
}

fn is_ours(authority: &str, extra: &[String]) -> bool {
    let host = without_port(authority).to_ascii_lowercase();
    let below_localhost = |host: &str| {
        let label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        host.strip_suffix(".localhost")
            .is_some_and(|label_text| !label_text.is_empty() && label_text.bytes().all(label))
    };
    matches!(host.as_str(), "127.0.0.1" | "[::1]" | "localhost")
        || below_localhost(&host)
        || extra
            .iter()
            .any(|known| without_port(known).eq_ignore_ascii_case(&host))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

/// Whether a request carries the token: in its header, or as a parameter for elements that
/// cannot send headers.
fn carries(request: &Parts, token: &str) -> bool {
    let asked = Query::parse(request.uri.query().unwrap_or_default());
    bearer(&request.headers).is_some_and(|given| same(given, token))
        || asked.is_ok_and(|query| query.token.is_some_and(|given| same(&given, token)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

/// Compares in a time that does not tell how much was right.
fn same(given: &str, token: &str) -> bool {
    let differing = given.bytes().zip(token.bytes());
    let difference = differing.fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == token.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_answered() {
        let extra = vec!["Media.Lan:80".to_owned()];
        for ours in [
            "127.0.0.1",
            "127.0.0.1:7788",
            "127.0.0.1:",
            "[::1]",
            "[::1]:1",
            "localhost:9",
            "LOCALHOST",
            "a.b-c.localhost:7788",
            "media.lan",
            "MEDIA.lan:7788",
        ] {
            assert!(is_ours(ours, &extra), "{ours} was refused");
        }
        for foreign in [
            "",
            ":80",
            "evil.example",
            "evil.example:7788",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "xlocalhost",
            ".localhost",
            "user@x.localhost",
            "127.0.0.1@evil.example",
            "::1",
            "127.0.0.2",
            "127.0.0.1:80:80",
            "2130706433",
            "0.0.0.0",
            "127.0.0.1, evil.example",
        ] {
            assert!(!is_ours(foreign, &extra), "{foreign} got through");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(same("secret", "secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!same(wrong, "secret"), "{wrong} got through");
        }
    }
}
