//! What is shown, and that nothing is left of it.

use std::{
    fs, net::TcpListener, os::unix::process::ExitStatusExt, process::Command, time::Instant,
};

use rustix::process::Signal;
use serde_json::json;

use super::{Demo, get, names, request};
use crate::support::{assert_same, folder, isolated, node, output_of, pause};

/// The film as it lies in the repository.
const FILM: &[u8] = include_bytes!("../../crates/agent/demo/film.webm");

const FILMS: [&str; 3] = ["film, BitTorrent", "film, IPFS", "film, in RAR"];
const PICTURES: [&str; 2] = ["pictures, BitTorrent", "pictures, IPFS"];

#[test]
fn the_film_comes_over_both_networks_and_out_of_the_archive() {
    isolated(|| {
        let demo = Demo::start();
        for name in FILMS {
            let film = get(demo.link(name));
            assert_eq!(film.status, 200, "{name}");
            assert_eq!(film.header("content-type"), Some("video/webm"), "{name}");
            assert_same(&film.body, FILM);
            // across the end of the first volume, which is not at a round place
            let part = request(demo.link(name)).range("bytes=59000-61999").send();
            assert_eq!(part.status, 206, "{name}");
            assert_same(&part.body, &FILM[59_000..62_000]);
        }
    });
}

#[test]
fn the_pictures_come_out_of_the_zip_over_both_networks() {
    isolated(|| {
        let demo = Demo::start();
        let unpacked = folder();
        let mut bsdtar = Command::new("bsdtar");
        bsdtar.arg("-xf").arg(demo.file("pictures.zip"));
        output_of(bsdtar.arg("-C").arg(unpacked.path()));
        let wanted = names(unpacked.path());
        assert_eq!(wanted.len(), 12);
        for network in PICTURES {
            let listing = format!("{}&format=json", demo.link(network));
            let listing: serde_json::Value = serde_json::from_slice(&get(&listing).body).unwrap();
            let entries = listing["entries"].as_array().unwrap();
            let listed: Vec<_> = entries
                .iter()
                .map(|entry| entry["name"].as_str().unwrap())
                .collect();
            assert_eq!(listed, wanted, "{network}");
            for name in &wanted {
                let picture = get(&demo.below(network, name));
                assert_eq!(picture.header("content-type"), Some("image/png"), "{name}");
                assert_same(
                    &picture.body,
                    &fs::read(unpacked.path().join(name)).unwrap(),
                );
            }
        }
        for name in &wanted {
            // with -xerror a wrong checksum is a failure
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-nostdin", "-loglevel", "error", "-xerror", "-i", name]);
            let ffmpeg = ffmpeg
                .args(["-f", "null", "-"])
                .current_dir(unpacked.path());
            assert_eq!(output_of(ffmpeg), "", "{name}");
        }
    });
}

#[test]
fn other_programs_unpack_the_volumes() {
    isolated(|| {
        let demo = Demo::start();
        let unpacked = folder();
        let volumes: Vec<_> = (1..=3)
            .map(|number| demo.file(&format!("film.part{number}.rar")))
            .collect();
        assert!(!demo.file("film.part4.rar").exists());
        let mut seven = Command::new("7z");
        seven
            .args(["x", "-bso0"])
            .arg(format!("-o{}", unpacked.path().display()));
        output_of(seven.arg(&volumes[0]));
        assert_same(&fs::read(unpacked.path().join("film.webm")).unwrap(), FILM);
        // it reads volumes one behind the other
        let all = unpacked.path().join("all.rar");
        let content: Vec<_> = volumes
            .iter()
            .map(|volume| fs::read(volume).unwrap())
            .collect();
        fs::write(&all, content.concat()).unwrap();
        let mut bsdtar = Command::new("bsdtar");
        bsdtar.arg("-C").arg(unpacked.path()).arg("-xf");
        fs::remove_file(unpacked.path().join("film.webm")).unwrap();
        output_of(bsdtar.arg(&all));
        assert_same(&fs::read(unpacked.path().join("film.webm")).unwrap(), FILM);
    });
}

#[test]
fn the_page_plays_the_films_and_shows_the_pictures_in_a_browser() {
    isolated(|| {
        let demo = Demo::start();
        let links = [FILMS[0], FILMS[1], FILMS[2], PICTURES[1], PICTURES[0]];
        let input = json!({
            "page": demo.link("page"),
            "links": links.map(|name| demo.link(name)),
            "dashboard": demo.link("dashboard"),
        });
        node("demo.mjs", &input);
        assert_eq!(demo.log(), "", "nothing went wrong");
    });
}

#[test]
fn nothing_is_left_and_nothing_of_the_user_was_touched() {
    isolated(|| {
        for signal in [Signal::TERM, Signal::INT] {
            // where an agent of the user's own listens
            let taken = [7788, 7789].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
            let mut demo = Demo::start();
            // somebody who is still reading
            let reader = request(demo.link(FILMS[1])).open();
            assert!(demo.place().join("agent").is_dir());
            let home = demo.home.path().to_owned();
            let status = demo.end(signal);
            assert_eq!(status.code(), Some(0), "{status}");
            assert_eq!(names(&home), ["log", "temporary"]);
            assert!(names(&home.join("temporary")).is_empty());
            assert_eq!(demo.log(), "");
            drop((reader, taken));
        }
    });
}

#[test]
fn whenever_it_is_ended_nothing_is_left() {
    isolated(|| {
        let started = Instant::now();
        let usual = {
            let mut demo = Demo::start();
            let usual = started.elapsed();
            demo.end(Signal::TERM);
            usual
        };
        for part in 0..5 {
            let home = folder();
            let mut demo = Demo::spawned(home, |command| command.arg("--no-open"));
            pause(usual * part / 5);
            // before it listens for signals it ends as every program does
            let status = demo.end(Signal::TERM);
            let is_expected = status.code() == Some(0) || status.signal() == Some(15);
            assert!(is_expected, "{part} of 5: {status}");
            assert!(
                names(&super::temporary(demo.home.path())).is_empty(),
                "{part} of 5"
            );
        }
    });
}

#[test]
fn no_socket_can_be_reached_from_elsewhere() {
    isolated(|| {
        let demo = Demo::start();
        assert_same(&get(demo.link(FILMS[1])).body, FILM);
        // nobody else is in this network
        for table in ["tcp", "udp", "tcp6", "udp6"] {
            let table = format!("/proc/{}/net/{table}", demo.child.id());
            let table = fs::read_to_string(&table).unwrap();
            for line in table.lines().skip(1) {
                let local = line.split_whitespace().nth(1).unwrap();
                let own = ["0100007F:", "00000000000000000000000001000000:"];
                assert!(
                    own.iter().any(|own| local.starts_with(own)),
                    "{local}\n{table}"
                );
            }
        }
    });
}
