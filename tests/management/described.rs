//! Every call, tried by a foreign tool that knows only what the agent says of itself.

use std::process::Command;

use super::film;
use crate::support::{Agent, Seeder, file_of_suite, folder, python};

#[test]
fn the_agent_does_what_it_says() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    film(&mut seeder, &agent, 1, "from=1Site");
    let place = folder();
    let description = agent.manage().get("/openapi.json").to_string();
    std::fs::write(place.path().join("openapi.json"), description).unwrap();
    let output = Command::new(python().with_file_name("schemathesis"))
        .current_dir(place.path())
        .arg("--config-file")
        .arg(file_of_suite("management/schemathesis.toml"))
        .args(["run", "openapi.json", "--url"])
        .arg(format!("http://{}", agent.management()))
        .env("AGENT_TOKEN", agent.manage().token())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{error}: run tests/run once, it installs schemathesis"));
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("Tested: 22"), "a call was left out");
}
