//! Pictures as PNG files ("Portable Network Graphics (PNG) Specification", third edition, w3.org).

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};

/// What every file begins with.
const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Eight bits for each of three colours, packed in the one way there is, not interlaced.
const FORM: [u8; 5] = [8, 2, 0, 0, 0];

/// Before each row: its bytes are differences to those of the row above, which soft pictures have few of.
const UP: u8 = 2;

/// Packs pixels, red, green and blue, row by row from the top.
///
/// # Errors
/// None that memory does not make.
pub(super) fn png(width: u32, height: u32, pixels: &[[u8; 3]]) -> io::Result<Vec<u8>> {
    let row = width as usize;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let black = vec![[0; 3]; row];
    let rows = pixels.chunks_exact(row);
    let above = std::iter::once(&black[..]).chain(rows.clone());
    for (row, above) in rows.zip(above) {
        let pairs = row.as_flattened().iter().zip(above.as_flattened());
        let differences = pairs.map(|(byte, above)| byte.wrapping_sub(*above));
        let line: Vec<u8> = std::iter::once(UP).chain(differences).collect();
        packed.write_all(&line)?;
    }
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let mut file = MAGIC.to_vec();
    chunk(&mut file, *b"IHDR", &[&size[..], &FORM].concat());
    chunk(&mut file, *b"IDAT", &packed.finish()?);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

/// Adds a part of a file: its length, its kind, what is in it, and a checksum of the last two.
fn chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let covered = [&kind[..], content].concat();
    file.extend(&covered);
    file.extend(crc32fast::hash(&covered).to_be_bytes());
}
