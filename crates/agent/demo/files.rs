//! The files of the peer: made anew at every start, and the same each time.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
};

use anyhow::{Context, Result};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{pictures, volumes::volumes};

/// A film of ten seconds; `film.sh` beside it makes it.
const FILM: &[u8] = include_bytes!("film.webm");

/// The names of what is shared.
pub(super) const FILM_NAME: &str = "film.webm";
pub(super) const PICTURES_NAME: &str = "pictures.zip";
pub(super) const FIRST_VOLUME: &str = "film.part1.rar";

/// How much of the film is in a volume: it takes three.
const PART: usize = 60_000;

/// Writes all files into a folder.
///
/// # Errors
/// What the disk says.
pub(super) fn write(folder: &Path) -> Result<()> {
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))
    };
    file(FILM_NAME, FILM)?;
    file(PICTURES_NAME, &zip_of_pictures()?)?;
    for (number, volume) in (1..).zip(volumes(FILM_NAME, FILM, PART)) {
        file(&format!("film.part{number}.rar"), &volume)?;
    }
    Ok(())
}

/// The names of the pictures in the zip.
pub(super) fn picture_names() -> impl Iterator<Item = String> {
    (1..=pictures::COUNT).map(|number| format!("{number:02}.png"))
}

fn zip_of_pictures() -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (number, name) in (0..).zip(picture_names()) {
        zip.start_file(name, options)?;
        zip.write_all(&pictures::picture(number)?)?;
    }
    Ok(zip.finish()?.into_inner())
}
