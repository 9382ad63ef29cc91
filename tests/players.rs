//! What players do, request by request.

use std::process::Command;

use crate::support::{
    Agent, Connection, MIB, Seeder, Seeding, Spec, assert_same, ffmpeg, folder, noise, output_of,
};

fn film(seeder: &mut Seeder) -> Seeding {
    seeder.seed(Spec::single("film.mkv", noise(1, 12 * MIB)).pieces(256 << 10))
}

/// Kodi asks twice for the head, opens the whole, drops it after one or two megabytes, and opens
/// it again together with its tail.
#[test]
fn kodi_opens_a_film() {
    let mut seeder = Seeder::start();
    let film = film(&mut seeder);
    let right = film.bytes("film.mkv");
    let agent = Agent::start();
    let target = film.at("/film.mkv");
    for _ in 0..2 {
        let head = agent.head(&target).send();
        assert_eq!(
            (head.status, head.header("accept-ranges")),
            (200, Some("bytes"))
        );
    }
    let mut first = agent.get(&target).range("bytes=0-").open();
    assert_eq!(first.status(), 206);
    assert_same(&first.read(3 * MIB / 2), &right[..3 * MIB / 2]);
    drop(first);
    let again = agent.get(&target).range("bytes=0-").open();
    let tail = format!("bytes={}-", right.len() - 70_000);
    let tail = agent.get(&target).range(&tail).send();
    assert_same(&tail.body, &right[right.len() - 70_000..]);
    let whole = again.finish();
    assert!(!whole.broken);
    assert_same(&whole.body, &right);
}

/// Safari asks for two bytes first and takes nothing but a 206 for an answer.
#[test]
fn safari_opens_a_film() {
    let mut seeder = Seeder::start();
    let film = film(&mut seeder);
    let right = film.bytes("film.mkv");
    let agent = Agent::start();
    let target = film.at("/film.mkv");
    let probe = agent.get(&target).range("bytes=0-1").send();
    assert_eq!(probe.status, 206);
    let total = format!("bytes 0-1/{}", right.len());
    assert_eq!(probe.header("content-range"), Some(total.as_str()));
    assert_same(&probe.body, &right[..2]);
    let whole = format!("bytes=0-{}", right.len() - 1);
    let mut body = agent.get(&target).range(&whole).open();
    assert_eq!(body.status(), 206);
    assert_same(&body.read(65_536), &right[..65_536]);
    for start in [9 * MIB, 4 * MIB] {
        let range = format!("bytes={start}-{}", start + 65_535);
        let part = agent.get(&target).range(&range).send();
        assert_eq!(part.status, 206);
        assert_same(&part.body, &right[start..start + 65_536]);
    }
    assert_same(&body.finish().body, &right[65_536..]);
}

/// A second range on the same connection must not cost the connection.
#[test]
fn one_connection_carries_many_ranges() {
    let mut seeder = Seeder::start();
    let film = film(&mut seeder);
    let right = film.bytes("film.mkv");
    let agent = Agent::start();
    let target = film.at("/film.mkv");
    let mut connection = Connection::open(agent.content());
    for start in [0, 5 * MIB, 1000, 11 * MIB] {
        let range = format!("bytes={start}-{}", start + 99_999);
        let (part, kept) = connection
            .send(agent.get(&target).range(&range))
            .finish_and_keep();
        assert_same(&part.body, &right[start..start + 100_000]);
        connection = kept;
    }
    let (missing, kept) = connection
        .send(agent.get(&film.at("/nothing")))
        .finish_and_keep();
    assert_eq!(missing.status, 404);
    assert_eq!(kept.send(agent.head(&target)).status(), 200);
}

/// ffprobe has to seek to the end for the index, and back.
#[test]
fn ffprobe_reads_a_film_whose_index_stands_at_the_end() {
    let place = folder();
    let made = ffmpeg(
        place.path(),
        "film.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=duration=12:size=640x360:rate=25",
            "-f",
            "lavfi",
            "-i",
            "sine=duration=12",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-c:a",
            "aac",
        ],
    );
    let bytes = std::fs::read(&made).unwrap();
    let place_of = |name: &[u8]| crate::support::position(&bytes, name).unwrap();
    assert!(
        place_of(b"moov") > place_of(b"mdat"),
        "the index stands in front"
    );
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single_file("film.mp4", &made));
    let agent = Agent::start();
    let printed = output_of(
        Command::new("ffprobe")
            .args(["-v", "error", "-of", "json", "-count_packets"])
            .args([
                "-show_entries",
                "format=duration:stream=codec_type,nb_read_packets",
            ])
            .arg(agent.url(&film.at("/film.mp4"))),
    );
    let probed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let duration: f64 = probed["format"]["duration"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((11.5..12.5).contains(&duration), "{printed}");
    let video = &probed["streams"][0];
    assert_eq!(
        (&video["codec_type"], &video["nb_read_packets"]),
        (&"video".into(), &"300".into())
    );
}
