//! Numbers and hostile text for people to read.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// A number of bytes with three digits and its unit, such as `12.3 GB`.
pub(crate) fn bytes(number: u64) -> String {
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    // Tenths would suffice, but not for what is rounded twice.
    let (mut whole, mut thousandths) = (number, 0);
    for larger in units {
        if whole < 1000 {
            break;
        }
        (whole, thousandths) = (whole / 1000, whole % 1000);
        unit = larger;
    }
    match whole {
        0..10 if unit != "B" => format!("{whole}.{:02} {unit}", thousandths / 10),
        10..100 if unit != "B" => format!("{whole}.{} {unit}", thousandths / 100),
        _ => format!("{whole} {unit}"),
    }
}

/// A number of things, such as `1 item` or `2 items`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A span of time by its largest unit, such as `2 h`.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => count(seconds / 86_400, "day"),
    }
}

/// How long ago a moment was, in seconds since 1970; 0 is never.
pub(crate) fn ago(now: u64, then: u64) -> String {
    match now.saturating_sub(then) {
        _ if then == 0 => "never".to_owned(),
        0..60 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// A text of which nothing reaches the terminal but letters: whatever would move the cursor, turn
/// the line around or cannot be seen is spelled out.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        let unseen = letter.is_control()
            || letter.width().is_none_or(|width| width == 0)
            || matches!(letter, '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        if unseen {
            let _ = write!(shown, "{}", letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Cuts a printable text to so many columns; the last one then says that there was more.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let width = |letter: char| letter.width().unwrap_or(0);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fitting = text.chars().take_while(|letter| {
        let fits = width(*letter) <= left;
        left = left.saturating_sub(width(*letter));
        fits
    });
    fitting.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        for (number, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999 kB"),
            (20_000_000_000, "20.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), shown);
        }
    }

    #[test]
    fn times_are_told_by_their_largest_unit() {
        for (then, shown) in [
            (0, "never"),
            (2_000_000, "just now"),
            (1_000_000, "just now"),
            (999_941, "just now"),
            (999_940, "1 min ago"),
            (992_000, "2 h ago"),
            (900_000, "1 day ago"),
            (1, "11 days ago"),
        ] {
            assert_eq!(ago(1_000_000, then), shown, "{then}");
        }
    }

    #[test]
    fn nothing_of_a_name_moves_the_cursor() {
        let shown = printable("a\u{1b}[31m\r\nb\u{202e}c\u{200b}\u{9b}ö世");
        assert_eq!(
            shown,
            "a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}c\\u{200b}\\u{9b}ö世"
        );
    }

    #[test]
    fn a_cut_text_fits() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("世界地図", 6), "世界…");
        assert_eq!(cut("世界地図", 8), "世界地図");
        assert_eq!(cut("abc", 0), "…");
    }
}
