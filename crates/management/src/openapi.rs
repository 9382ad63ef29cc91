//! The description of all calls, for programs (OpenAPI 3.1).

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Description, Ref, RefOr, Response,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    collect, events, files, items, metrics, problem, resolve, settings, share, sites, status,
    streams, usage,
};

/// What any call may answer.
const ANY: [(&str, &str); 6] = [
    ("400", "The call is malformed"),
    ("401", "The token is missing or wrong"),
    ("403", "The page of another origin calls"),
    ("421", "The Host is not a name of this machine"),
    ("500", "The agent failed"),
    (
        "503",
        "The agent is busy or stopping, or the call takes too long",
    ),
];

/// All calls.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "universal-p2p",
        description = "The management plane: what the agent does and holds. Every call needs the token from its data directory. Bytes are bytes, times are seconds since 1970, names of files and sites are hostile text.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        status::status,
        streams::list,
        events::events,
        usage::usage,
        items::list,
        items::one,
        items::remove,
        items::pin,
        items::unpin,
        files::files,
        sites::remove,
        collect::collect,
        collect::list,
        settings::list,
        settings::change,
        resolve::resolve,
        share::share,
        share::list,
        share::one,
        share::remove,
        openapi,
        metrics::metrics
    ),
    components(schemas(problem::Body)),
    modifiers(&Common)
)]
struct Calls;

/// What holds for every call.
struct Common;

impl Modify for Common {
    fn modify(&self, description: &mut Description) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let token = SecurityRequirement::new("token", Vec::<String>::new());
        description.security = Some(vec![token]);
        for (path, item) in &mut description.paths.paths {
            let methods = [
                ("get", &mut item.get),
                ("put", &mut item.put),
                ("post", &mut item.post),
                ("patch", &mut item.patch),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    // Functions of several modules have the same name.
                    operation.operation_id = Some(name(method, path));
                    add_failures(operation);
                }
            }
        }
    }
}

/// The name of a call: its method and the words of its path.
fn name(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v0");
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |name, word| name + "_" + word)
}

fn add_failures(operation: &mut Operation) {
    for (status, what) in ANY {
        let schema = Ref::from_schema_name("Problem");
        let mut response = Response::new(what);
        let content = Content::new(Some(schema));
        response
            .content
            .insert("application/problem+json".into(), RefOr::T(content));
        let known = &mut operation.responses.responses;
        known.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
}

/// This description.
#[utoipa::path(
    get,
    path = "/api/v0/openapi.json",
    responses((status = 200, description = "All calls", body = serde_json::Value))
)]
pub(crate) async fn openapi() -> Json<Description> {
    Json(Calls::openapi())
}
