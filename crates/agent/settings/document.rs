//! The configuration file as its user wrote it: changed in place, comments and order kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

/// A configuration file.
pub(super) struct Document(DocumentMut);

impl Document {
    /// Reads a file; one that is not there is empty.
    ///
    /// # Errors
    /// What the file system says; where it is no TOML.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("reading {}", path.display()))?,
        };
        let parsed: DocumentMut = text.parse()?;
        Ok(Self(parsed))
    }

    /// Whether it sets a key.
    pub(super) fn has(&self, key: &str) -> bool {
        let Some((section, key)) = key.split_once('.') else {
            return false;
        };
        let section = self.0.get(section).and_then(Item::as_table_like);
        section.is_some_and(|section| section.contains_key(key))
    }

    /// Sets a key, or takes it out where the value is null. Comments stay.
    ///
    /// # Errors
    /// What is wrong with the value, or with the file at this place.
    pub(super) fn set(&mut self, key: &str, value: &Json) -> Result<(), String> {
        let (section, key) = key.split_once('.').ok_or("there is no such key")?;
        if value.is_null() {
            if let Some(section) = self.0.get_mut(section).and_then(Item::as_table_like_mut) {
                section.remove(key);
            }
            return Ok(());
        }
        let mut value = as_toml(value)?;
        let place = self.0.entry(section).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(false);
            Item::Table(table)
        });
        let place: &mut dyn TableLike = place
            .as_table_like_mut()
            .ok_or_else(|| format!("{section} is no section in the configuration file"))?;
        match place.get_mut(key).and_then(Item::as_value_mut) {
            Some(known) => {
                // A comment behind it stays there.
                *value.decor_mut() = known.decor().clone();
                *known = value;
            }
            None => {
                place.insert(key, Item::Value(value));
            }
        }
        Ok(())
    }

    /// Writes it to a file of its own in the same folder, with the rights of the one that it is to
    /// replace.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn write_beside(&self, path: &Path) -> io::Result<Beside> {
        // What a link leads to is replaced, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().ok_or(io::ErrorKind::NotFound)?.to_owned();
        fs::create_dir_all(&folder)?;
        let name = target.file_stem().unwrap_or_default().to_string_lossy();
        // The end of its name says what is in it.
        let path = folder.join(format!(".{name}.new.toml"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        let beside = Beside {
            path,
            target,
            folder,
        };
        if let Ok(old) = fs::metadata(&beside.target) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(self.0.to_string().as_bytes())?;
        file.sync_all()?;
        Ok(beside)
    }
}

/// A file that is about to take another's place. It is removed where it does not.
#[must_use = "it is removed when this is dropped"]
pub(super) struct Beside {
    path: PathBuf,
    target: PathBuf,
    folder: PathBuf,
}

impl Beside {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of the other, at once and for good.
    ///
    /// # Errors
    /// What the file system says; then the other is as it was.
    pub(super) fn take_place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        // Not every file system syncs folders; the name is right in any case.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After it took its place there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file with nothing but one key.
///
/// # Errors
/// What is wrong with the value.
pub(super) fn alone(key: &str, value: &Json) -> Result<String, String> {
    let mut document = Document(DocumentMut::new());
    document.set(key, value)?;
    Ok(document.0.to_string())
}

fn as_toml(value: &Json) -> Result<Value, String> {
    let wrong = || "a value is a text, a whole number, true, false, or a list of texts".to_owned();
    match value {
        Json::Bool(value) => Ok((*value).into()),
        Json::Number(number) => number.as_i64().map(Value::from).ok_or_else(wrong),
        Json::String(text) => Ok(text.as_str().into()),
        Json::Array(list) => {
            let texts: Option<Vec<_>> = list.iter().map(Json::as_str).collect();
            Ok(Value::Array(Array::from_iter(texts.ok_or_else(wrong)?)))
        }
        Json::Null | Json::Object(_) => Err(wrong()),
    }
}
