//! The file that launchd reads.

use std::path::PathBuf;

use anyhow::{Context, Result};
use directories::UserDirs;

use super::{Job, text};

const TEMPLATE: &str = include_str!("../../../config/launchd/universal-p2p.plist");

/// The file of a job.
pub(super) fn property_list(job: &Job) -> Result<String> {
    let mut arguments = string(&text(&job.program)?);
    for argument in &job.arguments {
        arguments.push_str("\n\t\t");
        arguments.push_str(&string(argument));
    }
    let usual = "<string>/usr/local/bin/universal-p2p</string>\n\t\t<string>serve</string>";
    Ok(TEMPLATE.replace(usual, &arguments).replace(
        "<string>/tmp/universal-p2p.log</string>",
        &string(&text(&log()?)?),
    ))
}

/// Where the log is.
pub(super) fn log() -> Result<PathBuf> {
    let folders = UserDirs::new().context("this user has no home folder")?;
    Ok(folders.home_dir().join("Library/Logs/universal-p2p.log"))
}

fn string(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<string>{text}</string>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_and_arguments_stand_in_the_file() {
        let job = Job {
            program: "/opt/a&b/universal-p2p".into(),
            arguments: vec!["serve".into(), "--data-dir".into(), "/data <1>".into()],
            data_dir: "/data <1>".into(),
        };
        let made = property_list(&job).expect("plain text");
        for line in [
            "<string>/opt/a&amp;b/universal-p2p</string>",
            "<string>/data &lt;1></string>",
            "Library/Logs/universal-p2p.log</string>",
        ] {
            assert!(made.contains(line), "{line}: {made}");
        }
        assert!(!made.contains("/usr/local/bin"), "{made}");
    }
}
