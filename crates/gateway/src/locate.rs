//! From a resource's root to the file that an address means.

use std::sync::Arc;

use axum::{body::Body, http::Response};
use universal_p2p_core::{Dir, Error, Expand, NoArchives, Node, Trace, enter, largest, walk};

use crate::{
    address::Resource, answer, asked::Asked, failure::Failure, held::Sought, listing,
    query::Format, source::Source,
};

/// What an address means below a resource.
pub(crate) enum Found {
    /// The bytes of a file.
    File(Sought),
    /// A listing, or the way to the right address.
    Answer(Response<Body>),
}

/// Finds what an address means.
///
/// # Errors
/// 404 for what is not there, and for a file that is asked for as a directory and is no archive.
pub(crate) async fn locate(
    root: Node,
    asked: &Asked<'_>,
    expand: &dyn Expand,
    trace: &Trace,
) -> Result<Found, Failure> {
    let resource = asked.resource;
    if resource.is_standard {
        return standard(root, asked, trace).await;
    }
    if resource.path.is_empty() && !resource.slash {
        return Ok(Found::File(Sought::new(largest(root).await?)));
    }
    // An archive is a file without the slash, and a directory with it.
    let node = if resource.slash {
        enter(root, &resource.path, expand).await?
    } else {
        walk(root, &resource.path, expand).await?
    };
    match (node, resource.slash) {
        (Node::File(file), false) => Ok(Found::File(Sought::new(file))),
        (Node::File(_), true) => Err(Failure::Below(Error::NotFound {
            what: "directory of this name; without the slash it is a file".into(),
        })),
        (Node::Dir(_), false) => Ok(Found::Answer(answer::moved_for_good(&with_slash(asked)))),
        (Node::Dir(dir), true) => directory(&dir, asked, expand, trace).await,
    }
}

/// Finds what a standard address means: no name is decorative, and archives are files.
async fn standard(root: Node, asked: &Asked<'_>, trace: &Trace) -> Result<Found, Failure> {
    let resource = asked.resource;
    let missing = || {
        Failure::Below(Error::NotFound {
            what: format!("entry {:?} here", resource.path.join("/")),
        })
    };
    if matches!(root, Node::File(_)) && !resource.path.is_empty() {
        return Err(missing());
    }
    match (
        walk(root, &resource.path, &NoArchives).await?,
        resource.slash,
    ) {
        (Node::File(file), false) => Ok(Found::File(Sought::new(file))),
        (Node::File(_), true) => Err(missing()),
        (Node::Dir(_), false) => Ok(Found::Answer(answer::moved(&with_slash(asked)))),
        (Node::Dir(dir), true) => directory(&dir, asked, &NoArchives, trace).await,
    }
}

/// The address that is asked for, with a slash at its end.
fn with_slash(asked: &Asked<'_>) -> String {
    let resource = asked.resource;
    with_query(resource.link(&resource.kind, resource.names(), true), asked)
}

/// The way to the same thing under the right spelling of its id.
pub(crate) fn better_spelling(asked: &Asked<'_>, source: &Source<'_>) -> Response<Body> {
    let resource = Resource {
        id: source.id.to_string(),
        ..asked.resource.clone()
    };
    let to = resource.link(&resource.kind, resource.names(), resource.slash);
    answer::found(&with_query(to, asked))
}

fn with_query(mut to: String, asked: &Asked<'_>) -> String {
    if let Some(query) = asked.request.uri.query() {
        to.push('?');
        to.push_str(query);
    }
    to
}

async fn directory(
    dir: &Arc<dyn Dir>,
    asked: &Asked<'_>,
    expand: &dyn Expand,
    trace: &Trace,
) -> Result<Found, Failure> {
    // A site in a torrent opens as a site, unless its listing is asked for by name. At a standard
    // address only some forms stand for something else.
    let is_site = match asked.query.format {
        None => true,
        Some(format) => asked.resource.is_standard && format != Format::Html,
    };
    if is_site
        && trace.data.is_none()
        && let Some(Node::File(index)) = dir.get("index.html").await?
    {
        let index = Sought::new(index);
        // It is what the directory shows, and is tagged so.
        return Ok(Found::File(match trace.roots.last() {
            Some(root) => index.tagged(root.clone()),
            None => index,
        }));
    }
    let listing = listing::answer(dir, asked, expand, trace).await?;
    Ok(Found::Answer(listing))
}
