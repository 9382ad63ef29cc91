//! The files of an item: their addresses, and how much of each is on disk.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::{
    Backend, Dir, Entry, EntryKind, Error, File, Hints, Item, NoArchives, Node, enter, natural,
    walk,
};
use utoipa::ToSchema;

use crate::{
    Plane, bar,
    call::{Names, Parameters, parameters},
    link,
    problem::Problem,
};

/// The most files in one answer.
const MOST: usize = 1000;

/// How long it is looked how much of files is there. For what is left it is not told.
const LOOKING: Duration = Duration::from_secs(3);

/// Which files are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The directory below the item, names separated by slashes; none is the item itself. With a slash at
    /// its end that of an archive is what is in it.
    #[serde(default)]
    path: String,
    /// How many are left out.
    #[serde(default)]
    #[param(default = 0)]
    offset: usize,
}

/// A part of a directory.
#[derive(Serialize, ToSchema)]
pub(crate) struct Files {
    /// At most 1000.
    files: Vec<Row>,
    /// Whether there are more; `offset` asks for them.
    more: bool,
}

/// A file or a directory.
#[derive(Serialize, ToSchema)]
#[schema(as = FileRow)]
pub(crate) struct Row {
    /// Its names below the item, separated by slashes, one at the end of a directory: hostile text.
    path: String,
    /// Its own name: hostile text.
    name: String,
    /// Its length in bytes; null for a directory.
    length: Option<u64>,
    /// Its whole address on the content plane. With a slash at its end that of an archive is what is in it.
    url: String,
    kind: Kind,
    /// Bytes of it on disk; null where that is not known.
    held: Option<u64>,
    /// How many percent of each of up to 200 segments of it are on disk; null where that is not known.
    bar: Option<Vec<u16>>,
}

/// What something in a list is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FileKind)]
pub(crate) enum Kind {
    File,
    Dir,
    /// A file that is probably one with others in it.
    Archive,
}

/// The files of an item, directories first. Nothing is fetched: 409 while it is not known which there are.
///
/// Only what is in an archive is read from that, wherever it is.
#[utoipa::path(
    get,
    path = "/api/v0/items/{protocol}/{id}/files",
    params(
        ("protocol" = String, Path, description = "The network", example = "bittorrent"),
        ("id" = String, Path, description = "Any spelling of an id"),
        Wanted
    ),
    responses(
        (status = 200, description = "A part of a directory", body = Files),
        (status = 404, description = "There is no such item, or no such directory in it", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "Which files there are is not known yet, or the network is off", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of item that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn files(
    State(plane): State<Arc<Plane>>,
    named: Names<(String, String)>,
    wanted: Parameters<Wanted>,
) -> Result<Json<Files>, Problem> {
    let Wanted { path, offset } = parameters(wanted)?;
    let item = plane.item(named).await?;
    let Some(backend) = plane.backend(item.protocol) else {
        let detail = "this network is switched off; switch it on and start the agent again";
        return Err(Problem::new(StatusCode::CONFLICT, "off", detail));
    };
    let mut held_only = Hints::default();
    held_only.want_only_held();
    let names: Vec<String> = names_of(&path).map(str::to_owned).collect();
    let root = backend.resolve(&item.id, &held_only).await?;
    let place = Place {
        plane: &plane,
        backend: backend.as_ref(),
        item: &item,
        names: &names,
        until: Instant::now() + LOOKING,
    };
    let found = if path.ends_with('/') && leads_inside(&root, &names, &plane).await {
        // What is in an archive is read from it, wherever that is.
        let root = backend.resolve(&item.id, &Hints::default()).await?;
        enter(root, &names, plane.expand.as_ref()).await?
    } else {
        walk(root, &names, &NoArchives).await?
    };
    match found {
        Node::Dir(dir) => Ok(Json(place.list(&dir, offset).await?)),
        Node::File(file) => Ok(Json(Files {
            files: vec![place.file(&file).await]
                .into_iter()
                .skip(offset)
                .collect(),
            more: false,
        })),
    }
}

/// Whether a path goes on inside what is probably an archive.
async fn leads_inside(root: &Node, names: &[String], plane: &Plane) -> bool {
    for (number, name) in names.iter().enumerate() {
        match walk(root.clone(), &names[..=number], &NoArchives).await {
            Ok(Node::Dir(_)) => {}
            Ok(Node::File(_)) => return plane.expand.is_likely(name),
            Err(_) => return false,
        }
    }
    false
}

fn names_of(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// A place in an item.
struct Place<'a> {
    plane: &'a Plane,
    backend: &'a dyn Backend,
    item: &'a Item,
    names: &'a [String],
    until: Instant,
}

impl Place<'_> {
    async fn list(&self, dir: &Arc<dyn Dir>, offset: usize) -> Result<Files, Error> {
        let mut entries = dir.list().await?;
        entries.sort_by(|one, other| {
            let is_file = |entry: &Entry| entry.kind != EntryKind::Dir;
            let order = is_file(one).cmp(&is_file(other));
            order.then_with(|| natural::compare(&one.name, &other.name))
        });
        let more = entries.len().saturating_sub(offset) > MOST;
        let mut files = Vec::new();
        for entry in entries.into_iter().skip(offset).take(MOST) {
            files.push(self.entry(dir, entry).await);
        }
        Ok(Files { files, more })
    }

    async fn entry(&self, dir: &Arc<dyn Dir>, entry: Entry) -> Row {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let names = [names, vec![entry.name.as_str()]].concat();
        match entry.kind {
            EntryKind::Dir => self.row(&names, &entry.name, None, None),
            EntryKind::File { length } => {
                let held = timeout_at(self.until, held(dir, &entry.name)).await;
                let held = held.ok().flatten();
                self.row(&names, &entry.name, Some(length), held)
            }
        }
    }

    /// The file that the place itself is.
    async fn file(&self, file: &Arc<dyn File>) -> Row {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let own = Some(file.meta().name.as_str()).filter(|name| !name.is_empty());
        let name = own.or(names.last().copied()).unwrap_or_default();
        let held = timeout_at(self.until, file.held()).await.ok().flatten();
        let held = held.map(|held| (bar::sum(&held), bar::bar(&held, file.meta().length)));
        self.row(&names, name, Some(file.meta().length), held)
    }

    fn row(
        &self,
        names: &[&str],
        name: &str,
        length: Option<u64>,
        held: Option<(u64, Vec<u16>)>,
    ) -> Row {
        let path = link::path(
            self.backend,
            "stream",
            self.item.id.as_str(),
            names.iter().copied(),
        );
        let slash = if length.is_none() { "/" } else { "" };
        let (held, bar) = held.unzip();
        Row {
            path: names.join("/") + slash,
            name: name.to_owned(),
            length,
            url: format!("{}{path}{slash}", self.plane.facts.content),
            kind: match length {
                None => Kind::Dir,
                Some(_) if self.plane.expand.is_likely(name) => Kind::Archive,
                Some(_) => Kind::File,
            },
            held,
            bar,
        }
    }
}

/// How much of a file in a directory is there, where that is known.
async fn held(dir: &Arc<dyn Dir>, name: &str) -> Option<(u64, Vec<u16>)> {
    let Ok(Some(Node::File(file))) = dir.get(name).await else {
        return None;
    };
    let held = file.held().await?;
    Some((bar::sum(&held), bar::bar(&held, file.meta().length)))
}
