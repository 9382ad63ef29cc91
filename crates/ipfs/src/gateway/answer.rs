//! What the answers of a gateway mean.

use std::time::Duration;

/// How long a gateway is left alone that asks for it and does not say for how long.
const UNSAID: Duration = Duration::from_secs(30);

/// What an answer without content says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has not got this, or does not give it.
    Absent,
    /// It wants to be left alone.
    Rest(Duration),
    /// It is not well.
    Failing,
    /// It does not understand what it was asked for.
    Deaf,
}

/// What a status other than 200 says.
pub(super) fn refusal(status: u16, retry_after: Option<&str>) -> Refusal {
    // A date is as good as nothing: clocks differ.
    let pause = retry_after.and_then(|text| text.trim().parse().ok());
    let pause = pause.map(Duration::from_secs);
    match (status, pause) {
        (429, _) => Refusal::Rest(pause.unwrap_or(UNSAID)),
        (503, Some(pause)) => Refusal::Rest(pause),
        // It looked for providers and found none, or refuses by a list.
        (404 | 410 | 451 | 504, _) => Refusal::Absent,
        (400 | 405 | 406 | 415 | 501, _) => Refusal::Deaf,
        _ => Refusal::Failing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_who_is_to_blame() {
        for status in [404, 410, 451, 504] {
            assert_eq!(refusal(status, Some("5")), Refusal::Absent);
        }
        for status in [500, 502, 503, 401, 403, 204, 304] {
            assert_eq!(refusal(status, None), Refusal::Failing);
        }
        for status in [400, 406, 415, 501] {
            assert_eq!(refusal(status, None), Refusal::Deaf);
        }
        let seven = Refusal::Rest(Duration::from_secs(7));
        assert_eq!(refusal(429, Some(" 7 ")), seven);
        assert_eq!(refusal(503, Some("7")), seven);
        for odd in [None, Some("soon"), Some("-1"), Some("99999999999999999999")] {
            assert_eq!(refusal(429, odd), Refusal::Rest(UNSAID));
        }
    }
}
