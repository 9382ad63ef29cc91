//! In which form content is asked for: by the address, else by `Accept`.

use universal_p2p_core::{DataForm, EntityBytes, Error, ProofForm, Scope};

use crate::{accept, asked::Asked, failure::Failure, query::Format};

/// The form of content that is asked for, where it is none that files and directories have.
///
/// # Errors
/// 400 for parameters that make no sense, 406 for archives that nobody makes.
pub(crate) fn proof(asked: &Asked<'_>) -> Result<Option<ProofForm>, Failure> {
    Ok(match wanted(asked) {
        Some(Format::Raw) => Some(ProofForm::Block),
        Some(Format::Record) => Some(ProofForm::Record),
        Some(Format::Tar) => Some(ProofForm::Tape),
        Some(Format::Car) => Some(archive(asked)?),
        _ => None,
    })
}

/// The format that an address names, or a client.
pub(crate) fn wanted(asked: &Asked<'_>) -> Option<Format> {
    // What the address says counts more than what the headers do, which browsers write themselves.
    match asked.query.format {
        None if asked.resource.is_standard => accept::format(asked.headers()),
        named => named,
    }
}

/// How structured data is wanted, and whether anything else will not do.
pub(crate) fn data(format: Option<Format>) -> Option<DataForm> {
    match format {
        Some(Format::Json) => Some(DataForm::Json),
        Some(Format::Cbor) => Some(DataForm::Cbor),
        Some(Format::DagJson) => Some(DataForm::DagJson),
        Some(Format::DagCbor) => Some(DataForm::DagCbor),
        Some(Format::Html | Format::Raw | Format::Car | Format::Record | Format::Tar) | None => {
            None
        }
    }
}

fn archive(asked: &Asked<'_>) -> Result<ProofForm, Failure> {
    let hint = |name| asked.query.hints.all(name).next();
    let bytes = entity_bytes(hint("entity-bytes"))?;
    let scope = match hint("dag-scope") {
        Some("block") => Scope::Block,
        Some("entity") => Scope::Entity,
        // Bytes are of what the path leads to, and of nothing below that.
        None | Some("all") if bytes.is_some() => Scope::Entity,
        None | Some("all") => Scope::All,
        Some(_) => return Err(bad("dag-scope is all, entity or block").into()),
    };
    let accepted = accept::archives(asked.headers());
    let mut kinds = accepted.iter().map(|kind| Kind {
        version: hint("car-version").or(kind.version),
        order: hint("car-order").or(kind.order),
        repeats: hint("car-dups").or(kind.repeats),
    });
    let kind = kinds.find(Kind::is_known);
    let kind = kind.ok_or_else(|| Failure::NotAcceptable {
        what: "archives have version=1, order=dfs or unk, dups=y or n".into(),
    })?;
    Ok(ProofForm::Archive {
        scope,
        bytes,
        repeats: kind.repeats == Some("y"),
    })
}

/// Which archive of the same blocks is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind<'a> {
    pub(crate) version: Option<&'a str>,
    pub(crate) order: Option<&'a str>,
    pub(crate) repeats: Option<&'a str>,
}

impl Kind<'_> {
    fn is_known(&self) -> bool {
        matches!(self.version, None | Some("1"))
            && matches!(self.order, None | Some("dfs" | "unk"))
            && matches!(self.repeats, None | Some("y" | "n"))
    }
}

fn entity_bytes(text: Option<&str>) -> Result<Option<EntityBytes>, Error> {
    let Some(text) = text else {
        return Ok(None);
    };
    let malformed = || bad("entity-bytes is two numbers, such as 0:1023, -1024:* or 5:-1");
    let (from, to) = text.split_once(':').ok_or_else(malformed)?;
    let to = match to {
        "*" => None,
        number => Some(number.parse().map_err(|_| malformed())?),
    };
    Ok(Some(EntityBytes {
        from: from.parse().map_err(|_| malformed())?,
        to,
    }))
}

fn bad(why: &str) -> Error {
    Error::BadAddress { why: why.into() }
}
