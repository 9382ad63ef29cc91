//! The note in the data directory that says where its agent is, for the command line.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// Its name in the data directory.
const NAME: &str = "agent.json";

/// What stands in it.
#[derive(Deserialize, Serialize)]
struct Note {
    pid: u32,
    content: String,
    management: String,
}

/// The note of this process. It is taken away when this is dropped.
#[must_use = "the note goes when this is dropped"]
pub(crate) struct Running {
    path: PathBuf,
}

impl Running {
    /// Tells where this agent listens. The data directory must be this agent's own.
    pub(crate) fn tell(
        data_dir: &Path,
        content: SocketAddr,
        management: SocketAddr,
    ) -> io::Result<Self> {
        let note = Note {
            pid: process::id(),
            content: format!("http://{}", reachable(content)),
            management: format!("http://{}", reachable(management)),
        };
        let path = data_dir.join(NAME);
        let partial = data_dir.join("agent.json.partial");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&partial)?;
        serde_json::to_writer(&mut file, &note)?;
        file.write_all(b"\n")?;
        fs::rename(&partial, &path)?;
        Ok(Self { path })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "agent.json stays behind");
        }
    }
}

/// Where the management plane of the agent on a data directory listens.
///
/// A note that an agent left behind when it was killed counts as none: somebody else may listen
/// there by now, who must not see the token.
pub(crate) fn management_of(data_dir: &Path) -> Result<SocketAddr> {
    let path = data_dir.join(NAME);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_agent(data_dir)),
        read => read.with_context(|| format!("reading {}", path.display()))?,
    };
    let note: Option<Note> = serde_json::from_slice(&text).ok();
    let address = |note: &Note| note.management.strip_prefix("http://")?.parse().ok();
    let Some((note, address)) = note
        .and_then(|note| Some((address(&note)?, note)))
        .map(|(address, note)| (note, address))
    else {
        bail!("{} is damaged; start the agent again", path.display());
    };
    if is_alive(note.pid) || is_held(data_dir) {
        Ok(address)
    } else {
        Err(no_agent(data_dir))
    }
}

/// The one answer to all ways of not finding an agent.
pub(crate) fn no_agent(data_dir: &Path) -> anyhow::Error {
    let data_dir = data_dir.display();
    anyhow::anyhow!("no agent runs on {data_dir}; start it with universal-p2p serve")
}

/// An address that listens everywhere is reached by this machine's own.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Whether a process runs, as far as can be told.
fn is_alive(pid: u32) -> bool {
    #[cfg(unix)]
    {
        use rustix::{
            io::Errno,
            process::{Pid, test_kill_process},
        };
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM)))
    }
    #[cfg(not(unix))]
    {
        let _ = pid;
        true
    }
}

/// Whether an agent holds the data directory, such as one in a container, whose process is not
/// seen from here. Only asked where none is seen, because for a moment it holds the lock itself.
fn is_held(data_dir: &Path) -> bool {
    let lock = File::open(data_dir.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> SocketAddr {
        "0.0.0.0:7789".parse().expect("an address")
    }

    #[test]
    fn an_agent_is_found_while_it_runs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let missing = management_of(folder.path())
            .expect_err("nobody runs")
            .to_string();
        assert!(missing.contains("universal-p2p serve"), "{missing}");
        let running = Running::tell(folder.path(), listening(), listening()).expect("writable");
        let found = management_of(folder.path()).expect("this process runs");
        assert_eq!(found.to_string(), "127.0.0.1:7789");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(NAME))
                .expect("there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        drop(running);
        assert!(management_of(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
    }

    #[test]
    fn a_note_of_a_dead_agent_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let note = r#"{"pid":4294967295,"content":"http://127.0.0.1:1","management":"http://127.0.0.1:2"}"#;
        fs::write(folder.path().join(NAME), note).expect("writable");
        assert!(management_of(folder.path()).is_err());
        let lock = File::create(folder.path().join("lock")).expect("writable");
        assert!(
            management_of(folder.path()).is_err(),
            "nobody holds the lock"
        );
        lock.lock().expect("free");
        assert!(management_of(folder.path()).is_ok(), "it is held");
    }

    #[test]
    fn a_damaged_note_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for damaged in [
            "",
            "{}",
            "[1",
            r#"{"pid":1,"content":"","management":"file:///"}"#,
        ] {
            fs::write(folder.path().join(NAME), damaged).expect("writable");
            let said = management_of(folder.path())
                .expect_err("damaged")
                .to_string();
            assert!(said.contains(NAME), "{said}");
        }
    }
}
