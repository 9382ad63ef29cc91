//! Points in time as records write them (RFC 3339).

use std::time::{Duration, SystemTime};

/// The point in time that a text like `2026-01-02T03:04:05.678Z` names. None for what is no such
/// text, and for years before 1970.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let (clock, offset) = split_offset(rest)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    // A leap second is the last of its minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second.min(59);
    let seconds = u64::try_from(seconds - offset).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds(fraction)?))
}

/// Splits `03:04:05+01:00` into the clock and the seconds that it is ahead of Greenwich.
fn split_offset(rest: &str) -> Option<(&str, i64)> {
    if let Some(clock) = rest.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = rest.rfind(['+', '-'])?;
    let (clock, offset) = rest.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 3600 + minutes * 60)))
}

/// Numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(between);
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// The digits behind the dot.
fn nanoseconds(fraction: &str) -> Option<u32> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().map(|byte| u32::from(byte - b'0'));
    let nine = digits.chain(std::iter::repeat(0)).take(9);
    Some(nine.fold(0, |number, digit| number * 10 + digit))
}

/// Days from the first of January 1970 (the proleptic Gregorian calendar).
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<f64> {
        let time = parse(text)?.duration_since(SystemTime::UNIX_EPOCH);
        Some(time.ok()?.as_secs_f64())
    }

    #[test]
    fn points_in_time_are_read() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2000-02-29T12:00:00Z", 951_825_600.0),
            ("2026-11-21T16:32:02.5Z", 1_795_278_722.5),
            ("2026-11-21T17:32:02.500000000+01:00", 1_795_278_722.5),
            ("2026-11-21t15:02:02.5-01:30", 1_795_278_722.5),
            ("2100-03-01T00:00:00z", 4_107_542_400.0),
        ] {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21T16:32:02",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T16:32:02.x5Z",
            "2026-11-21T16:32Z",
            "2026-11-21T16:32:02+1:00",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "+026-11-21T16:32:02Z",
            "2026-11-21T16:32:02é+01:00",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
