//! The token that proves the caller can read the user's own files.

use std::{fmt, fs, io, path::Path, sync::Arc};

use data_encoding::HEXLOWER;

/// A secret of 256 bits, as 64 hexadecimal digits. It is never printed.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// Reads the token from `<folder>/token`, or makes one there that only the user can read.
    ///
    /// # Errors
    /// What the file system says.
    pub fn load_or_make(folder: &Path) -> io::Result<Self> {
        let path = folder.join("token");
        match fs::read_to_string(&path) {
            Ok(text) if is_token(text.trim()) => return Ok(Self(text.trim().into())),
            Ok(_) => tracing::warn!("the token file was damaged; a new token is made"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        let text = HEXLOWER.encode(&secret);
        let partial = folder.join("token.partial");
        write_privately(&partial, &text)?;
        fs::rename(&partial, &path)?;
        Ok(Self(text.into()))
    }

    /// Whether this is the token, in a time that does not tell how much of it was right.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        let difference = self
            .0
            .bytes()
            .zip(given.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b));
        given.len() == self.0.len() && difference == 0
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn write_privately(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, format!("{text}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_is_private() {
        let folder = TempDir::new().expect("a temporary folder");
        let token = Token::load_or_make(folder.path()).expect("writable");
        let again = Token::load_or_make(folder.path()).expect("readable");
        assert!(again.is(token.expose()));
        assert!(!token.is("") && !token.is(&token.expose()[1..]) && !token.is(&"0".repeat(64)));
        assert!(!format!("{token:?}").contains(token.expose()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("token"))
                .expect("there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
