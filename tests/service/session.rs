//! The whole life of the service in a session of systemd.

use std::{env, fs, process::Command};

use super::free_port;
use crate::support::{Seeder, Spec, file_of_suite, folder, noise, output_of, python};

/// A text, and an archive of it that only UnRAR unpacks.
fn packed() -> (Vec<u8>, Vec<u8>) {
    let text: Vec<u8> = noise(11, 100_000).iter().map(|byte| byte & 0x7f).collect();
    let work = folder();
    let (file, made) = (work.path().join("a.txt"), work.path().join("made"));
    fs::write(&file, &text).unwrap();
    fs::create_dir(&made).unwrap();
    let mut maker = Command::new(python());
    output_of(
        maker
            .arg(file_of_suite("archives/unrar.py"))
            .args([&file, &made]),
    );
    (text, fs::read(made.join("odd.rar")).unwrap())
}

fn digest(bytes: &[u8]) -> String {
    let place = folder();
    let file = place.path().join("bytes");
    fs::write(&file, bytes).unwrap();
    let said = output_of(Command::new("sha256sum").arg(file));
    said.split(' ').next().unwrap().to_owned()
}

#[test]
fn it_is_installed_confined_restarted_started_on_demand_and_removed() {
    let namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let probe = "mount -t tmpfs tmpfs /run && mount -t cgroup2 cgroup2 /sys/fs/cgroup && \
                 mkdir /sys/fs/cgroup/universal-p2p-probe && rmdir /sys/fs/cgroup/universal-p2p-probe";
    let possible = Command::new("unshare")
        .args(namespaces)
        .args(["sh", "-c", probe])
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        assert!(
            env::var_os("CI").is_none(),
            "no groups can be made: this needs root"
        );
        println!("left out: no groups of processes can be made");
        return;
    }
    let (text, archive) = packed();
    let mut seeder = Seeder::start();
    let torrent = seeder.seed(Spec::folder("rar").with(&["odd.rar"], archive));
    let told = output_of(
        Command::new("unshare")
            .args(namespaces)
            .arg(file_of_suite("service/session.sh"))
            .arg(env!("CARGO_BIN_EXE_universal-p2p"))
            .arg(free_port().to_string())
            .arg(torrent.at("/odd.rar/a.txt"))
            .arg(digest(&text)),
    );
    println!("{told}");
    assert!(told.ends_with("==> done\n"), "{told}");
}
