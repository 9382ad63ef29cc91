//! Opening pages in the user's browser, by what stands in its place.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use super::{Demo, names, program};
use crate::support::{Agent, STOPPING, folder, isolated, until};

/// A folder to look for programs in, with a starter of browsers that notes what it is to open.
fn starter(home: &Path) -> String {
    let programs = home.join("programs");
    fs::create_dir(&programs).unwrap();
    let starter = programs.join("xdg-open");
    let script = format!(
        "#!/bin/sh\necho \"$1\" >> '{}'\n",
        home.join("opened").display()
    );
    fs::write(&starter, script).unwrap();
    fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).unwrap();
    programs.display().to_string()
}

fn opened(home: &Path) -> String {
    fs::read_to_string(home.join("opened")).unwrap_or_default()
}

#[test]
fn the_page_of_the_demo_is_opened() {
    isolated(|| {
        let home = folder();
        let programs = starter(home.path());
        let demo = Demo::started(home, |command| command.env("PATH", programs));
        let home = demo.home.path();
        until("the opening of the page", STOPPING, || {
            !opened(home).is_empty()
        });
        assert_eq!(opened(home).trim(), demo.link("page"));
    });
}

#[test]
fn without_a_browser_the_demo_says_so_and_goes_on() {
    isolated(|| {
        let mut demo = Demo::started(folder(), |command| command.env("PATH", "/nonexistent"));
        until("the word about the browser", STOPPING, || {
            !demo.log().is_empty()
        });
        assert!(
            demo.log().contains("no browser could be opened"),
            "{}",
            demo.log()
        );
        assert_eq!(super::get(demo.link("page")).status, 200);
        assert_eq!(demo.end(rustix::process::Signal::TERM).code(), Some(0));
    });
}

/// Runs `open` for the agent of a data directory; gives whether it went well, and what it said.
fn open(home: &Path, data: &Path, programs: &str) -> (bool, String) {
    let mut command: Command = program(home);
    command
        .arg("open")
        .arg("--data-dir")
        .arg(data)
        .env("PATH", programs);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn open_opens_the_dashboard_of_the_running_agent() {
    let (agent, home) = (Agent::start(), folder());
    let programs = starter(home.path());
    let dashboard = format!("http://{}/\n", agent.management());
    assert_eq!(
        open(home.path(), &agent.data(), &programs),
        (true, dashboard.clone())
    );
    assert_eq!(opened(home.path()), dashboard);

    // where it cannot be opened it is at least told
    let (went_well, said) = open(home.path(), &agent.data(), "/nonexistent");
    assert!(!went_well && said.starts_with(&dashboard), "{said}");
    assert!(said.contains("no browser could be opened"), "{said}");
}

#[test]
fn without_an_agent_open_opens_nothing_and_names_the_cure() {
    let home = folder();
    let programs = starter(home.path());
    let (went_well, said) = open(home.path(), &home.path().join("data"), &programs);
    assert!(!went_well && said.contains("universal-p2p serve"), "{said}");
    assert_eq!(opened(home.path()), "");
    assert_eq!(names(home.path()), ["programs", "temporary"]);
}
