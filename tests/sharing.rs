//! Files of the user, shared from where they lie: foreign clients get them, also after a restart.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Agent, IpfsPeer, MIB, Seeder, Setup, isolated, noise, until};

/// Files of the user, outside the agent's data.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("album/inner")).unwrap();
        let files = Self(folder);
        for (name, content) in files.contents() {
            fs::write(files.path(name), content).unwrap();
        }
        files
    }

    fn contents(&self) -> [(&'static str, Vec<u8>); 3] {
        [
            ("album/a.mp4", noise(1, 2 * MIB + 77)),
            ("album/inner/b.bin", noise(2, 300_000)),
            ("album/z.bin", noise(3, MIB)),
        ]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// What a command for this agent prints.
#[track_caller]
fn done(agent: &Agent, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_universal-p2p"));
    command.args(words).arg("--data-dir").arg(agent.data());
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Shares a path and gives what is told of it.
#[track_caller]
fn shared(agent: &Agent, path: &Path) -> Value {
    let told = done(agent, &["share", path.to_str().unwrap(), "--json"]);
    serde_json::from_str(&told).unwrap()
}

fn text(of: &Value, pointer: &str) -> String {
    let found = of.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in {of}"))
        .to_owned()
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The .torrent file of a share, as the agent gives it.
fn metainfo(agent: &Agent, share: &Value, into: &Path) -> PathBuf {
    let id = text(share, "/bittorrent/id");
    let file = agent.get(&format!("/bittorrent/v0/torrent/{id}")).send();
    assert_eq!(file.status, 200);
    let path = into.join("torrent");
    fs::write(&path, file.body).unwrap();
    path
}

#[test]
fn a_folder_is_a_torrent_for_others_now_and_after_a_restart() {
    let files = Files::new();
    let port = free_port();
    let mut agent = Setup::new()
        .set(&format!("bittorrent.port = {port}"))
        .start();
    let used = agent.manage().used();
    let share = shared(&agent, &files.path("album"));
    let metainfo = metainfo(&agent, &share, files.0.path());
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    assert!(Seeder::start().leech(&metainfo, peer, 30), "it got nothing");
    for restarted in [false, true] {
        if restarted {
            agent.kill();
            agent.start_again();
            assert!(Seeder::start().leech(&metainfo, peer, 30), "it got nothing");
        }
        let id = text(&share, "/bittorrent/id");
        for (name, content) in files.contents() {
            let below = name.strip_prefix("album/").unwrap();
            let read = agent
                .get(&format!("/bittorrent/v0/stream/{id}/{below}"))
                .send();
            assert!(read.body == content, "{name}");
        }
    }
    // Notes and metadata, and nothing of the files.
    let more = agent.manage().used().saturating_sub(used);
    assert!(more < MIB as u64, "{more} bytes more are used");
}

#[test]
fn a_file_that_changed_is_not_served_and_told_of() {
    let files = Files::new();
    let port = free_port();
    let agent = Setup::new()
        .set(&format!("bittorrent.port = {port}"))
        .start();
    let share = shared(&agent, &files.path("album/a.mp4"));
    let metainfo = metainfo(&agent, &share, files.0.path());
    fs::write(files.path("album/a.mp4"), noise(9, 2 * MIB + 77)).unwrap();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let got = Seeder::start().leech(&metainfo, peer, 5);
    assert!(!got, "something was served that is not there any more");
    until("the change", Duration::from_secs(40), || {
        let list = done(&agent, &["shares"]);
        list.contains("changed since it was shared")
    });
    let again = shared(&agent, &files.path("album/a.mp4"));
    assert_ne!(again["bittorrent"]["id"], share["bittorrent"]["id"]);
    assert!(done(&agent, &["shares"]).ends_with("1 path shared\n"));
    let path = files.path("album/a.mp4");
    done(&agent, &["unshare", path.to_str().unwrap()]);
    assert_eq!(done(&agent, &["shares"]), "0 paths shared\n");
}

#[test]
fn kubo_and_helia_get_a_folder_that_is_shared() {
    isolated(|| {
        let files = Files::new();
        let (mut kubo, mut helia) = (IpfsPeer::kubo(), IpfsPeer::helia());
        let addresses: Vec<_> = [&kubo, &helia].map(|peer| peer.address("tcp")).into();
        let agent = Setup::new()
            .set(&format!("ipfs.peers = {addresses:?}"))
            .start();
        let folder = shared(&agent, &files.path("album"));
        let file = shared(&agent, &files.path("album/a.mp4"));
        let right = fs::read(files.path("album/a.mp4")).unwrap();
        for peer in [&mut kubo, &mut helia] {
            let path = peer.folder().join("fetched");
            peer.get(&text(&file, "/ipfs/id"), &path);
            assert!(fs::read(path).unwrap() == right);
        }
        let root = text(&folder, "/ipfs/id");
        for (name, content) in files.contents() {
            let below = name.strip_prefix("album/").unwrap();
            let read = agent.get(&format!("/ipfs/v0/stream/{root}/{below}")).send();
            assert!(read.body == content, "{name}");
        }
    });
}

#[test]
fn who_looks_on_sees_how_far_hashing_is() {
    let agent = Agent::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.bin");
    fs::File::create(&path)
        .unwrap()
        .set_len(800_000_000)
        .unwrap();
    let program = env!("CARGO_BIN_EXE_universal-p2p");
    let (path, data) = (path.display(), agent.data());
    let call = format!("{program} share {path} --data-dir {}", data.display());
    // a terminal of its own
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &call, "/dev/null"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let bars: Vec<_> = said.split("\r\x1b[K").collect();
    let bars: Vec<_> = bars.iter().filter(|bar| bar.starts_with('[')).collect();
    assert!(bars.len() > 1, "{said:?}");
    assert!(
        bars.iter().all(|bar| bar.ends_with(" of 800 MB")),
        "{bars:?}"
    );
    let last = said.rsplit("\x1b[K").next().unwrap();
    assert!(
        last.starts_with("shared long.bin (1 file, 800 MB)"),
        "{last:?}"
    );
    // the same, unseen, has no bar in its output
    assert!(!done(&agent, &["shares"]).contains('['));
}
