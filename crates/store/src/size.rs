//! Sizes as people read them.

/// A megabyte.
pub(crate) const MB: u64 = 1_000_000;

/// A number of bytes with a decimal unit and at most one digit behind the point, such as `1.5 GB`.
pub(crate) fn text(bytes: u64) -> String {
    let units = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (MB, "MB"),
        (1000, "kB"),
    ];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            match tenths % 10 {
                0 => format!("{} {name}", tenths / 10),
                tenth => format!("{}.{tenth} {name}", tenths / 10),
            }
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (1_550_000, "1.5 MB"),
            (20 * 1000 * MB, "20 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert!(text(bytes).starts_with(shown), "{}", text(bytes));
        }
    }
}
