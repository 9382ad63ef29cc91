//! A real browser against a running agent; the scripts lie in `tests/browser`.

use serde_json::json;

use crate::support::{Agent, STOPPING, Seeder, Seeding, Spec, ffmpeg, folder, node, until};

/// The width of the film and of the picture.
const WIDTH: u32 = 320;

/// The length of the film in seconds.
const SECONDS: u32 = 30;

const TEXT: &str = "grün und 日本語";

/// Writes a page of its own title and address for every way a document can run a script.
fn page() -> String {
    let steal = "window.ran=1;document.title='ran';fetch('/stolen')";
    format!(
        "<!doctype html><title>still</title><p>shown</p><script>{steal}</script>\
         <img src=x onerror=\"{steal}\"><svg onload=\"{steal}\"></svg>\
         <iframe srcdoc=\"<script>fetch('/stolen')</script>\"></iframe>\
         <meta http-equiv=refresh content=\"0;url=javascript:{steal}\">\
         <form action=/stolen><input autofocus onfocus=\"{steal};this.form.submit()\"></form>"
    )
}

fn drawing() -> String {
    let steal = "window.ran=1;fetch('/stolen')";
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10' onload=\"{steal}\">\
         <script>{steal}</script><rect width='10' height='10'/></svg>"
    )
}

/// A torrent of everything a browser shows.
fn show(seeder: &mut Seeder) -> Seeding {
    let place = folder();
    let size = format!("size={WIDTH}x180:rate=24");
    let moving = format!("testsrc=duration={SECONDS}:{size}");
    let video = ffmpeg(
        place.path(),
        "film.webm",
        &[
            "-f",
            "lavfi",
            "-i",
            &moving,
            "-c:v",
            "libvpx",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-b:v",
            "2M",
            "-g",
            "24",
        ],
    );
    let still = format!("testsrc=duration=1:{size}");
    let image = ffmpeg(
        place.path(),
        "still.png",
        &["-f", "lavfi", "-i", &still, "-frames:v", "1"],
    );
    let audio = ffmpeg(
        place.path(),
        "song.ogg",
        &["-f", "lavfi", "-i", "sine=duration=5"],
    );
    let read = |path| std::fs::read(path).unwrap();
    seeder.seed(
        Spec::folder("show")
            .with(&["film.webm"], read(&video))
            .with(&["still.png"], read(&image))
            .with(&["song.ogg"], read(&audio))
            .with(&["words.txt"], TEXT)
            .with(&["page.html"], page())
            .with(&["page.xhtml"], xhtml())
            .with(&["drawing.svg"], drawing()),
    )
}

fn xhtml() -> String {
    "<html xmlns='http://www.w3.org/1999/xhtml'><body onload=\"window.ran=1\">\
     <script>window.ran=1;fetch('/stolen')</script><p>shown</p></body></html>"
        .to_owned()
}

#[test]
fn a_film_plays_and_seeks_on_the_page_of_another_origin_and_in_a_sandbox() {
    let mut seeder = Seeder::start();
    let show = show(&mut seeder);
    let agent = Agent::start();
    let input = json!({
        "video": agent.url(&show.at("/film.webm")),
        "image": agent.url(&show.at("/still.png")),
        "duration": SECONDS,
        "width": WIDTH,
    });
    node("embed.mjs", &input);
}

#[test]
fn documents_from_a_torrent_run_no_script() {
    let mut seeder = Seeder::start();
    let show = show(&mut seeder);
    let agent = Agent::start();
    let addresses =
        ["/page.html", "/page.xhtml", "/drawing.svg"].map(|path| agent.url(&show.at(path)));
    node("scripts.mjs", &json!({ "documents": addresses }));
}

#[test]
fn what_a_browser_shows_by_itself_shows_when_opened_directly() {
    let mut seeder = Seeder::start();
    let show = show(&mut seeder);
    let agent = Agent::start();
    let input = json!({
        "video": agent.url(&show.at("/film.webm")),
        "image": agent.url(&show.at("/still.png")),
        "audio": agent.url(&show.at("/song.ogg")),
        "text": agent.url(&show.at("/words.txt")),
        "words": TEXT,
        "width": WIDTH,
    });
    node("direct.mjs", &input);
}

#[test]
fn the_helper_of_sites_says_who_asks_and_takes_another_source_where_it_has_to() {
    let mut seeder = Seeder::start();
    let show = show(&mut seeder);
    let agent = Agent::start();
    let input = json!({
        "agent": agent.url(""),
        "image": show.at("/still.png"),
        "absent": show.at("/nothing.png"),
        "width": WIDTH,
    });
    node("helper.mjs", &input);
    until("the booking", STOPPING, || {
        let sites = agent.manage().get("/usage?by=site").to_string();
        sites.contains("1HeLLo4uzjaLetFx6NH3PMwFP3qbRbTf3D")
    });
}
