//! Structured data: given as it is under the type that it has, and never translated.

use std::sync::Arc;

use universal_p2p_core::{Data, DataForm, Error, Meta, Trace};

use super::form;
use crate::{
    accept,
    asked::Asked,
    disposition::Disposition,
    failure::Failure,
    held::{Held, Sought},
    query::Format,
    source::Source,
};

/// What the path of an address stands for, as far as that matters for the answer.
///
/// # Errors
/// Whatever kept it from being found. 501 where a path ends inside a block, unless a page is wanted,
/// which shows what is there.
pub(crate) async fn trace(asked: &Asked<'_>, source: &Source<'_>) -> Result<Trace, Failure> {
    let wanted = form::wanted(asked);
    let strict = is_strict(wanted);
    if !asked.resource.is_standard && !strict {
        return Ok(Trace::unknown());
    }
    let path = &asked.resource.path;
    match source.backend.trace(&source.id, path, &source.hints).await {
        Ok(trace) => Ok(trace),
        // Links that directories follow leave no trace.
        Err(Error::NotFound { .. }) if !strict => Ok(Trace::unknown()),
        Err(Error::Unsupported { .. }) if wanted == Some(Format::Html) => Ok(Trace::unknown()),
        Err(error) => Err(error.into()),
    }
}

/// The data that an address leads to, unless it leads to files and directories or a page is wanted.
///
/// # Errors
/// 406 for a form that it does not have.
pub(crate) fn sought(asked: &Asked<'_>, trace: &Trace) -> Result<Option<Sought>, Failure> {
    let wanted = form::wanted(asked);
    let (Some(data), Some(cid)) = (&trace.data, trace.roots.last()) else {
        return match is_strict(wanted) {
            true => Err(unlike("files and directories")),
            false => Ok(None),
        };
    };
    let is_dag = matches!(data.form, DataForm::DagJson | DataForm::DagCbor);
    if wanted == Some(Format::Html) && is_dag {
        return Ok(None);
    }
    let known = known(data.form);
    let media_type = match (form::data(wanted), data.form) {
        (None, _) => known.media_type,
        (Some(one), other) if one == other => known.media_type,
        // The plain names of the same syntax.
        (Some(DataForm::Json), DataForm::DagJson) => "application/json",
        (Some(DataForm::Cbor), DataForm::DagCbor) => "application/cbor",
        (Some(_), _) if asked.query.format.is_none() && accept::takes_anything(asked.headers()) => {
            known.media_type
        }
        (Some(_), _) => return Err(unlike(known.media_type)),
    };
    Ok(Some(Sought {
        file: Arc::new(held(data, cid, &known, trace)),
        media_type: Some(media_type),
        disposition: known.disposition,
    }))
}

/// Whether a form is one that files and directories do not have.
fn is_strict(wanted: Option<Format>) -> bool {
    matches!(wanted, Some(Format::DagJson | Format::DagCbor))
}

fn unlike(what: &str) -> Failure {
    Failure::NotAcceptable {
        what: format!("this is {what}, which is not translated; format=raw gives it as it is"),
    }
}

fn held(data: &Data, cid: &str, known: &Known, trace: &Trace) -> Held {
    Held {
        meta: Meta {
            name: format!("{cid}.{}", known.extension),
            length: data.bytes.len() as u64,
            etag: format!("{cid}.{}", known.tag),
            modified: None,
            item: None,
            freshness: trace.freshness,
        },
        bytes: data.bytes.clone(),
    }
}

/// What is said of a form.
struct Known {
    media_type: &'static str,
    extension: &'static str,
    tag: &'static str,
    disposition: Disposition,
}

fn known(form: DataForm) -> Known {
    let (media_type, tag) = match form {
        DataForm::Json => ("application/json", "json"),
        DataForm::Cbor => ("application/cbor", "cbor"),
        DataForm::DagJson => ("application/vnd.ipld.dag-json", "dag-json"),
        DataForm::DagCbor => ("application/vnd.ipld.dag-cbor", "dag-cbor"),
    };
    let (extension, disposition) = match form {
        DataForm::Json | DataForm::DagJson => ("json", Disposition::Inline),
        DataForm::Cbor | DataForm::DagCbor => ("cbor", Disposition::Attachment),
    };
    Known {
        media_type,
        extension,
        tag,
        disposition,
    }
}
