//! What a service manager and its journal are told.

use std::{
    fs::{self, File},
    os::unix::{fs::MetadataExt, net::UnixDatagram},
    process::{Child, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Request, STOPPING, Setup, folder, until};

/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn stop(child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
    until("the end of the agent", STOPPING, || {
        child.try_wait().unwrap().is_some()
    });
}

#[test]
fn it_says_when_it_is_ready_and_when_it_stops() {
    let place = folder();
    let path = place.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut message = [0; 4096];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let setup = Setup::new();
    let mut child = setup
        .command()
        .env("NOTIFY_SOCKET", &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let first = hear();
    assert!(first.lines().any(|line| line == "READY=1"), "{first}");
    let status = first.lines().find_map(|line| line.strip_prefix("STATUS="));
    let address = status.and_then(|status| status.split("http://").nth(1));
    let address = address.expect("it says where").parse().unwrap();
    // ready means that it answers, not that it soon will
    assert_eq!(Request::new(address, "GET", "/nothing").send().status, 404);
    stop(&mut child);
    let last = hear();
    assert!(last.lines().any(|line| line == "STOPPING=1"), "{last}");
}

#[test]
fn the_journal_gets_levels_and_no_times() {
    let setup = Setup::new();
    for journal in [true, false] {
        let place = folder();
        let path = place.path().join("log");
        let log = File::create(&path).unwrap();
        let known = log.metadata().unwrap();
        let stream = format!("{}:{}", known.dev(), known.ino());
        let mut command = setup.command();
        // what is inherited from a service may be of somebody else's standard error
        command.env(
            "JOURNAL_STREAM",
            if journal { stream.as_str() } else { "1:1" },
        );
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        stop(&mut child);
        let told = fs::read_to_string(&path).unwrap();
        let stopping = told.lines().find(|line| line.ends_with("stopping"));
        let stopping = stopping.unwrap_or_else(|| panic!("{told}"));
        assert_eq!(stopping.starts_with("<6>universal_p2p"), journal, "{told}");
        assert_eq!(stopping.contains("INFO"), !journal, "{told}");
    }
}
