//! More to unpack than there is room for at the same time.

use std::{process::Command, time::Duration};

use crate::support::{Agent, Seeder, Setup, Spec, folder, output_of, python, until};

/// Makes a zip whose first entry takes long to read and whose second is short; each takes 8 MiB to look back.
const MAKE: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_LZMA) as archive:
    archive.writestr('long.txt', b'said again and again ' * (48 << 20 >> 4))
    archive.writestr('short.txt', b'once')
";

/// Asks for the short entry while somebody does not get on with the long one.
fn while_another_is_read(settings: &[&str], word: &str) {
    let mut seeder = Seeder::start();
    let work = folder();
    let made = work.path().join("a.zip");
    output_of(Command::new(python()).args(["-c", MAKE]).arg(&made));
    let spec = Spec::folder("crowd").with(&["a.zip"], std::fs::read(&made).unwrap());
    let torrent = seeder.seed(spec);
    // Too little for a decoder to run ahead to its end.
    let setup = Setup::new()
        .set("timeouts.first_byte = \"3s\"")
        .set("disk.limit = \"40MB\"")
        .set("disk.keep_free = \"0\"");
    let setup = settings.iter().fold(setup, |setup, line| setup.set(line));
    let agent: Agent = setup.start();
    let mut long = agent.get(&torrent.at("/a.zip/long.txt")).open();
    assert_eq!(long.status(), 200);
    assert!(long.read(10).starts_with(b"said again"));
    let short = || agent.get(&torrent.at("/a.zip/short.txt")).send();
    let refused = short();
    assert_eq!(refused.status, 503, "{}", refused.text());
    let seconds = refused.header("retry-after").expect("when to come back");
    assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert!(refused.text().contains(word), "{}", refused.text());
    drop(long);
    until("the first has left", Duration::from_secs(30), || {
        short().body == b"once"
    });
}

#[test]
fn who_waits_for_a_decoder_is_told_when_to_come_back() {
    while_another_is_read(&["limits.decode_jobs = 1"], "decoder");
}

#[test]
fn who_waits_for_memory_is_told_when_to_come_back() {
    while_another_is_read(&["archive.memory = \"16MiB\""], "archive.memory");
}
