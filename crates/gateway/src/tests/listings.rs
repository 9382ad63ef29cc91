use axum::http::StatusCode;
use universal_p2p_core::Hints;

use super::{
    fakes::Event,
    support::{settings, world},
};

#[tokio::test]
async fn a_directory_without_its_slash_is_moved() {
    let world = world(settings());
    let moved = world
        .get("/fake/v0/stream/all/music?from=a%20b&x=1", &[])
        .await;
    assert_eq!(moved.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(
        moved.header("location"),
        "/fake/v0/stream/all/music/?from=a%20b&x=1"
    );
    let magnet = world
        .get("/fake/v0/stream/magnet%3a%3Fxt=all/music", &[])
        .await;
    assert_eq!(
        magnet.header("location"),
        "/fake/v0/stream/magnet%3A%3Fxt%3Dall/music/"
    );
}

#[tokio::test]
async fn programs_get_a_listing_as_json() {
    let world = world(settings());
    let path = "/fake/v0/stream/all/music/?from=me&tr=udp%3A%2F%2Ft";
    for (path, accept) in [
        (path.to_owned(), "application/json"),
        (format!("{path}&format=json"), "*/*"),
    ] {
        let listing = world.get(&path, &[("accept", accept)]).await;
        assert_eq!(listing.header("content-type"), "application/json");
        assert_eq!(listing.header("cache-control"), "no-cache");
        let json = listing.json();
        assert_eq!(json["path"], "/music/");
        let names: Vec<_> = (0..3).map(|n| json["entries"][n]["name"].clone()).collect();
        assert_eq!(names, ["2.mp3", "2.srt", "10.mp3"]);
        let first = &json["entries"][0];
        assert_eq!(
            (&first["type"], &first["length"]),
            (&"file".into(), &3.into())
        );
        let url = first["url"].as_str().expect("an address");
        assert_eq!(
            url,
            "/fake/v0/stream/all/music/2.mp3?from=me&tr=udp%3A%2F%2Ft"
        );
        assert_eq!(world.get(url, &[]).await.text(), "two");
    }
}

#[tokio::test]
async fn people_get_a_listing_as_a_page() {
    let world = world(settings());
    let root = world.get("/fake/v0/stream/all/", &[]).await;
    assert_eq!(root.status, StatusCode::OK);
    assert_eq!(root.header("content-type"), "text/html; charset=utf-8");
    assert!(
        root.header("content-security-policy")
            .starts_with("sandbox allow-downloads;")
    );
    let page = root.text();
    assert!(page.contains("<bdi>All &lt;of&gt; it</bdi>"), "{page}");
    assert!(page.contains("&lt;i&gt;&amp;&quot;&#39;.txt"), "{page}");
    assert!(
        page.contains("href=\"/fake/v0/stream/all/%3Ci%3E%26%22%27.txt\""),
        "{page}"
    );
    assert!(
        page.contains("href=\"/fake/v0/stream/all/music/\""),
        "{page}"
    );
    assert!(page.contains("1.0 kB"), "{page}");
    assert!(!page.contains("<i>") && !page.contains("../"), "{page}");
    let below = world.get("/fake/v0/stream/all/music/?from=x", &[]).await;
    assert!(
        below
            .text()
            .contains("<a href=\"/fake/v0/stream/all/?from=x\">../</a>")
    );
}

#[tokio::test]
async fn a_site_opens_as_a_site() {
    let world = world(settings());
    let path = "/fake/v0/stream/all/site/";
    for accept in ["text/html", "application/json"] {
        let index = world.get(path, &[("accept", accept)]).await;
        assert_eq!(index.text(), "<p>hello");
        assert!(
            index
                .header("content-security-policy")
                .starts_with("sandbox;")
        );
    }
    let listing = world.get(&format!("{path}?format=html"), &[]).await;
    assert!(listing.text().contains("index.html"));
}

#[tokio::test]
async fn thousands_of_files_are_listed() {
    let world = world(settings());
    let page = world.get("/fake/v0/stream/many/", &[]).await;
    assert_eq!(page.text().matches("<bdi>").count(), 4001);
    let json = world
        .get("/fake/v0/stream/many/?format=json", &[])
        .await
        .json();
    assert_eq!(json["entries"][3999]["name"], "3999.txt");
}

#[tokio::test]
async fn a_playlist_leads_to_everything_playable() {
    let world = world(settings());
    let list = world.get("/fake/v0/playlist/all/music/?from=me", &[]).await;
    assert_eq!(list.header("content-type"), "audio/x-mpegurl");
    assert!(
        list.header("content-disposition")
            .contains("filename=\"music.m3u\"")
    );
    let base = "http://127.0.0.1:7788/fake/v0/stream/all/music";
    let want = format!(
        "#EXTM3U\n#EXTINF:-1,2.mp3\n#EXTVLCOPT:sub-file={base}/2.srt?from=me\n\
         {base}/2.mp3?from=me\n#EXTINF:-1,10.mp3\n{base}/10.mp3?from=me\n"
    );
    assert_eq!(list.text(), want);
    let all = world.get("/fake/v0/playlist/all", &[]).await;
    assert!(all.text().contains("/all/video.mp4\n") && all.text().contains("/all/music/10.mp3\n"));
    for path in ["single", "all/site/"] {
        let none = world.get(&format!("/fake/v0/playlist/{path}"), &[]).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_status_starts_nothing() {
    let mut world = world(settings());
    let status = world.get("/fake/v0/status/all", &[]).await;
    assert_eq!(status.header("cache-control"), "no-store");
    let json = status.json();
    assert_eq!(
        (&json["state"], &json["bytes_held"]),
        (&"parked".into(), &7.into())
    );
    assert_eq!(json["name"], "<name>");
    assert!(world.events.try_recv().is_err());
}

#[tokio::test]
async fn a_document_is_saved_under_its_name() {
    let world = world(settings());
    let document = world.get("/fake/v0/torrent/all", &[]).await;
    assert_eq!(document.header("content-type"), "application/x-bittorrent");
    assert!(
        document
            .header("content-disposition")
            .starts_with("attachment; filename=\"all.torrent\"")
    );
    assert!(document.header("cache-control").contains("immutable"));
    assert_eq!(document.text(), "d4:infoe");
}

#[tokio::test]
async fn the_backend_gets_the_hints_and_nothing_else() {
    let mut world = world(settings());
    let path = "/fake/v0/stream/magnet%3A%3Fxt%3Dall/video.mp4";
    let query = "?from=me&x.pe=1.2.3.4:5&download=1&tr=a%26b&filename=x&token=t";
    world.get(&format!("{path}{query}"), &[]).await;
    let mut want = Hints::default();
    want.push("tr", "from-the-id");
    want.push("x.pe", "1.2.3.4:5");
    want.push("tr", "a&b");
    assert_eq!(world.events.try_recv(), Ok(Event::Resolved(want)));
}

#[tokio::test]
async fn the_root_leads_to_the_dashboard() {
    let world = world(settings());
    let root = world.get("/", &[]).await;
    assert_eq!(root.status, StatusCode::FOUND);
    assert_eq!(root.header("location"), "http://127.0.0.1:7789/");
}
