//! One file from a URL to the bytes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::support::{
    Agent, MIB, PIECE, Seeder, Spec, assert_same, folder, noise, noise_file, pause, until,
};

#[test]
fn a_file_comes_whole_and_right() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("a film.mkv", noise(1, 5 * MIB + 12_345)));
    let agent = Agent::start();
    let answer = agent.get(&film.at("/a%20film.mkv")).send();
    assert_eq!(answer.status, 200);
    assert_same(&answer.body, &film.bytes("a film.mkv"));
}

#[test]
fn every_answer_carries_the_fixed_headers() {
    let mut seeder = Seeder::start();
    let page = seeder.seed(Spec::single("page.html", noise(2, 1000)));
    let agent = Agent::start();
    let answer = agent.get(&page.at("/page.html")).send();
    let csp = "sandbox; default-src 'none'; img-src 'self' data: blob:; \
               media-src 'self' data: blob:; style-src 'unsafe-inline'";
    for (name, value) in [
        ("content-length", "1000"),
        ("accept-ranges", "bytes"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", csp),
        (
            "access-control-expose-headers",
            "Accept-Ranges, Content-Range, Content-Length, ETag",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("text/html"), "{content_type}");
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("inline"), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''page.html"),
        "{disposition}"
    );
    let etag = answer.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
}

#[test]
fn a_download_is_named_as_asked() {
    let mut seeder = Seeder::start();
    let page = seeder.seed(Spec::single("page.html", noise(3, 10)));
    let agent = Agent::start();
    let answer = agent
        .get(&page.at("/page.html?download=1&filename=n%C3%A4me.txt"))
        .send();
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''n%C3%A4me.txt"),
        "{disposition}"
    );
}

#[test]
fn a_head_request_fetches_no_byte_of_the_body() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(4, 3 * MIB)));
    let agent = Agent::start();
    let answer = agent.head(&film.at("/film.mkv")).send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), Some("3145728"));
    assert_eq!(answer.header("content-type"), Some("video/x-matroska"));
    pause(Duration::from_secs(1));
    assert_eq!(seeder.sent(&film).uploaded, 0);
}

#[test]
fn a_name_without_a_type_is_judged_by_the_first_bytes() {
    let mut seeder = Seeder::start();
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(noise(5, 2 * PIECE as usize));
    let picture = seeder.seed(Spec::single("picture", png));
    let agent = Agent::start();
    let answer = agent.head(&picture.at("/picture")).send();
    assert_eq!(answer.header("content-type"), Some("image/png"));
}

#[test]
fn the_end_of_a_large_file_costs_little() {
    let length = 1 << 30;
    let start = noise(6, MIB);
    let end = noise(7, MIB);
    let place = folder();
    let islands = [(0, start.as_slice()), (length - MIB as u64, end.as_slice())];
    let sparse = noise_file(place.path(), length, &islands);
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single_file("film.bin", &sparse).pieces(1 << 20));
    let agent = Agent::start();
    let answer = agent
        .get(&film.at("/film.bin"))
        .range("bytes=-1048576")
        .send();
    assert_eq!(answer.status, 206);
    assert_same(&answer.body, &end);
    // what is still on its way belongs to the bill
    pause(Duration::from_secs(2));
    let uploaded = seeder.sent(&film).uploaded;
    assert!(uploaded <= 4 * MIB as u64, "{uploaded} bytes were fetched");
}

#[test]
fn seeks_land_where_they_should() {
    let length = 1 << 30;
    let mut islands = Vec::new();
    for number in 0..8 {
        islands.push((number * 130_000_001, noise(10 + number, 300_000)));
    }
    let place = folder();
    let borrowed: Vec<_> = islands
        .iter()
        .map(|(at, bytes)| (*at, bytes.as_slice()))
        .collect();
    let sparse = noise_file(place.path(), length, &borrowed);
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single_file("film.bin", &sparse).pieces(1 << 20));
    let agent = Agent::start();
    for number in [0, 7, 3, 5, 1, 6, 2, 4] {
        let (at, bytes) = &islands[number];
        let target = film.at("/film.bin");
        let mut body = agent.get(&target).range(&format!("bytes={at}-")).open();
        assert_eq!(body.status(), 206);
        assert_same(&body.read(bytes.len()), bytes);
    }
}

#[test]
fn a_client_that_leaves_frees_its_work() {
    let mut seeder = Seeder::start();
    let length = 200 * MIB as u64;
    let place = folder();
    let sparse = noise_file(place.path(), length, &[(0, &noise(20, MIB))]);
    let film = seeder.seed(Spec::single_file("film.bin", &sparse).pieces(1 << 20));
    seeder.limit(8 << 20);
    let agent = Agent::start();
    let mut body = agent.get(&film.at("/film.bin")).open();
    assert_same(&body.read(MIB), &film.part("film.bin", 0, MIB));
    drop(body);
    let mut before = 0;
    until("the end of the fetching", Duration::from_secs(30), || {
        pause(Duration::from_secs(1));
        let now = seeder.sent(&film).uploaded;
        std::mem::replace(&mut before, now) == now
    });
    assert!(
        before < length / 2,
        "{before} of {length} bytes were fetched"
    );
}

#[test]
fn many_readers_of_one_new_id_find_it_once() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(21, 2 * MIB)));
    let agent = Agent::start();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let answer = agent.get(&film.at("/film.mkv")).send();
                assert_eq!(answer.status, 200, "{}", answer.text());
                assert_same(&answer.body, &film.bytes("film.mkv"));
            });
        }
    });
    let sent = seeder.sent(&film);
    assert!(sent.connections <= 4, "{} connections", sent.connections);
    assert!(
        sent.uploaded < 2 * 2 * MIB as u64,
        "{} bytes",
        sent.uploaded
    );
}

#[test]
fn readers_of_many_places_all_get_on() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(22, 32 * MIB)).pieces(256 << 10));
    let agent = Agent::start();
    std::thread::scope(|scope| {
        for reader in 0..32_u64 {
            let (agent, film) = (&agent, &film);
            scope.spawn(move || {
                let start = reader * 987_654;
                let range = format!("bytes={start}-{}", start + 499_999);
                let answer = agent.get(&film.at("/film.mkv")).range(&range).send();
                assert_same(&answer.body, &film.part("film.mkv", start, 500_000));
            });
        }
    });
}

#[test]
fn a_reader_is_not_harmed_by_others_that_come_and_go() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(23, 24 * MIB)).pieces(256 << 10));
    seeder.limit(4 << 20);
    let agent = Agent::start();
    let reading = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for visitor in 0..3_u64 {
            let (agent, film, reading) = (&agent, &film, &reading);
            scope.spawn(move || {
                for visit in 1.. {
                    if !reading.load(Ordering::Relaxed) {
                        break;
                    }
                    let start = (visitor + visit * 7_654_321) % (23 * MIB as u64);
                    let range = format!("bytes={start}-");
                    let mut body = agent.get(&film.at("/film.mkv")).range(&range).open();
                    assert_same(&body.read(10_000), &film.part("film.mkv", start, 10_000));
                }
            });
        }
        let answer = agent.get(&film.at("/film.mkv")).send();
        reading.store(false, Ordering::Relaxed);
        assert!(!answer.broken, "it broke after {} bytes", answer.body.len());
        assert_same(&answer.body, &film.bytes("film.mkv"));
    });
}

#[test]
fn the_fetching_runs_ahead_of_a_slow_reader() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(5, 96 * MIB)).pieces(1 << 20));
    let agent = Agent::start();
    let mut body = agent.get(&film.at("/film.mkv")).open();
    assert_same(&body.read(20 * MIB), &film.part("film.mkv", 0, 20 * MIB));
    // The reader rests here, and has never been short of anything for a while. What lies ahead is
    // fetched all the same, not only when it comes to the end of what is there.
    until("the bytes ahead", Duration::from_secs(60), || {
        seeder.sent(&film).uploaded >= 44 * MIB as u64
    });
}
