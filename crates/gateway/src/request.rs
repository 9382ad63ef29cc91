//! The way of a request, from its address to the bytes.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    http::{Method, Response, request::Parts},
};
use universal_p2p_core::{File, Item};
use universal_p2p_store::{Lease, Reading};

use crate::{
    Gateway,
    address::Address,
    answer::{self, FileAnswer},
    asked::Asked,
    body,
    conditional::{self, Outcome},
    failure::Failure,
    guard,
    held::Sought,
    limits::Permit,
    locate::{self, Found, locate},
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
        self.blocked.check(source.backend.protocol(), &source.id)?;
        if asked.resource.is_standard && source.backend.has_better_spelling(&asked.resource.id) {
            return Ok(locate::better_spelling(&asked, &source));
        }
        if asked.resource.kind != "stream" {
            return self.beside(&asked, &source, client).await;
        }
        // What its reader checks by itself is found in another way than files.
        if let Some(form) = standard::form::proof(&asked)? {
            return self.prove(&asked, &source, form, client).await;
        }
        self.stream(&asked, &source, client).await
    }

    /// The way from a resource to the bytes of a file in it.
    async fn stream(&self, asked: &Asked<'_>, source: &Source<'_>, client: IpAddr) -> Answer {
        // Counted before the first wait, so that waiting requests are bounded like open streams.
        let permit = self.limits.admit(client)?;
        // Taken before anything is found, so that what is found is not given up before it is read.
        let lease = self.lease(asked, source.item());
        // Standard addresses of structured data lead to the data itself.
        let trace = standard::data::trace(asked, source).await?;
        self.blocked.check_roots(&self.registry, &trace.roots)?;
        let found = match standard::data::sought(asked, &trace)? {
            Some(data) => Found::File(data),
            None => locate(source.resolve().await?, asked, self.expand.as_ref(), &trace).await?,
        };
        let mut answer = match found {
            Found::File(file) => self.send(asked, source, file, lease, permit).await?,
            Found::Answer(answer) => answer,
        };
        standard::mark(&mut answer, asked, source, &trace.roots);
        Ok(answer)
    }

    /// The way from a file to its bytes.
    pub(crate) async fn send(
        &self,
        asked: &Asked<'_>,
        source: &Source<'_>,
        sought: Sought,
        lease: Lease,
        permit: Permit,
    ) -> Answer {
        let file = &sought.file;
        // What a name leads to is kept with its content, and booked there.
        let lease = match &file.meta().item {
            Some(item) if *item != source.item() => self.lease(asked, item.clone()),
            _ => lease,
        };
        // A client that has the file costs no byte, whatever range it names.
        if conditional::evaluate(asked.headers(), file.meta())? == Outcome::NotModified {
            return Ok(answer::not_modified(file.meta()));
        }
        let selection = range::select(&asked.request.method, asked.headers(), file.meta())?;
        let cx = self.settings.read_cx();
        let media_type = match sought.media_type {
            Some(known) => known.to_owned(),
            None => media_type::of(file, asked.name(&file.meta().name), &selection, &cx).await?,
        };
        let head = FileAnswer::new(asked, &sought, selection, &media_type);
        lease.find(reading(asked, file.as_ref(), &head));
        // The last failure that can still become a status; later ones break the connection.
        let stream = match asked.request.method {
            Method::HEAD => return Ok(head.without_body()),
            _ => body::open(Arc::clone(file), head.ranges.clone(), cx).await?,
        };
        // The lease ends with the body: then it is known what was read, and is booked.
        Ok(head.with_body(lease.track(stream), permit))
    }

    /// Books what is asked for, and says what that is to whoever looks at streams.
    fn lease(&self, asked: &Asked<'_>, item: Item) -> Lease {
        let lease = self.store.lease(item, asked.site());
        lease.seek(&asked.resource.path.join("/"));
        lease
    }
}

/// What is read of a file, as it is told.
fn reading(asked: &Asked<'_>, file: &dyn File, head: &FileAnswer) -> Reading {
    Reading {
        name: asked.name(&file.meta().name).to_owned(),
        length: file.meta().length,
        ranges: head.ranges.clone(),
        is_unpacked: file.is_unpacked(),
    }
}
