//! The way of a request, from its address to the bytes.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{Method, Response, request::Parts},
};

use crate::{
    Gateway,
    address::Address,
    answer::{self, FileAnswer},
    asked::Asked,
    body,
    conditional::{self, Outcome},
    failure::Failure,
    guard,
    locate::{Found, locate},
    media_type, range,
    source::Source,
    standard,
};

/// What a request leads to.
type Answer = Result<Response<Body>, Failure>;

impl Gateway {
    /// The one way of a request. Each step hands a value forward, none calls back up.
    pub(crate) async fn respond(&self, request: &Parts, client: IpAddr) -> Answer {
        // First, so that a page under a foreign name learns nothing, not even what is malformed.
        guard::admit(request, &self.settings)?;
        if request.method == Method::OPTIONS {
            return Ok(answer::options());
        }
        // Decoded once; from here on nobody sees an encoded name.
        let address = Address::parse(&request.uri)?;
        let Some(asked) = Asked::new(request, &address) else {
            return Ok(answer::dashboard(&self.settings.dashboard));
        };
        // One spelling for one resource, before anything is booked or looked for under it.
        let source = Source::new(&self.registry, &asked)?;
        if asked.resource.kind != "stream" {
            return self.beside(&asked, &source, client).await;
        }
        // What its reader checks by itself is no file and has no ranges.
        if let Some(form) = standard::form(&asked)? {
            return self.prove(&asked, &source, form, client).await;
        }
        let answer = self.stream(&asked, &source, client).await?;
        Ok(standard::mark(answer, &asked, &source).await)
    }

    /// The way from a resource to the bytes of a file in it.
    async fn stream(&self, asked: &Asked<'_>, source: &Source<'_>, client: IpAddr) -> Answer {
        // Counted before the first wait, so that waiting requests are bounded like open streams.
        let permit = self.limits.admit(client)?;
        // Taken before anything is found, so that what is found is not given up before it is read.
        let lease = self.store.lease(source.item(), asked.site());
        let file = match locate(source.resolve().await?, asked, self.expand.as_ref()).await? {
            Found::File(file) => file,
            Found::Answer(answer) => return Ok(answer),
        };
        // What a name leads to is kept with its content, and booked there.
        let lease = match &file.meta().item {
            Some(item) if *item != source.item() => self.store.lease(item.clone(), asked.site()),
            _ => lease,
        };
        // A client that has the file costs no byte, whatever range it names.
        if conditional::evaluate(asked.headers(), file.meta())? == Outcome::NotModified {
            return Ok(answer::not_modified(file.meta()));
        }
        let selection = range::select(&asked.request.method, asked.headers(), file.meta())?;
        let cx = self.settings.read_cx();
        let media_type = media_type::of(&file, asked.name(&file.meta().name), &cx).await?;
        let head = FileAnswer::new(asked, file.meta(), selection, &media_type);
        // The last failure that can still become a status; later ones break the connection.
        let stream = match asked.request.method {
            Method::HEAD => return Ok(head.without_body()),
            _ => body::open(file, head.ranges.clone(), cx).await?,
        };
        // The lease ends with the body: then it is known what was read, and is booked.
        Ok(head.with_body(lease.track(stream), permit))
    }
}
