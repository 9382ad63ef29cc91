//! One request for a resource, decoded.

use axum::http::{HeaderMap, header::CACHE_CONTROL, request::Parts};
use universal_p2p_core::Site;

use crate::{
    address::{Address, Resource, Target},
    disposition::Disposition,
    query::Query,
    site,
};

/// What a client asked for, and under which conditions.
pub(crate) struct Asked<'a> {
    /// The request as it came.
    pub(crate) request: &'a Parts,
    /// What its address names.
    pub(crate) resource: &'a Resource,
    /// What its address adds.
    pub(crate) query: &'a Query,
}

impl<'a> Asked<'a> {
    /// What a request asks for below a protocol; nothing where it asks for `/`.
    pub(crate) fn new(request: &'a Parts, address: &'a Address) -> Option<Self> {
        match &address.target {
            Target::Resource(resource) => Some(Self {
                request,
                resource,
                query: &address.query,
            }),
            Target::Dashboard => None,
        }
    }

    pub(crate) fn headers(&self) -> &'a HeaderMap {
        &self.request.headers
    }

    /// The site that it is booked to.
    pub(crate) fn site(&self) -> Site {
        site::asking(self.headers(), self.query.from.as_deref())
    }

    /// Whether only what is on this machine already is wanted (RFC 9111, section 5.2.1.7).
    pub(crate) fn wants_only_held(&self) -> bool {
        let lines = self.headers().get_all(CACHE_CONTROL).iter();
        let mut directives = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        directives.any(|directive| directive.trim().eq_ignore_ascii_case("only-if-cached"))
    }

    /// The name under which a file is answered: the one asked for, else its own, else the last of
    /// the address.
    pub(crate) fn name<'n>(&self, own: &'n str) -> &'n str
    where
        'a: 'n,
    {
        let own = Some(own).filter(|own| !own.is_empty());
        let last = || self.resource.path.last().map(String::as_str);
        let asked = self.query.filename.as_deref();
        asked.or(own).or_else(last).unwrap_or_default()
    }

    /// Whether it is to be shown or saved, where the address says it.
    pub(crate) fn disposition(&self) -> Option<Disposition> {
        self.query.download.then_some(Disposition::Attachment)
    }
}
