//! The dashboard in a real browser against a mock of the agent, which has faults, restarts and hostile names
//! at hand. The scripts lie in `tests/browser/dashboard`; given an address they run against a real agent.

use serde_json::json;

use crate::support::node;

fn dashboard(theme: &str) {
    node(&format!("dashboard/{theme}.mjs"), &json!({}));
}

#[test]
fn every_view_shows_what_the_agent_says() {
    dashboard("views");
}

#[test]
fn everything_one_can_do_is_done_and_undone() {
    dashboard("actions");
}

#[test]
fn nothing_failures_and_restarts_are_shown_as_what_they_are() {
    dashboard("states");
}

#[test]
fn hostile_names_are_letters() {
    dashboard("hostile");
}

#[test]
fn it_works_without_a_mouse() {
    dashboard("keyboard");
}

#[test]
fn axe_finds_nothing_serious_in_light_colours() {
    node("dashboard/axe.mjs", &json!({ "colours": "light" }));
}

#[test]
fn axe_finds_nothing_serious_in_dark_colours() {
    node("dashboard/axe.mjs", &json!({ "colours": "dark" }));
}

#[test]
fn it_is_small() {
    dashboard("speed");
}
