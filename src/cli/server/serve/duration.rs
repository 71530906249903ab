//! The syntax of durations in flags: one whole number and one unit.

use std::time::Duration;

const INVALID: &str = "must be a whole number and a unit: 250ms, 5s, 2m or 1h";

/// Parses `250ms`, `5s`, `2m` or `1h`; `0` needs no unit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let milliseconds = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if digits == "0" => 0,
        _ => return Err(INVALID.to_owned()),
    };
    let number: u32 = digits.parse().map_err(|_| INVALID.to_owned())?;
    Ok(Duration::from_millis(u64::from(number) * milliseconds))
}

/// Parses a duration that is not zero.
pub(in crate::cli) fn above_zero(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("must be greater than 0".into()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_one_number_and_one_unit() {
        let check = |text, expected: Option<u64>| {
            assert_eq!(parse(text).ok().map(|d| d.as_millis()), expected.map(u128::from), "{text}");
        };
        check("250ms", Some(250));
        check("5s", Some(5_000));
        check("2m", Some(120_000));
        check("1h", Some(3_600_000));
        check("0", Some(0));
        check("5", None);
        check("-5s", None);
        check("1.5s", None);
        check("s", None);
        check("", None);
        check("5 s", None);
    }

    #[test]
    fn zero_is_an_error_where_it_is_not_allowed() {
        assert!(above_zero("0s").is_err());
        assert!(above_zero("1ms").is_ok());
    }
}
