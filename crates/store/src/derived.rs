//! What was made of items, and goes with them.
//!
//! It is kept under ids of its own, which begin with that of the item it was made of: so it is found
//! without a list of it, also after a crash.

/// The protocol of everything that was made of items.
pub const DERIVED: &str = "archive";

/// So much of a long id tells it from any other.
const ENOUGH: usize = 60;

/// What the ids of everything begin with that was made of the item with this id, and no others.
#[must_use]
pub fn kinship(id: &str) -> String {
    let is_plain = |character: &char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let begin = id.chars().filter(is_plain).take(ENOUGH);
    begin.chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kin_is_told_by_the_whole_of_an_id() {
        assert_eq!(kinship("ab12"), "ab12.");
        assert!(!"ab123.f00".starts_with(&kinship("ab12")));
        assert_eq!(kinship(&"a".repeat(500)).len(), ENOUGH + 1);
        assert_eq!(kinship("A/../é"), ".");
    }
}
