use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    fakes::Event,
    support::{get_text, read_all, read_one, settings, soon, video, world},
};

const VIDEO: &str = "/fake/v0/stream/all/video.mp4";

fn opened(event: &Event) -> bool {
    matches!(event, Event::Opened(_))
}

fn dropped(event: &Event) -> bool {
    *event == Event::Dropped
}

#[tokio::test]
async fn a_connection_lives_through_many_ranges() {
    let served = world(settings()).serve().await;
    let mut stream = served.send(&get_text(VIDEO, "Range: bytes=0-1\r\n")).await;
    let (head, body) = read_one(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert_eq!(body, video()[..2]);
    // Two at once: the second is sent before the first is answered.
    let two = get_text(VIDEO, "Range: bytes=-1\r\n") + &get_text(VIDEO, "");
    stream.write_all(two.as_bytes()).await.expect("still open");
    assert_eq!(read_one(&mut stream).await.1, video()[999..]);
    assert_eq!(read_one(&mut stream).await.1, video());
    let several = get_text(VIDEO, "Range: bytes=0-1,5-6\r\n");
    stream
        .write_all(several.as_bytes())
        .await
        .expect("still open");
    assert!(
        read_one(&mut stream)
            .await
            .0
            .contains("multipart/byteranges")
    );
    let last = get_text("/fake/v0/stream/all/none", "Connection: close\r\n");
    stream.write_all(last.as_bytes()).await.expect("still open");
    assert!(read_all(&mut stream).await.starts_with(b"HTTP/1.1 404 "));
}

#[tokio::test]
async fn head_on_a_connection_has_a_length_and_no_body() {
    let served = world(settings()).serve().await;
    for (path, length) in [
        ("/fake/v0/stream/all/video.mp4", "1000"),
        ("/fake/v0/stream/all/empty.txt", "0"),
    ] {
        let text = get_text(path, "Connection: close\r\n").replace("GET", "HEAD");
        let answer = read_all(&mut served.send(&text).await).await;
        let answer = String::from_utf8(answer).expect("text");
        assert!(
            answer.contains(&format!("content-length: {length}\r\n")),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_late_failure_breaks_the_connection() {
    let served = world(settings()).serve().await;
    for name in ["late", "early"] {
        let path = format!("/fake/v0/stream/all/{name}.mp4");
        // A second request must not be answered behind a body that is too short.
        let text = get_text(&path, "") + &get_text(VIDEO, "");
        let answer = read_all(&mut served.send(&text).await).await;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("content-length: 1000\r\n"), "{head}");
        assert_eq!(body.len(), 500, "{name}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_work() {
    let mut served = world(settings()).serve().await;
    for path in ["never.mp4", "stalls.mp4"] {
        let stream = served
            .send(&get_text(&format!("/fake/v0/stream/all/{path}"), ""))
            .await;
        served.until(opened).await;
        drop(stream);
        served.until(dropped).await;
    }
    // One that only stops sending is gone as well, and one that resets even more so.
    let mut half = served
        .send(&get_text("/fake/v0/stream/all/never.mp4", ""))
        .await;
    served.until(opened).await;
    half.shutdown().await.expect("connected");
    served.until(dropped).await;
    let reset = served
        .send(&get_text("/fake/v0/stream/all/never.mp4", ""))
        .await;
    served.until(opened).await;
    reset.set_zero_linger().expect("connected");
    drop(reset);
    served.until(dropped).await;
    let finding = served
        .send(&get_text("/fake/v0/stream/hanging/x", ""))
        .await;
    served
        .until(|event| matches!(event, Event::Resolved(_)))
        .await;
    drop(finding);
    served.until(dropped).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let mut impatient = settings();
    impatient.stall = Duration::from_millis(200).into();
    let mut served = world(impatient).serve().await;
    let mut stream = served
        .send(&get_text("/fake/v0/stream/all/huge.bin", ""))
        .await;
    served.until(dropped).await;
    // What lay in the system's buffers still arrives; then the connection is gone.
    let all = read_all(&mut stream).await;
    assert!(all.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_client_that_waits_for_the_network_is_not_blamed() {
    let mut impatient = settings();
    impatient.stall = Duration::from_millis(50).into();
    let mut served = world(impatient).serve().await;
    let mut stream = served
        .send(&get_text("/fake/v0/stream/all/stalls.mp4", ""))
        .await;
    served.until(opened).await;
    let mut piece = vec![0; 4096];
    let count = soon(stream.read(&mut piece)).await.expect("a head");
    assert!(piece[..count].starts_with(b"HTTP/1.1 200 "));
    let waited = tokio::time::timeout(Duration::from_millis(300), async {
        while stream.read(&mut piece).await.expect("still open") > 0 {}
    });
    assert!(waited.await.is_err(), "the connection was closed");
}

#[tokio::test]
async fn a_client_that_takes_little_but_steadily_is_served() {
    let mut impatient = settings();
    impatient.stall = Duration::from_secs(1).into();
    let mut served = world(impatient).serve().await;
    let mut stream = served
        .send(&get_text("/fake/v0/stream/all/huge.bin", ""))
        .await;
    let mut piece = vec![0; 1 << 13];
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        soon(stream.read_exact(&mut piece))
            .await
            .expect("still served");
    }
    // What was read may have come from buffers: the stream itself must live as well.
    assert!(!served.seen(dropped), "the stream was given up");
}

#[tokio::test]
async fn heads_have_a_limit() {
    let served = world(settings()).serve().await;
    let long = format!("X-Long: {}\r\n", "x".repeat(40_000));
    let answer = read_all(&mut served.send(&get_text(VIDEO, &long)).await).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 "));
    let many: String = (0..200).map(|n| format!("X-{n}: x\r\n")).collect();
    let answer = read_all(&mut served.send(&get_text(VIDEO, &many)).await).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 "));
}

#[tokio::test]
async fn a_stop_lets_answers_end_and_breaks_the_rest() {
    let mut served = world(settings()).serve().await;
    let idle = served.send("").await;
    let mut rested = served.send(&get_text(VIDEO, "")).await;
    read_one(&mut rested).await;
    let mut endless = served
        .send(&get_text("/fake/v0/stream/all/stalls.mp4", ""))
        .await;
    soon(endless.read_u8()).await.expect("a head");
    served.stop.cancel();
    let ended = soon(served.server.join_next()).await.expect("one server");
    assert!(ended.expect("no panic").is_ok());
    served.until(dropped).await;
    assert!(read_all(&mut rested).await.is_empty());
    read_all(&mut endless).await;
    drop(idle);
    assert!(
        tokio::net::TcpStream::connect(served.address)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn who_asks_at_the_moment_of_the_stop_is_answered() {
    for _ in 0..20 {
        let served = world(settings()).serve().await;
        let mut stream = served.send("").await;
        // until it is let in
        tokio::time::sleep(Duration::from_millis(10)).await;
        let request = get_text(VIDEO, "Range: bytes=0-1\r\n");
        let written = stream.try_write(request.as_bytes()).expect("connected");
        assert_eq!(written, request.len());
        served.stop.cancel();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with(b"HTTP/1.1 206 "), "{answer:?}");
    }
}
