//! Names: other letters, other signs, and what would mean something in HTML or in an address.

use super::{
    backends::Backend,
    stage::{Stage, names, path},
    tree::Tree,
};
use crate::support::assert_same;

const NAMES: [&str; 7] = [
    "with spaces.txt",
    "Überblick/日本語 & ?.txt",
    "Überblick/tief/🎵#%41.bin",
    "<b>bold<script>alert(1)<\u{2044}script>.txt",
    "\"quoted\" 'name'.txt",
    "שלום.txt",
    "a+b=c;d.txt",
];

pub(super) fn names_of_every_kind_lead_to_their_files<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let tree = NAMES.iter().fold(Tree::folder("<i>näme"), |tree, name| {
        tree.with(name, format!("bytes of {name}"))
    });
    let folder = stage.share(tree);
    for name in NAMES {
        let answer = stage.get(&folder, &path(name)).send();
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert_same(&answer.body, folder.bytes(name));
        let own = name.rsplit('/').next().unwrap();
        let told = answer.header("content-disposition").unwrap();
        let encoded = path(own)[1..].replace("%2E", ".");
        assert!(told.contains(&encoded), "{own}: {told}");
    }
    let page = stage.get(&folder, "/").header("Accept", "text/html").send();
    let text = page.text();
    for tag in ["<script", "<b>", "<i>"] {
        assert!(!text.contains(tag), "{tag} of a name became markup: {text}");
    }
    let listing = stage.get(&folder, "/?format=json").send().json();
    let listed = names(&listing);
    for name in NAMES.iter().filter(|name| !name.contains('/')) {
        assert!(listed.iter().any(|one| one == name), "{name}: {listing}");
    }
    for entry in listing["entries"].as_array().unwrap() {
        let answer = stage.agent.get(entry["url"].as_str().unwrap()).send();
        assert_eq!(answer.status, 200, "{entry}");
    }
}
