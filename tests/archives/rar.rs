//! Compressed RARs that others made: what a decoder writes to disk, from its start, and readers that
//! follow it from wherever they like.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::samples::{Entry, Sample, place, samples, torrent};
use crate::support::{
    Agent, DiskMeter, MIB, Seeder, Seeding, Setup, assert_same, encoded, noise, number, until,
};

/// Packed alone and in volumes, each by itself and building on each other.
const PACKED: [&str; 6] = [
    "libarchive2-sys/test_read_format_rar_multi_lzss_blocks.rar",
    "libarchive2-sys/test_read_format_rar5_multiarchive.part01.rar",
    "libarchive2-sys/test_read_format_rar5_multiarchive_solid.part01.rar",
    "rars/farmanager170.rar",
    "rars/random.rar",
    "rars/rarvm_audio_stereo_rar300.rar",
];

/// An entry of 242 MB.
const LONG: &str = "libarchive2-sys/test_read_format_rar_ppmd_lzss_conversion.rar";

/// An entry of 20 MB.
const SHORT: &str = PACKED[0];

/// Ranges that are asked for of an entry.
const RANGES: usize = 24;

/// Some samples, by their names.
fn some(names: &[&str]) -> Vec<Sample> {
    let mut some = samples(&place(), "rar");
    some.retain(|sample| names.contains(&sample.file.as_str()));
    assert_eq!(some.len(), names.len());
    some
}

/// The address of an entry.
fn at(torrent: &Seeding, archive: &str, entry: &str) -> String {
    let path = encoded(&format!("/{archive}/{entry}"));
    torrent.at(&path.replace("%2F", "/"))
}

/// The only entry of a sample.
fn only<'a>(samples: &'a [Sample], name: &str) -> &'a Entry {
    let sample = samples.iter().find(|sample| sample.file == name).unwrap();
    let [entry] = sample.entries.as_slice() else {
        panic!("{name} has several entries");
    };
    entry
}

/// Checks that an entry comes whole, and gives it.
#[track_caller]
fn whole(agent: &Agent, address: &str, entry: &Entry) -> Vec<u8> {
    let answer = agent.get(address).send();
    assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    assert_eq!(Some(answer.body.len() as u64), entry.size, "{address}");
    assert_eq!(Some(crc32fast::hash(&answer.body)), entry.crc, "{address}");
    answer.body
}

/// What is unpacked on disk.
fn unpacked(agent: &Agent) -> Vec<Value> {
    let mut items = agent.manage().items();
    items.retain(|item| {
        let name = item["name"].as_str().unwrap_or_default();
        item["protocol"] == "archive" && name.ends_with("(unpacked)")
    });
    items
}

#[test]
fn ranges_of_what_was_never_read_whole_come_in_any_order() {
    let (mut seeder, samples) = (Seeder::start(), some(&PACKED));
    let torrent = torrent(&mut seeder, &place(), &samples, None);
    let agent = Agent::start();
    std::thread::scope(|scope| {
        for sample in &samples {
            scope.spawn(|| {
                let mut files: Vec<&Entry> = sample.entries.iter().collect();
                files.sort_by_key(|entry| std::cmp::Reverse(entry.size));
                for (number, entry) in files.into_iter().take(6).enumerate() {
                    any_order(&agent, &torrent, sample, entry, number as u64);
                }
            });
        }
    });
}

/// Asks for ranges from the end to the start, then wherever chance says, then for the whole.
fn any_order(agent: &Agent, torrent: &Seeding, sample: &Sample, entry: &Entry, seed: u64) {
    let address = at(torrent, &sample.file, &entry.name);
    let length = entry.size.unwrap();
    let chances = noise(seed, 8 * RANGES);
    let chances = chances.chunks_exact(8).map(|bytes| {
        let chance = u64::from_le_bytes(bytes.try_into().unwrap());
        chance % length
    });
    let backwards = (0..RANGES as u64)
        .rev()
        .map(|part| length * part / RANGES as u64);
    let mut parts = BTreeMap::new();
    for start in backwards.chain(chances) {
        let end = (start + 70_000).min(length - 1);
        let part = agent
            .get(&address)
            .range(&format!("bytes={start}-{end}"))
            .send();
        assert_eq!(part.status, 206, "{address} {start}: {}", part.text());
        parts.insert((start, end), part.body);
    }
    let whole = whole(agent, &address, entry);
    for ((start, end), part) in parts {
        let place = |at| usize::try_from(at).unwrap();
        assert_same(&part, &whole[place(start)..=place(end)]);
    }
}

#[test]
fn what_went_from_the_disk_is_unpacked_again() {
    let (mut seeder, samples) = (Seeder::start(), some(&PACKED));
    let torrent = torrent(&mut seeder, &place(), &samples, None);
    let agent = Agent::start();
    for sample in &samples {
        let entry = sample
            .entries
            .iter()
            .max_by_key(|entry| entry.size)
            .unwrap();
        let address = at(&torrent, &sample.file, &entry.name);
        let first = whole(&agent, &address, entry);
        assert!(!unpacked(&agent).is_empty(), "{address}");
        until("nobody reads any more", Duration::from_secs(20), || {
            agent.manage().collect(0);
            unpacked(&agent)
                .iter()
                .all(|item| number(item, "disk") == 0)
        });
        let middle = first.len() / 2;
        let part = agent
            .get(&address)
            .range(&format!("bytes={middle}-"))
            .send();
        assert_same(&part.body, &first[middle..]);
        assert!(!unpacked(&agent).is_empty(), "{address}");
        whole(&agent, &address, entry);
    }
}

#[test]
fn an_entry_longer_than_the_limit_is_read_and_read_again() {
    let (mut seeder, samples) = (Seeder::start(), some(&[LONG]));
    let torrent = torrent(&mut seeder, &place(), &samples, None);
    let limited = Setup::new().set("disk.limit = \"48MB\"");
    let agent = limited.set("disk.keep_free = \"0\"").start();
    let entry = only(&samples, LONG);
    let address = at(&torrent, LONG, &entry.name);
    let meter = DiskMeter::over(&agent.data());
    let long = whole(&agent, &address, entry);
    for place in [0, long.len() / 2, 5 * MIB] {
        let end = place + 9 * MIB;
        let part = agent
            .get(&address)
            .range(&format!("bytes={place}-{end}"))
            .send();
        assert_same(&part.body, &long[place..=end]);
    }
    meter.assert_below(48_000_000, 4 * MIB as u64);
}

#[test]
fn a_reader_that_leaves_frees_the_decoder() {
    let (mut seeder, samples) = (Seeder::start(), some(&[LONG, SHORT]));
    let torrent = torrent(&mut seeder, &place(), &samples, None);
    let agent = Setup::new().set("limits.decode_jobs = 1").start();
    let (long, short) = (only(&samples, LONG), only(&samples, SHORT));
    let address = at(&torrent, LONG, &long.name);
    // What was opened needs no decoder any more.
    for (archive, entry) in [(LONG, long), (SHORT, short)] {
        let head = agent.head(&at(&torrent, archive, &entry.name)).send();
        assert_eq!(head.status, 200);
    }
    for _ in 0..3 {
        let mut body = agent.get(&address).open();
        assert_eq!(body.status(), 200);
        assert_eq!(body.read(100_000).len(), 100_000);
        drop(body);
    }
    whole(&agent, &at(&torrent, SHORT, &short.name), short);
    let held = unpacked(&agent);
    let most = held.iter().map(|item| number(item, "disk")).max();
    assert!(
        most < long.size,
        "nothing was left: {most:?} of {:?}",
        long.size
    );
    whole(&agent, &address, long);
}
