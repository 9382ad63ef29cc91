//! Everything playable below a directory as one M3U.

use std::fmt::Write;

use axum::{
    body::Body,
    http::{
        Response,
        header::{CONTENT_DISPOSITION, HOST},
        uri::Authority,
    },
};
use universal_p2p_core::{Error, Expand, FoundFile, Node, enter, files, natural, walk};

use crate::{
    address::Resource, answer, asked::Asked, disposition::Disposition, failure::Failure, media_type,
};

/// What players know as subtitles.
const SUBTITLES: [&str; 6] = ["srt", "vtt", "ass", "ssa", "sub", "smi"];

/// Writes the playlist of a resource, of a directory in it, or of an archive asked for with a slash.
///
/// # Errors
/// 404 where nothing can be played; whatever kept a directory from being read.
pub(crate) async fn answer(
    root: Node,
    asked: &Asked<'_>,
    expand: &dyn Expand,
) -> Result<Response<Body>, Failure> {
    let resource = asked.resource;
    let node = if resource.slash {
        enter(root, &resource.path, expand).await?
    } else {
        walk(root, &resource.path, expand).await?
    };
    let (name, found) = match node {
        Node::Dir(dir) => (dir.name().to_owned(), files(&dir).await?),
        // A resource that is one file, and a file asked for by its name: nothing lies below it.
        Node::File(file) => {
            let length = file.meta().length;
            let path = Vec::new();
            (file.meta().name.clone(), vec![FoundFile { path, length }])
        }
    };
    let name = [name.as_str(), &resource.id]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let base = format!("http://{}", host(asked)?);
    let text = write(found, name, resource, &base, &asked.query.carried);
    let text = text.ok_or_else(|| Error::NotFound {
        what: "audio or video here".into(),
    })?;
    let mut response = answer::small("audio/x-mpegurl", "no-cache", text);
    let filename = asked.query.filename.clone();
    let filename = filename.unwrap_or_else(|| format!("{name}.m3u"));
    let disposition = asked.disposition().unwrap_or(Disposition::Inline);
    response
        .headers_mut()
        .insert(CONTENT_DISPOSITION, disposition.header(&filename));
    Ok(response)
}

/// The name under which the client reached us, which the guard has let through.
fn host<'a>(asked: &Asked<'a>) -> Result<&'a str, Failure> {
    let written = asked.request.uri.authority().map(Authority::as_str);
    let header = asked
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    written
        .or(header)
        .ok_or_else(|| Failure::malformed("a playlist needs a Host header for its addresses"))
}

/// Writes the lines; nothing where nothing can be played.
fn write(
    mut found: Vec<FoundFile>,
    name: &str,
    resource: &Resource,
    base: &str,
    carried: &str,
) -> Option<String> {
    found.sort_by(|one, other| natural::compare_paths(&one.path, &other.path));
    let title = |file: &FoundFile| file.path.last().map_or(name, String::as_str).to_owned();
    let url = |file: &FoundFile| {
        let names = resource.names().chain(file.path.iter().map(String::as_str));
        format!("{base}{}{carried}", resource.link("stream", names, false))
    };
    let mut text = String::from("#EXTM3U\n");
    let subtitles: Vec<_> = found
        .iter()
        .filter(|file| is_subtitle(&title(file)))
        .collect();
    let mut playable = found
        .iter()
        .filter(|file| media_type::is_playable(&title(file)))
        .peekable();
    playable.peek()?;
    for file in playable {
        let _ = writeln!(text, "#EXTINF:-1,{}", one_line(&title(file)));
        for beside in subtitles.iter().filter(|beside| belongs(beside, file)) {
            let _ = writeln!(text, "#EXTVLCOPT:sub-file={}", url(beside));
        }
        let _ = writeln!(text, "{}", url(file));
    }
    Some(text)
}

fn is_subtitle(name: &str) -> bool {
    media_type::extension(name).is_some_and(|end| {
        SUBTITLES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(end))
    })
}

/// Whether subtitles lie beside a film and carry its name, with or without a language.
fn belongs(subtitles: &FoundFile, film: &FoundFile) -> bool {
    let (Some((text, beside)), Some((film, here))) =
        (subtitles.path.split_last(), film.path.split_last())
    else {
        return false;
    };
    let stem = |name: &str| name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    let (Some(text), Some(film)) = (stem(text), stem(film)) else {
        return false;
    };
    let rest = text.strip_prefix(&film);
    beside == here && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A hostile name as part of one line: whatever ends a line becomes a blank.
fn one_line(name: &str) -> String {
    let ends = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    name.replace(ends, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playlist(paths: &[&str]) -> Option<String> {
        let found = paths.iter().map(|path| FoundFile {
            path: path.split('/').map(str::to_owned).collect(),
            length: 1,
        });
        let resource = Resource {
            protocol: "p".into(),
            version: "v".into(),
            kind: "playlist".into(),
            id: "id".into(),
            path: vec!["d".into()],
            slash: true,
            is_standard: false,
        };
        write(found.collect(), "", &resource, "http://h:1", "?from=x")
    }

    #[test]
    fn films_stand_in_natural_order_beside_their_subtitles() {
        let text = playlist(&[
            "e10.mkv",
            "e2.en.srt",
            "e2.mkv",
            "e2.SRT",
            "e20.srt",
            "notes.txt",
            "s/e2.srt",
            "song.flac",
        ]);
        let want = "#EXTM3U\n\
            #EXTINF:-1,e2.mkv\n\
            #EXTVLCOPT:sub-file=http://h:1/p/v/stream/id/d/e2.en.srt?from=x\n\
            #EXTVLCOPT:sub-file=http://h:1/p/v/stream/id/d/e2.SRT?from=x\n\
            http://h:1/p/v/stream/id/d/e2.mkv?from=x\n\
            #EXTINF:-1,e10.mkv\n\
            http://h:1/p/v/stream/id/d/e10.mkv?from=x\n\
            #EXTINF:-1,song.flac\n\
            http://h:1/p/v/stream/id/d/song.flac?from=x\n";
        assert_eq!(text.as_deref(), Some(want));
        assert_eq!(playlist(&["a.txt", "a.srt"]), None);
    }

    #[test]
    fn a_name_with_line_ends_adds_no_line() {
        let text = playlist(&["a\nhttp://evil/\r#EXTVLCOPT:x\u{2028}.mp3", "a\nb.srt"]);
        let text = text.expect("one song");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains('\r') && !text.contains('\u{2028}'));
    }
}
