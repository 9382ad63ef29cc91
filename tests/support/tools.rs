//! Foreign programs that tests run. `tests/run` installs all of them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the test suite.
pub(crate) fn file_of_suite(name: &str) -> PathBuf {
    root().join("tests").join(name)
}

/// The Python that has libtorrent.
pub(crate) fn python() -> PathBuf {
    let python = root().join("target/venv/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run tests/run once, it installs what the tests need",
        python.display()
    );
    python
}

/// An empty folder that goes away with its value.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("universal-p2p-test-")
        .tempdir()
        .unwrap()
}

/// Runs a program to its end and gives what it printed; a failure shows all of its output.
#[track_caller]
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: run tests/run once, it installs what the tests need")
    });
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{printed}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

/// Makes a media file: `arguments` are ffmpeg's, without the output's name.
pub(crate) fn ffmpeg(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let made = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y"]);
    output_of(command.args(arguments).arg(&made));
    made
}

/// Runs a script of `tests/browser` with what it has to know, as JSON.
#[track_caller]
pub(crate) fn node(script: &str, input: &serde_json::Value) -> String {
    let mut command = Command::new("node");
    command
        .arg(file_of_suite("browser").join(script))
        .arg(input.to_string());
    output_of(&mut command)
}
