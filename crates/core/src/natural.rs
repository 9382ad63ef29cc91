//! The order in which people sort names: `episode 2` before `episode 10`.

use std::{cmp::Ordering, iter::Peekable, str::Chars};

/// Compares names by runs of digits as numbers and by letters without their case. Names that are
/// equal that way are ordered by their bytes, so that the order is total.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.chars().peekable(), other.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return one.cmp(other),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (a, b) = (number(&mut left), number(&mut right));
                a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
            }
            (Some(a), Some(b)) => {
                let order = a.to_lowercase().cmp(b.to_lowercase());
                left.next();
                right.next();
                order
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Compares paths name by name.
#[must_use]
pub fn compare_paths(one: &[String], other: &[String]) -> Ordering {
    let names = one.iter().zip(other);
    let mut orders = names.map(|(a, b)| compare(a, b));
    orders
        .find(|order| *order != Ordering::Equal)
        .unwrap_or_else(|| one.len().cmp(&other.len()))
}

/// Takes a run of digits without the zeros in front.
fn number(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        if digit != '0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = [
            "e10",
            "E2",
            "e1",
            "e02",
            "e",
            "a",
            "e2b",
            "e99999999999999999999999",
        ];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            [
                "a",
                "e",
                "e1",
                "E2",
                "e02",
                "e2b",
                "e10",
                "e99999999999999999999999"
            ]
        );
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[a-bA-B0-2]{0,5}", b in "[a-bA-B0-2]{0,5}", c in "[a-bA-B0-2]{0,5}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
