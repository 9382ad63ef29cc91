//! Films and pictures in archives, as players and browsers open them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Agent, PIECE, Seeder, Seeding, Spec, assert_same, ffmpeg, file_of_suite, folder, node,
    output_of, python,
};

/// The length of the films in seconds.
const SECONDS: u32 = 60;

/// The width of the films and of the pictures.
const WIDTH: u32 = 320;

/// Bytes in a volume of a set.
const VOLUME: &str = "700000";

/// Every way a film is packed, and whether nothing of it need be unpacked.
const PACKINGS: [(Packing, bool); 4] = [
    (Packing::Rar("4"), true),
    (Packing::Rar("5"), true),
    (Packing::Zip("Copy"), true),
    (Packing::Zip("Deflate"), false),
];

#[derive(Clone, Copy, Debug)]
enum Packing {
    /// Stored across volumes, of this generation.
    Rar(&'static str),
    /// By this method.
    Zip(&'static str),
}

/// The two films, made once for a test.
struct Films {
    place: TempDir,
    films: [PathBuf; 2],
}

impl Films {
    fn new() -> Self {
        let place = folder();
        let moving =
            format!("testsrc=duration={SECONDS}:size={WIDTH}x180:rate=24,noise=alls=40:allf=t");
        let film = |name: &str, codecs: &str| {
            let sound = format!("sine=duration={SECONDS}");
            let mut arguments = vec!["-f", "lavfi", "-i", &moving, "-f", "lavfi", "-i", &sound];
            arguments.extend(codecs.split(' '));
            ffmpeg(place.path(), name, &arguments)
        };
        let films = [
            film(
                "film.mkv",
                "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1500k -g 24 -c:a libvorbis",
            ),
            // The index stands at the end.
            film(
                "film.mp4",
                "-c:v libx264 -preset ultrafast -b:v 1500k -g 24 -pix_fmt yuv420p -c:a aac",
            ),
        ];
        Self { place, films }
    }

    /// A torrent of a packed film, and its address.
    fn seed(&self, seeder: &mut Seeder, film: &Path, packing: Packing) -> (Seeding, String) {
        let packed = tempfile::tempdir_in(self.place.path()).unwrap();
        let name = film.file_name().unwrap().to_str().unwrap();
        let archive = match packing {
            Packing::Rar(generation) => {
                let mut make = Command::new(python());
                make.arg("-B").arg(file_of_suite("archives/volumes.py"));
                let make = make.arg(generation).arg(film).arg(packed.path());
                output_of(make.args(["set", VOLUME]));
                if generation == "4" {
                    "set.rar"
                } else {
                    "set.part01.rar"
                }
            }
            Packing::Zip(method) => {
                zip(&packed.path().join("film.zip"), method, &[film.into()]);
                "film.zip"
            }
        };
        let mut spec = Spec::folder(&format!("{name}-{packing:?}"));
        let mut files: Vec<_> = std::fs::read_dir(packed.path()).unwrap().collect();
        files.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
        for entry in files {
            let entry = entry.unwrap();
            let bytes = std::fs::read(entry.path()).unwrap();
            spec = spec.with(&[entry.file_name().to_str().unwrap()], bytes);
        }
        let seeding = seeder.seed(spec);
        let address = seeding.at(&format!("/{archive}/{name}"));
        (seeding, address)
    }
}

fn zip(archive: &Path, method: &str, files: &[PathBuf]) {
    let mut seven = Command::new("7z");
    seven.args(["a", "-bso0", "-tzip", &format!("-mm={method}")]);
    output_of(seven.arg(archive).args(files));
}

/// What ffprobe says of a film.
fn probed(film: &str) -> Value {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-of", "json", "-show_entries"]);
    let shown = "format=duration:stream=codec_name,width";
    serde_json::from_str(&output_of(probe.args([shown, film]))).unwrap()
}

/// The digest of the pictures of a second from the middle.
fn decoded(film: &str) -> String {
    let mut decode = Command::new("ffmpeg");
    decode.args(["-nostdin", "-v", "error", "-ss", "40", "-i", film]);
    output_of(decode.args(["-t", "1", "-an", "-f", "md5", "-"]))
}

#[test]
fn ffmpeg_reads_films_in_archives_and_decodes_where_it_seeks() {
    let films = Films::new();
    let mut seeder = Seeder::start();
    let agent = Agent::start();
    for film in &films.films {
        let local = film.to_str().unwrap();
        let (wanted, second) = (probed(local), decoded(local));
        assert_eq!(wanted["streams"].as_array().unwrap().len(), 2, "{wanted}");
        for (packing, _) in PACKINGS {
            let (_, address) = films.seed(&mut seeder, film, packing);
            let url = agent.url(&address);
            assert_eq!(probed(&url), wanted, "{local} in {packing:?}");
            assert_eq!(decoded(&url), second, "{local} in {packing:?}");
        }
    }
}

#[test]
fn head_and_tail_of_a_film_in_an_archive_take_few_pieces() {
    let films = Films::new();
    let mut seeder = Seeder::start();
    let agent = Agent::start();
    for film in &films.films {
        let right = std::fs::read(film).unwrap();
        let length = right.len();
        assert!(length as u64 > 100 * PIECE, "{length} bytes are too few");
        for (packing, is_stored) in PACKINGS {
            let (seeding, address) = films.seed(&mut seeder, film, packing);
            let head = agent.get(&address).range("bytes=0-9999").send();
            assert_same(&head.body, &right[..10_000]);
            let tail = agent.get(&address).range("bytes=-10000").send();
            assert_same(&tail.body, &right[length - 10_000..]);
            let place = length * 3 / 5;
            let range = format!("bytes={place}-{}", place + 9_999);
            let part = agent.get(&address).range(&range).send();
            assert_same(&part.body, &right[place..place + 10_000]);
            let fetched = seeder.sent(&seeding).uploaded;
            // Every place lies in two pieces at most; so do the headers that lead there. What is packed comes
            // once, but for blocks that are asked for twice where a machine is slow.
            let most = if is_stored {
                14 * PIECE
            } else {
                length as u64 * 5 / 4
            };
            assert!(fetched <= most, "{fetched} bytes of {packing:?}");
        }
    }
}

#[test]
fn films_in_archives_play_and_seek_in_a_browser() {
    let films = Films::new();
    let mut seeder = Seeder::start();
    let agent = Agent::start();
    let [mkv, mp4] = &films.films;
    let shown = [
        (mkv, Packing::Rar("4")),
        (mp4, Packing::Rar("5")),
        (mp4, Packing::Zip("Copy")),
        (mkv, Packing::Zip("Deflate")),
    ];
    let urls = shown.map(|(film, packing)| agent.url(&films.seed(&mut seeder, film, packing).1));
    let input = json!({ "films": urls, "duration": SECONDS, "width": WIDTH });
    node("films.mjs", &input);
}

#[test]
fn a_page_shows_thirty_pictures_out_of_one_zip() {
    let place = folder();
    let moving = format!("testsrc=duration=30:size={WIDTH}x180:rate=1");
    ffmpeg(place.path(), "%d.jpg", &["-f", "lavfi", "-i", &moving]);
    let pictures: Vec<_> = (1..=30)
        .map(|number| place.path().join(format!("{number}.jpg")))
        .collect();
    let archive = place.path().join("pictures.cbz");
    let (stored, deflated) = pictures.split_at(15);
    zip(&archive, "Copy", stored);
    zip(&archive, "Deflate", deflated);
    let mut seeder = Seeder::start();
    let torrent = seeder.seed(Spec::single_file("pictures.cbz", &archive));
    let agent = Agent::start();
    let url = |number| agent.url(&torrent.at(&format!("/pictures.cbz/{number}.jpg")));
    let input = json!({ "pictures": (1..=30).map(url).collect::<Vec<_>>(), "width": WIDTH });
    node("pictures.mjs", &input);
}
