//! Where the files of a torrent are on a web server.

use std::ops::Range;

use url::Url;

/// A file of a torrent, as web servers have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebFile {
    /// Folders and name, without the name of the torrent.
    pub path: Vec<String>,
    /// Where it begins in the torrent, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// It only fills up a piece, is nowhere, and holds zeros (BEP 47).
    pub padding: bool,
}

/// A part of a file that is not empty.
pub(super) struct Slice<'a> {
    pub(super) file: &'a WebFile,
    /// Offsets in the file.
    pub(super) bytes: Range<u64>,
}

impl Slice<'_> {
    /// Number of bytes.
    pub(super) fn len(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }
}

/// The part of a range of the torrent that lies in the file it begins in. `None` where no file has
/// its first byte, or the range is empty. The files are in their order.
pub(super) fn slice_at<'a>(files: &'a [WebFile], bytes: &Range<u64>) -> Option<Slice<'a>> {
    let begun = files.partition_point(|file| file.offset <= bytes.start);
    // Empty files begin where the next one does, so that the last one is the right one.
    let file = files.get(..begun)?.iter().rfind(|file| file.length > 0)?;
    let start = bytes.start - file.offset;
    let end = (bytes.end.saturating_sub(file.offset)).min(file.length);
    (start < end).then_some(Slice {
        file,
        bytes: start..end,
    })
}

/// The URL of a file of a torrent with folders, or of the only file. A URL that ends in a slash is
/// that of the folder in which what the torrent is named for lies. `None` where it is not HTTP.
pub(super) fn url_of(base: &Url, name: &str, file: Option<&WebFile>) -> Option<Url> {
    if !matches!(base.scheme(), "http" | "https") {
        return None;
    }
    let mut url = base.clone();
    url.set_fragment(None);
    if file.is_some() || url.path().ends_with('/') {
        let mut segments = url.path_segments_mut().ok()?;
        segments.pop_if_empty().push(name);
        segments.extend(file.map_or(&[][..], |file| &file.path));
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: Option<&[&str]>) -> String {
        let file = path.map(|path| WebFile {
            path: path.iter().map(ToString::to_string).collect(),
            offset: 0,
            length: 1,
            padding: false,
        });
        let base = Url::parse(base).expect("a URL");
        url_of(&base, "My #1 file", file.as_ref()).map_or_else(String::new, Into::into)
    }

    #[test]
    fn urls_are_those_of_the_specification() {
        assert_eq!(url("http://a/b.iso", None), "http://a/b.iso");
        assert_eq!(url("http://a/b/", None), "http://a/b/My%20%231%20file");
        assert_eq!(url("http://a/?t=1", None), "http://a/My%20%231%20file?t=1");
        let path = &["100%?", "ä/b", "c"][..];
        let there = "http://a/x/My%20%231%20file/100%25%3F/%C3%A4%2Fb/c";
        assert_eq!(url("http://a/x", Some(path)), there);
        assert_eq!(url("http://a/x/", Some(path)), there);
        assert_eq!(url("ftp://a/x/", Some(path)), "");
    }

    #[test]
    fn ranges_are_cut_at_files() {
        let lengths = [3, 0, 0, 5, 2, 0];
        let mut offset = 0;
        let files = lengths.map(|length| {
            let file = WebFile {
                path: vec![length.to_string()],
                offset,
                length,
                padding: false,
            };
            offset += length;
            file
        });
        let cut =
            |bytes: Range<u64>| slice_at(&files, &bytes).map(|part| (part.file.length, part.bytes));
        assert_eq!(cut(0..2), Some((3, 0..2)));
        assert_eq!(cut(1..10), Some((3, 1..3)));
        assert_eq!(cut(3..10), Some((5, 0..5)));
        assert_eq!(cut(9..100), Some((2, 1..2)));
        assert_eq!(cut(10..11), None);
        assert_eq!(cut(4..4), None);
        assert_eq!(slice_at(&[], &(0..1)).map(|slice| slice.bytes), None);
    }
}
