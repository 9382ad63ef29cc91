//! The dashboard in a real browser: against a mock of the agent, which has faults, restarts and hostile names
//! at hand, and against a real one. The scripts lie in `tests/browser/dashboard`.

use std::{fs, thread};

use serde_json::json;

use crate::support::{
    Agent, MIB, STOPPING, Seeder, Seeding, Setup, Spec, ffmpeg, folder, isolated, node, noise,
    until,
};

/// The width of the film and of the picture.
const WIDTH: u32 = 160;

fn dashboard(theme: &str) {
    node(&format!("dashboard/{theme}.mjs"), &json!({}));
}

#[test]
fn every_view_shows_what_the_agent_says() {
    dashboard("views");
}

#[test]
fn everything_one_can_do_is_done_and_undone() {
    dashboard("actions");
}

#[test]
fn nothing_failures_and_restarts_are_shown_as_what_they_are() {
    dashboard("states");
}

#[test]
fn hostile_names_are_letters() {
    dashboard("hostile");
}

#[test]
fn it_works_without_a_mouse() {
    dashboard("keyboard");
}

#[test]
fn axe_finds_nothing_serious_in_light_colours() {
    node("dashboard/axe.mjs", &json!({ "colours": "light" }));
}

#[test]
fn axe_finds_nothing_serious_in_dark_colours() {
    node("dashboard/axe.mjs", &json!({ "colours": "dark" }));
}

#[test]
fn it_is_small() {
    dashboard("speed");
}

/// A torrent that plays, with names that would run, turn the line around, or stretch the page.
fn hostile_torrent(seeder: &mut Seeder) -> Seeding {
    let place = folder();
    let moving = format!("testsrc=duration=4:size={WIDTH}x90:rate=12");
    let made = |name: &str, how: &[&str]| {
        let input = [["-f", "lavfi"], ["-i", &moving]].concat();
        fs::read(ffmpeg(place.path(), name, &[&input, how].concat())).unwrap()
    };
    let film = made("film.webm", &["-c:v", "libvpx", "-deadline", "realtime"]);
    let still = made("still.png", &["-frames:v", "1"]);
    let long = format!("long {}.mp4", "x".repeat(200));
    let turning = "\u{202e}gpj.exe\u{202d} film\u{2066}.mp4";
    let spec = Spec::folder("<img src=x onerror=\"window.ran=1\">")
        .with(&["film.webm"], film)
        .with(&["still.png"], still)
        .with(&["large.bin"], noise(1, 32 * MIB))
        .with(&["<script>window.ran=1<", "script>.mp4"], "a")
        .with(&[turning], "b")
        .with(&["{{constructor}} &lt;b&gt;.mp4"], "c")
        .with(&[&long], "d");
    seeder.seed(spec)
}

#[test]
fn an_evening_with_a_real_agent() {
    // Where its ports are free again for the agent that takes the place of the killed one.
    isolated(|| {
        let mut seeder = Seeder::start();
        let show = hostile_torrent(&mut seeder);
        let place = folder();
        let shared = place.path().join("a <b>film.bin");
        fs::write(&shared, noise(2, 3 * MIB)).unwrap();
        let setup = Setup::new();
        let setup = setup.argument("--listen").argument("127.0.0.1:7788");
        let setup = setup.argument("--management").argument("127.0.0.1:7789");
        let mut agent: Agent = setup.start();
        let input = json!({
            "address": format!("http://{}", agent.management()),
            "id": show.id,
            "magnet": format!("magnet:?xt=urn:btih:{}&x.pe={}", show.id, show.peer),
            "metainfo": show.metainfo,
            "large": show.at("/large.bin"),
            "width": WIDTH,
            "shared": shared,
            "flags": place.path(),
        });
        thread::scope(|scope| {
            let script = scope.spawn(|| node("dashboard/real.mjs", &input));
            let is_asked = |what: &str| place.path().join(what).exists() || script.is_finished();
            let longest = STOPPING * 10;
            until("the wish to kill the agent", longest, || is_asked("kill"));
            agent.kill();
            until("the wish to start it again", longest, || is_asked("start"));
            agent.start_again();
            script.join().unwrap();
        });
    });
}
