//! Archives that others made, against what others than us unpack of them.
//!
//! `tests/run` fetches them and writes down what Python, 7-Zip and bsdtar find in each. All archives
//! of a format lie in one torrent, or in a ZIP that does, which is stored or deflated itself.

mod asking;
mod expected;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use asking::{Asking, Depth};

pub(super) use expected::{Entry, Sample, samples};

use crate::support::{Agent, Seeder, Seeding, Spec, encoded};

/// Clients that ask at the same time.
const CLIENTS: usize = 4;

/// The folder that the samples are in.
pub(super) fn place() -> PathBuf {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/samples");
    assert!(
        place.join("installed").exists(),
        "{} is missing: run tests/run once, it installs what the tests need",
        place.display()
    );
    place
}

/// Asks for all of all samples of a format; `beneath` is what they lie in.
#[track_caller]
fn assert_all(group: &str, beneath: Option<&str>) {
    let place = place();
    let samples = samples(&place, group);
    let mut seeder = Seeder::start();
    let torrent = torrent(&mut seeder, &place, &samples, beneath);
    let agent = Agent::start();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while let Some(sample) = samples.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file = encoded(&sample.file).replace("%2F", "/");
                    let path = match beneath {
                        Some(outer) => format!("/{outer}/{file}"),
                        None => format!("/{file}"),
                    };
                    let depth = if beneath.is_some() {
                        Depth::Nested
                    } else {
                        Depth::Plain
                    };
                    let mut asking = Asking::new(&agent, &torrent, &path, depth);
                    asking.sample(sample, &place);
                    wrong.lock().unwrap().extend(asking.wrong);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {} archives:\n{}",
        wrong.len(),
        samples.len(),
        wrong.join("\n")
    );
}

/// The torrent with all samples, or with what they were packed into.
pub(super) fn torrent(
    seeder: &mut Seeder,
    place: &Path,
    samples: &[Sample],
    beneath: Option<&str>,
) -> Seeding {
    let mut spec = Spec::folder("samples");
    if let Some(outer) = beneath {
        spec = spec.with(&[outer], std::fs::read(place.join(outer)).unwrap());
    } else {
        for volume in samples.iter().flat_map(|sample| &sample.volumes) {
            let bytes = std::fs::read(place.join("sets").join(volume)).unwrap();
            let path: Vec<&str> = volume.split('/').collect();
            spec = spec.with(&path, bytes);
        }
    }
    seeder.seed(spec)
}

#[test]
fn zips_of_others_come_like_directories() {
    assert_all("zip", None);
}

#[test]
fn zips_of_others_in_stored_zips() {
    assert_all("zip", Some("zip-stored.zip"));
}

#[test]
fn zips_of_others_in_deflated_zips() {
    assert_all("zip", Some("zip-deflated.zip"));
}

#[test]
fn tars_of_others_come_like_directories() {
    assert_all("tar", None);
}

#[test]
fn tars_of_others_in_stored_zips() {
    assert_all("tar", Some("tar-stored.zip"));
}

#[test]
fn tars_of_others_in_deflated_zips() {
    assert_all("tar", Some("tar-deflated.zip"));
}

#[test]
fn sevens_of_others_come_like_directories() {
    assert_all("seven", None);
}

#[test]
fn sevens_of_others_in_stored_zips() {
    assert_all("seven", Some("seven-stored.zip"));
}

#[test]
fn sevens_of_others_in_deflated_zips() {
    assert_all("seven", Some("seven-deflated.zip"));
}

#[test]
fn rars_of_others_come_like_directories() {
    assert_all("rar", None);
}

#[test]
fn rars_of_others_in_stored_zips() {
    assert_all("rar", Some("rar-stored.zip"));
}

#[test]
fn rars_of_others_in_deflated_zips() {
    assert_all("rar", Some("rar-deflated.zip"));
}
