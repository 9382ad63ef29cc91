//! Names that archives mostly have.

/// What the names of archives end with.
const ARCHIVES: [&str; 19] = [
    "7z", "apk", "cb7", "cbr", "cbt", "cbz", "epub", "jar", "rar", "tar", "taz", "tbz", "tbz2",
    "tgz", "txz", "tzst", "xpi", "zip", "zipx",
];

/// What a packed tar ends with after its `.tar`.
const PACKED: [&str; 4] = ["bz2", "gz", "xz", "zst"];

/// Whether a name is that of an archive, or of the first volume of a set.
pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    match extension {
        "001" => is_archive(stem),
        "rar" => volume(stem).is_none_or(|number| number == 1),
        _ if PACKED.contains(&extension) => stem.ends_with(".tar"),
        _ => ARCHIVES.contains(&extension),
    }
}

/// The number of a volume that is called `film.part07.rar`.
fn volume(stem: &str) -> Option<u32> {
    let (_, part) = stem.rsplit_once(".part")?;
    part.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::is_archive;

    #[test]
    fn names_say_what_is_worth_opening() {
        for name in [
            "a.zip",
            "A.CBZ",
            "film.rar",
            "film.part01.rar",
            "film.part1.rar",
            "a.part.rar",
            "a.tar.gz",
            "a.tgz",
            "a.7z.001",
            "book.epub",
            ".zip",
        ] {
            assert!(is_archive(name), "{name}");
        }
        for name in [
            "zip",
            "a.gz",
            "film.part02.rar",
            "film.r00",
            "a.7z.002",
            "a.mkv",
            "a.001",
            "a.zip.txt",
            "",
        ] {
            assert!(!is_archive(name), "{name}");
        }
    }
}
