//! The key of a node, kept between starts.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use libp2p::identity::Keypair;

/// No key is longer, in bytes.
const LONGEST: u64 = 16 << 10;

/// Reads the key in a file, or makes one there, which nobody else may read.
///
/// # Errors
/// Where the file cannot be read or written, or holds no key.
pub(super) fn load_or_make(path: &Path) -> io::Result<Keypair> {
    match fs::metadata(path) {
        Ok(file) if file.len() <= LONGEST => {
            let bytes = fs::read(path)?;
            let key = Keypair::from_protobuf_encoding(&bytes);
            key.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it holds no key"))
        }
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

fn make(path: &Path) -> io::Result<Keypair> {
    let key = Keypair::generate_ed25519();
    let bytes = key.to_protobuf_encoding().map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Written beside it, so that no half of a key is ever found.
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_private() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ipfs/key");
        let made = load_or_make(&path).unwrap().public();
        assert_eq!(load_or_make(&path).unwrap().public(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        fs::write(&path, b"something else").unwrap();
        let error = load_or_make(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
