//! The syntax of numbers in flags: whole numbers above zero.

use std::str::FromStr;

/// Parses a whole number that is not zero.
pub(super) fn above_zero<T: FromStr + From<u8> + PartialEq>(text: &str) -> Result<T, String> {
    let number: Option<T> = text.parse().ok();
    let invalid = || "must be a whole number greater than 0, and small enough for this flag".to_owned();
    number.filter(|number| *number != T::from(0)).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_and_above_zero() {
        assert_eq!(above_zero::<u16>("512"), Ok(512));
        for wrong in ["0", "", "x", "-1", "1.5", "65536", "5s"] {
            assert!(above_zero::<u16>(wrong).is_err(), "{wrong}");
        }
    }
}
