//! Two decoders of different origin: what comes out has to be the same.

use std::{
    env,
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
};

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{
    packer::pack,
    samples::{folders, samples, sets},
};
use crate::{
    Limits, Source, Spools,
    content::Segment,
    rar::{
        entries::{Packed, member},
        header::Packing,
        join::{self, Joined},
        member::Member,
        scan::{self, Reach},
        unpack::{Given, Task},
        unrar,
    },
    spool::Context,
    testing::{self, CX, Served, spools},
};

/// Sets that only one of them unpacks. This one has a program for a filter, as nobody has ever packed with:
/// UnRAR has not run such programs for long.
const UNLIKE: [(&str, &str); 1] = [("generic_delta_padding_mutation.rar", "rars")];

/// The word by which this program knows that it is started as a child.
const CHILD: &str = "as-the-child-of-a-test";

/// How the child is started: this program with one test alone, where nothing but that writes to the pipe.
fn program() -> Vec<OsString> {
    let script = "exec 3>&1 >/dev/null; exec \"$0\" --exact rar::tests::unrar::the_child_gives_up_where_nobody_talks_to_it \"$1\"";
    let this = env::current_exe().expect("this program");
    [
        "/bin/sh".into(),
        "-c".into(),
        script.into(),
        this.into(),
        CHILD.into(),
    ]
    .into()
}

/// Also the child of the other tests, where the word is said.
#[test]
fn the_child_gives_up_where_nobody_talks_to_it() {
    if env::args().any(|word| word == CHILD) {
        let pipe = OpenOptions::new().write(true).open("/proc/self/fd/3");
        rustix::stdio::dup2_stdout(pipe.expect("a pipe")).expect("a pipe");
        std::process::exit(i32::from(universal_p2p_unrar::serve() != ExitCode::SUCCESS));
    }
    let program = program();
    let mut child = Command::new(&program[0]);
    child
        .args(&program[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    assert_eq!(child.status().expect("a child").code(), Some(1));
}

/// What is unpacked together of a set, as it is when somebody asks for it.
fn tasks(sources: &[Source], spools: &Arc<Spools>, runtime: &Runtime) -> Option<Vec<Task>> {
    let limits = Limits::default();
    let scan = |source| scan::volume(source, Reach::All, &limits, &CX);
    let volumes: Result<Vec<_>, _> = sources
        .iter()
        .map(|source| runtime.block_on(scan(source)))
        .collect();
    let volumes = volumes.ok()?;
    let first = volumes.first()?;
    let packed = Packed {
        is_five: first.is_five,
        is_solid: first.is_solid,
        etag: "",
        limits: &limits,
        spools,
    };
    let joined = join::join(sources, &volumes);
    let mut states: Vec<_> = joined.iter().map(Joined::state).collect();
    let groups = packed.groups(&joined, &mut states);
    let task = |group: &Vec<usize>| Task {
        is_five: packed.is_five,
        members: group
            .iter()
            .map(|number| member(&joined[*number]))
            .collect(),
        memory: limits.memory,
        window: limits.memory / 2,
    };
    Some(groups.iter().map(task).collect())
}

/// What is made of a task, and how that ended.
fn made(
    task: &Task,
    context: &Context,
    make: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let done = make(&mut bytes);
    let whole = bytes.len() as u64 == task.length();
    let failure = context.take_failure();
    (done.is_ok() && whole && failure.is_none()).then_some(bytes)
}

#[test]
fn two_decoders_make_the_same_of_every_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let (spools, program) = (spools(&folder), program().into());
    let runtime = Runtime::new().expect("a runtime");
    let cancel = CancellationToken::new();
    let ration = testing::ration(testing::MEMORY);
    let context = Context::new(CX, runtime.handle().clone(), cancel, ration, &program);
    let (mut same, mut neither, mut unlike) = (0, 0, Vec::new());
    for folder in folders(samples()) {
        for set in sets(&folder) {
            let read = |name: &String| fs::read(folder.join(name)).expect("a sample");
            let sources: Vec<_> = set
                .iter()
                .map(|name| Served::new(read(name)).source())
                .collect();
            for task in tasks(&sources, &spools, &runtime).unwrap_or_default() {
                let one = made(&task, &context, |into| {
                    let done = task.by_rars(&context, into)?;
                    done.map_err(io::Error::other)
                });
                let other = made(&task, &context, |into| {
                    let done = unrar::unpack(&task, &context, Given::default(), into);
                    done.expect("the child can be started")
                });
                match (one, other) {
                    (Some(one), Some(other)) if one == other => same += task.members.len(),
                    (None, None) => neither += 1,
                    (one, _) => {
                        let who = if one.is_some() { "rars" } else { "unrar" };
                        unlike.push((set[0].clone(), who));
                    }
                }
            }
        }
    }
    unlike.sort();
    let unlike: Vec<_> = unlike
        .iter()
        .map(|(set, who)| (set.as_str(), *who))
        .collect();
    assert_eq!(unlike, UNLIKE, "{same} the same, {neither} by neither");
    assert!(same >= 300, "{same}");
}

/// A task for one entry, and its right contents.
fn task(odd: Option<usize>, change: impl FnOnce(&mut Vec<u8>)) -> (Task, Vec<u8>) {
    let text: Vec<u8> = (0..300_000)
        .flat_map(|n| format!("{n}\n").into_bytes())
        .collect();
    let mut packed = pack(&text, odd);
    change(&mut packed);
    let range = 0..packed.len() as u64;
    let source = Served::new(packed).source();
    let member = Member {
        packing: Packing {
            version: 50,
            bits: 1 << 7,
            window: 1 << 17,
            crc: Some(crc32fast::hash(&text)),
            ..Packing::default()
        },
        method: 1,
        length: text.len() as u64,
        segments: vec![Segment { source, range }],
    };
    let task = Task {
        is_five: true,
        members: vec![member],
        memory: 1 << 20,
        window: 1 << 20,
    };
    (task, text)
}

/// What comes out of a task with the help of a program, and how that ends.
fn run(task: &Task, program: Vec<OsString>) -> (Vec<u8>, io::Result<()>) {
    let runtime = Runtime::new().expect("a runtime");
    let cancel = CancellationToken::new();
    let ration = testing::ration(testing::MEMORY);
    let runtime = runtime.handle().clone();
    let context = Context::new(CX, runtime, cancel, ration, &program.into());
    let mut bytes = Vec::new();
    let done = task.run(&context, &mut bytes);
    (bytes, done)
}

#[test]
fn what_one_decoder_gives_up_on_goes_on_with_the_other() {
    for odd in [0, 5, 30] {
        let (task, text) = task(Some(odd), |_| {});
        let (alone, refused) = run(&task, Vec::new());
        assert!(refused.is_err(), "rars takes it now");
        assert!(text.starts_with(&alone) && alone.len() < text.len());
        let (bytes, done) = run(&task, program());
        done.expect("UnRAR takes it");
        assert!(bytes == text, "{odd}");
    }
    let (task, text) = task(None, |_| {});
    let (bytes, done) = run(&task, vec!["/none".into()]);
    done.expect("nobody else is needed");
    assert!(bytes == text);
}

#[test]
fn what_is_damaged_stays_damaged() {
    let damages: [fn(&mut Vec<u8>); 3] = [
        |packed| packed.truncate(1_000_000),
        |packed| packed[1_000_000] ^= 1,
        |packed| packed.fill(0x41),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        for odd in [None, Some(20)] {
            let (task, _) = task(odd, damage);
            let (_, done) = run(&task, program());
            assert!(done.is_err(), "{number} {odd:?}");
        }
    }
}

#[test]
fn where_no_child_can_be_started_it_is_as_without() {
    let (task, _) = task(Some(0), |_| {});
    let (_, alone) = run(&task, Vec::new());
    let (_, other) = run(&task, vec!["/there/is/no/such/program".into()]);
    let told = |done: io::Result<()>| done.expect_err("refused").to_string();
    assert_eq!(told(alone), told(other));
}
