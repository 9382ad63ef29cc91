//! What only UnRAR unpacks, and what becomes of the process in which it does.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use universal_p2p_unrar::{Exchange, Failure, Order, decode};

use crate::support::{
    Agent, MIB, Seeder, Seeding, Spec, assert_same, file_of_suite, folder, noise, output_of,
    python, until,
};

/// How long the end of a process may take.
const SOON: Duration = Duration::from_secs(20);

fn text(length: usize) -> Vec<u8> {
    noise(11, length).iter().map(|byte| byte & 0x7f).collect()
}

/// The archives that hold a text, by name.
fn archives(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let work = folder();
    let (file, made) = (work.path().join("a.txt"), work.path().join("made"));
    fs::write(&file, text).unwrap();
    fs::create_dir(&made).unwrap();
    let mut maker = Command::new(python());
    maker.arg(file_of_suite("archives/unrar.py"));
    output_of(maker.args([&file, &made]));
    let made = fs::read_dir(&made).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    made.collect()
}

fn torrent(seeder: &mut Seeder, text: &[u8]) -> Seeding {
    let add = |spec: Spec, (name, bytes): (String, Vec<u8>)| spec.with(&[&name], bytes);
    let spec = Spec::folder("rar").pieces(1 << 17);
    seeder.seed(archives(text).into_iter().fold(spec, add))
}

/// The processes that a process has started and not forgotten.
fn children(parent: u32) -> Vec<i32> {
    let places = fs::read_dir("/proc").unwrap();
    let numbers = places.filter_map(|place| place.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |number: &i32| {
        // What has ended meanwhile is none.
        let status = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let behind_name = status.rsplit(") ").next().unwrap_or_default();
        behind_name.split(' ').nth(1) == Some(&parent.to_string())
    };
    numbers.filter(is_child).collect()
}

/// Sends a signal to a child.
fn signal(child: i32, signal: Signal) {
    kill_process(Pid::from_raw(child).unwrap(), signal).unwrap();
}

/// The child of an agent, as soon as there is one.
fn child_of(agent: &Agent) -> i32 {
    let mut found = None;
    until("a decoder", SOON, || {
        found = children(agent.process()).first().copied();
        found.is_some()
    });
    found.unwrap()
}

fn assert_childless(agent: &Agent) {
    until("the end of all decoders", SOON, || {
        children(agent.process()).is_empty()
    });
}

#[test]
fn what_only_unrar_takes_comes_like_a_file() {
    let text = text(3 * MIB);
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &text);
    let agent = Agent::start();
    for archive in ["plain.rar", "odd.rar"] {
        let address = torrent.at(&format!("/{archive}/a.txt"));
        let end = agent.get(&address).range("bytes=-1000").send();
        assert_eq!(end.status, 206, "{archive}: {}", end.text());
        assert_same(&end.body, &text[text.len() - 1000..]);
        assert_same(&agent.get(&address).send().body, &text);
    }
    assert_childless(&agent);
}

#[test]
fn what_unrar_does_not_take_either_says_so() {
    // Less than is handed on at once: nothing of it is told before all of it is known to be right.
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &text(700_000));
    let agent = Agent::start();
    for (archive, status, reason) in [
        ("odd-wrong.rar", 502, "corrupt"),
        ("odd-short.rar", 502, "corrupt"),
        ("odd-wide.rar", 501, "unsupported"),
    ] {
        let answer = agent.get(&torrent.at(&format!("/{archive}/a.txt"))).send();
        assert_eq!(answer.problem(status), reason, "{archive}");
    }
    assert_childless(&agent);
}

#[test]
fn a_decoder_that_is_killed_is_an_error_of_that_request_only() {
    let text = text(8 * MIB);
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &text);
    let agent = Agent::start();
    let address = torrent.at("/odd.rar/a.txt");
    assert_eq!(agent.get(&torrent.at("/odd.rar/")).send().status, 200);
    seeder.limit(1 << 20);
    std::thread::scope(|scope| {
        // Behind the middle, where the other decoder gives up.
        let asking = scope.spawn(|| agent.get(&address).range("bytes=-1000").send());
        signal(child_of(&agent), Signal::KILL);
        assert_eq!(asking.join().unwrap().problem(502), "corrupt");
    });
    assert_childless(&agent);
    seeder.limit(0);
    assert_same(&agent.get(&address).send().body, &text);
}

#[test]
fn a_decoder_ends_with_its_last_reader() {
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &text(8 * MIB));
    let agent = Agent::start();
    let address = torrent.at("/odd.rar/a.txt");
    assert_eq!(agent.get(&torrent.at("/odd.rar/")).send().status, 200);
    seeder.limit(1 << 20);
    let mut client = TcpStream::connect(agent.content()).unwrap();
    let host = agent.content();
    write!(
        client,
        "GET {address} HTTP/1.1\r\nHost: {host}\r\nRange: bytes=-1000\r\n\r\n"
    )
    .unwrap();
    child_of(&agent);
    drop(client);
    assert_childless(&agent);
}

/// What a test does when a decoder asks for its next volume, and with what comes out.
struct Scripted<F> {
    volume: F,
    bytes: Vec<u8>,
    is_cancelled: bool,
}

impl<F: FnMut(i32) -> io::Result<Vec<u8>>> Exchange for Scripted<F> {
    fn volume(&mut self) -> io::Result<Vec<u8>> {
        let child = *children(std::process::id()).last().expect("it asks");
        (self.volume)(child)
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend(bytes);
        Ok(())
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }
}

/// Has one entry decoded in so much memory.
fn decoded(
    length: usize,
    memory: u64,
    volume: impl FnMut(i32) -> io::Result<Vec<u8>>,
) -> Result<Vec<u8>, Failure> {
    let program: [OsString; 2] = [env!("CARGO_BIN_EXE_universal-p2p").into(), "unrar".into()];
    let order = Order {
        program: &program,
        members: 1,
        length: length as u64,
        memory,
        silence: Duration::from_secs(2),
    };
    let mut scripted = Scripted {
        volume,
        bytes: Vec::new(),
        is_cancelled: false,
    };
    decode(&order, &mut scripted).map(|()| scripted.bytes)
}

/// One test, as all of them look at the children of this process.
#[test]
fn nothing_that_a_decoder_does_outlives_it() {
    let text = text(700_000);
    let archives = archives(&text);
    let archive = |name: &str| {
        let mut found = archives.iter().filter(|(known, _)| known == name);
        found.next().unwrap().1.clone()
    };
    let decode = |name: &str, memory| decoded(text.len(), memory, |_| Ok(archive(name)));
    for name in ["plain.rar", "odd.rar"] {
        assert_same(&decode(name, 1 << 20).unwrap(), &text);
    }
    assert!(matches!(
        decode("odd-wrong.rar", 1 << 20),
        Err(Failure::Damaged(12))
    ));
    // Its window has a gigabyte: more than the system gives it, whatever it asks for.
    assert!(matches!(
        decode("odd-wide.rar", 1 << 20),
        Err(Failure::TooMuchMemory)
    ));
    assert_same(&decode("odd-wide.rar", 2 << 30).unwrap(), &text);
    // More comes out than it says.
    let longer = decoded(text.len() - 1, 1 << 20, |_| Ok(archive("plain.rar")));
    assert!(matches!(longer, Err(Failure::Nonsense)), "{longer:?}");
    let killed = |with| {
        decoded(text.len(), 1 << 20, |child| {
            signal(child, with);
            Ok(archive("plain.rar"))
        })
    };
    assert!(matches!(killed(Signal::KILL), Err(Failure::Ended)));
    assert!(matches!(killed(Signal::ABORT), Err(Failure::Crashed(6))));
    assert!(matches!(killed(Signal::XCPU), Err(Failure::TooMuchTime)));
    let since = Instant::now();
    assert!(matches!(killed(Signal::STOP), Err(Failure::TooMuchTime)));
    assert!(since.elapsed() >= Duration::from_secs(2));
    let failed = decoded(text.len(), 1 << 20, |_| Err(io::ErrorKind::TimedOut.into()));
    assert!(
        matches!(failed, Err(Failure::Volume(error)) if error.kind() == io::ErrorKind::TimedOut)
    );
    assert_eq!(
        children(std::process::id()),
        [0; 0],
        "nothing is left of any"
    );
}

#[test]
fn a_decoder_holds_nothing_but_its_pipes_and_a_file_in_memory() {
    let text = text(10_000);
    let mut archives = archives(&text).into_iter();
    let archive = archives.find(|(name, _)| name == "plain.rar").unwrap().1;
    let mut seen = Vec::new();
    let done = decoded(text.len(), 1 << 20, |child| {
        let open = fs::read_dir(format!("/proc/{child}/fd")).unwrap();
        seen.extend(open.map(|file| fs::read_link(file.unwrap().path()).unwrap()));
        let environment = fs::read(format!("/proc/{child}/environ")).unwrap();
        assert_eq!(environment, b"MALLOC_ARENA_MAX=1\0");
        let limits = fs::read_to_string(format!("/proc/{child}/limits")).unwrap();
        for limit in [
            "core file size",
            "open files",
            "file size",
            "cpu time",
            "address space",
        ] {
            let line = limits.lines().find(|line| line.contains(limit)).unwrap();
            assert!(!line.contains("unlimited"), "{line}");
        }
        let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
        // Not every system lets everybody leave a network.
        let mut leave = Command::new("unshare");
        if leave.args(["-U", "-n", "true"]).status().unwrap().success() {
            assert_ne!(network("self"), network(&child.to_string()));
        }
        Ok(archive.clone())
    });
    assert_same(&done.unwrap(), &text);
    let kinds: Vec<_> = seen.iter().map(|file| file.to_str().unwrap()).collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(
        kinds.iter().all(|kind| {
            kind.starts_with("pipe:") || *kind == "/dev/null" || kind.starts_with("/memfd:volume")
        }),
        "{kinds:?}"
    );
}

#[test]
fn nobody_is_told_of_the_command_that_is_not_for_people() {
    let help = output_of(Command::new(env!("CARGO_BIN_EXE_universal-p2p")).arg("--help"));
    assert!(!help.to_lowercase().contains("unrar"), "{help}");
}
