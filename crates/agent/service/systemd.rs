//! The files that systemd reads: the unit of the service, and sockets that start it.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use service_manager::systemd_user_dir_path;

use super::{Job, text};
use crate::config::Listen;

const UNIT: &str = include_str!("../../../config/systemd/user/universal-p2p.service");
const CONTENT: &str = include_str!("../../../config/systemd/user/universal-p2p-content.socket");
const MANAGEMENT: &str =
    include_str!("../../../config/systemd/user/universal-p2p-management.socket");

/// The sockets, in the order in which they are opened.
const SOCKETS: [&str; 2] = [
    "universal-p2p-content.socket",
    "universal-p2p-management.socket",
];

/// The unit of a job.
pub(super) fn unit(job: &Job) -> Result<String> {
    for path in [&job.program, &job.data_dir] {
        if path.starts_with("/tmp") || path.starts_with("/var/tmp") {
            bail!(
                "{} is not there for the service, which has a /tmp of its own; move it elsewhere",
                path.display()
            );
        }
    }
    let mut command = quoted(&text(&job.program)?);
    for argument in &job.arguments {
        command.push(' ');
        // In a command line systemd puts variables in.
        command.push_str(&quoted(argument).replace('$', "$$"));
    }
    let unit = with_line(UNIT, "ExecStart=", &command);
    Ok(with_line(
        &unit,
        "ReadWritePaths=",
        &quoted(&text(&job.data_dir)?),
    ))
}

/// Opens the sockets of both planes, now and at every login.
pub(super) fn install_sockets(listen: &Listen) -> Result<()> {
    let folder = systemd_user_dir_path()?;
    let sockets = [
        socket(CONTENT, listen.content),
        socket(MANAGEMENT, listen.management),
    ];
    for (name, socket) in SOCKETS.iter().zip(sockets) {
        let path = folder.join(name);
        fs::write(&path, socket).with_context(|| format!("writing {}", path.display()))?;
    }
    // One that runs by itself has the addresses already; where there is none nothing has to be done.
    let _ = systemctl(&["disable", "--now", "universal-p2p.service"]);
    systemctl(&["enable", "--now", SOCKETS[0], SOCKETS[1]])
}

/// Closes the sockets, where there are some.
pub(super) fn remove_sockets() -> Result<()> {
    let folder = systemd_user_dir_path()?;
    let files: Vec<PathBuf> = SOCKETS.iter().map(|name| folder.join(name)).collect();
    if !files.iter().any(|file| file.exists()) {
        return Ok(());
    }
    systemctl(&["disable", "--now", SOCKETS[0], SOCKETS[1]])?;
    for file in files {
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    Ok(())
}

/// Whether the sockets are open, so that the first request starts the agent.
pub(super) fn waits() -> Result<bool> {
    let asked = Command::new("systemctl")
        .args(["--user", "--quiet", "is-active", SOCKETS[0]])
        .status();
    Ok(asked.context("running systemctl")?.success())
}

/// Lets systemd see which files there are.
pub(super) fn reload() -> Result<()> {
    systemctl(&["daemon-reload"])
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    let output = Command::new("systemctl")
        .arg("--user")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("running systemctl")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("systemctl --user {}: {}", arguments.join(" "), said.trim());
    }
    Ok(())
}

fn socket(template: &str, address: SocketAddr) -> String {
    with_line(template, "ListenStream=", &address.to_string())
}

/// A text in which the line that begins with `key` goes on with `value`.
fn with_line(text: &str, key: &str, value: &str) -> String {
    let mut made = String::with_capacity(text.len() + value.len());
    for line in text.lines() {
        if line.starts_with(key) {
            made.push_str(key);
            made.push_str(value);
        } else {
            made.push_str(line);
        }
        made.push('\n');
    }
    made
}

/// A word as systemd takes it, whatever it holds.
fn quoted(word: &str) -> String {
    let word = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    if word.contains([' ', '\'', '"', ';']) {
        format!("\"{word}\"")
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_runs_this_program_on_this_folder() {
        let job = Job {
            program: "/opt/p2p 100%/universal-p2p".into(),
            arguments: vec!["serve".into(), "--data-dir".into(), "/data/$x \"y\"".into()],
            data_dir: "/data/$x \"y\"".into(),
        };
        let made = unit(&job).expect("plain text");
        for line in [
            r#"ExecStart="/opt/p2p 100%%/universal-p2p" serve --data-dir "/data/$$x \"y\"""#,
            r#"ReadWritePaths="/data/$x \"y\"""#,
            "NoNewPrivileges=yes",
        ] {
            assert!(made.lines().any(|made| made == line), "{line}: {made}");
        }
        assert_eq!(made.lines().count(), UNIT.lines().count());
    }

    #[test]
    fn what_lies_where_the_service_cannot_see_it_is_refused() {
        let job = |program: &str, data_dir: &str| Job {
            program: program.into(),
            arguments: vec!["serve".into()],
            data_dir: data_dir.into(),
        };
        assert!(unit(&job("/usr/bin/universal-p2p", "/home/tmp/data")).is_ok());
        for hidden in [
            job("/tmp/universal-p2p", "/home/a/data"),
            job("/usr/bin/universal-p2p", "/var/tmp/data"),
        ] {
            let said = unit(&hidden).expect_err("it is hidden").to_string();
            assert!(said.contains("/tmp"), "{said}");
        }
    }

    #[test]
    fn sockets_have_the_addresses_of_the_configuration() {
        let made = socket(MANAGEMENT, "[::1]:99".parse().expect("an address"));
        assert!(made.contains("\nListenStream=[::1]:99\n"), "{made}");
        assert!(made.contains("\nFileDescriptorName=management\n"), "{made}");
    }
}
