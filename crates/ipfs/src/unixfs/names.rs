//! Names of entries: hostile bytes.

/// The text of a name that is safe to show and to ask for.
pub(crate) fn sound(name: &[u8]) -> Option<&str> {
    let name = str::from_utf8(name).ok()?;
    let is_sound = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    is_sound.then_some(name)
}
