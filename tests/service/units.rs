//! The files for systemd, as systemd itself reads them.

use std::{fs, process::Command};

use super::shipped;
use crate::support::{folder, output_of};

/// A unit and its sockets, with a program that is there.
fn installed(level: &str) -> tempfile::TempDir {
    let place = folder();
    for entry in fs::read_dir(shipped(level)).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let program = env!("CARGO_BIN_EXE_universal-p2p");
        let text = text.replace("/usr/bin/universal-p2p", program);
        fs::write(place.path().join(entry.file_name()), text).unwrap();
    }
    place
}

fn analyze(level: &str) -> Command {
    let mut command = Command::new("systemd-analyze");
    command.arg(format!("--{level}"));
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    command
}

#[test]
fn systemd_finds_no_mistake() {
    for level in ["user", "system"] {
        let place = installed(level);
        let files = fs::read_dir(place.path()).unwrap();
        let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "a service and two sockets");
        let mut command = analyze(level);
        command.args(["verify", "--man=no"]).args(&files);
        let output = command.output().expect("tests/run installs systemd");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{level}: {said}");
        // what it does not know it only mentions
        assert!(!said.contains("universal-p2p"), "{level}: {said}");
    }
}

#[test]
fn the_services_are_confined() {
    // tenths of the 10 that a service without any confinement has; a user's own is counted as if it were root's
    for (level, most) in [("user", 52), ("system", 18)] {
        let place = installed(level);
        output_of(
            analyze(level)
                .args(["security", "--offline=yes", "--no-pager"])
                .arg(format!("--threshold={most}"))
                .arg(place.path().join("universal-p2p.service")),
        );
    }
}

#[test]
fn sockets_are_the_same_for_a_user_and_for_the_machine() {
    for name in ["content", "management"] {
        let file = |level| format!("{level}/universal-p2p-{name}.socket");
        let [user, system] =
            ["user", "system"].map(|level| fs::read_to_string(shipped(&file(level))).unwrap());
        assert_eq!(user, system);
    }
}
