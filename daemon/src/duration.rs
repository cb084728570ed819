//! Durations on the command line: `45s`, `200ms`, `15m`, `1h`; a bare number is seconds.

use std::time::Duration;

/// Parses a duration.
///
/// # Errors
/// One sentence naming the accepted forms.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("`{text}` is no duration; write it as 200ms, 45s, 15m or 1h");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    milliseconds.map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_unit_is_a_duration() {
        assert_eq!(parse("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(parse("45s"), Ok(Duration::from_secs(45)));
        assert_eq!(parse("45"), Ok(Duration::from_secs(45)));
        assert_eq!(parse("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(parse("1h"), Ok(Duration::from_secs(3600)));
    }

    #[test]
    fn anything_else_is_refused_with_the_accepted_forms() {
        for text in ["", "s", "-1s", "1.5s", "1d", "99999999999999999999h", "18446744073709551615h"]
        {
            let error = parse(text).expect_err(text);
            assert!(error.contains("200ms, 45s"), "{error}");
        }
    }
}
