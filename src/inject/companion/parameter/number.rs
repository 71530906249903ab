//! Values that are numbers. Each number has one spelling, which every program reads as the same number.

use std::borrow::Cow;

use crate::inject::companion::value::{Value, ValueFault};

/// How a duration is written into the slot that it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationForm {
    /// As the user wrote it.
    Text,
    /// A plain number of seconds.
    Seconds,
    /// A plain number of milliseconds.
    Milliseconds,
}

/// The largest signed number of 64 bits.
const MAX: u128 = i64::MAX as u128;
/// The longest duration, in nanoseconds.
const MAX_NANOSECONDS: u128 = MAX;

pub(super) fn integer(text: Cow<'_, str>, minimum: Option<i64>, maximum: Option<i64>) -> Result<Value<'_>, ValueFault> {
    let syntax = ValueFault::Syntax("a 64-bit integer without `+`, leading zeros or -0");
    // `-0` is another spelling of 0, and some programs read it as a fraction.
    if !is_plain_number(text.strip_prefix('-').unwrap_or(&text)) || text == "-0" {
        return Err(syntax);
    }
    let number: i64 = text.parse().map_err(|_| syntax)?;
    if let Some(minimum) = minimum.filter(|m| number < *m) {
        return Err(ValueFault::BelowMinimum(minimum.to_string().into()));
    }
    if let Some(maximum) = maximum.filter(|m| number > *m) {
        return Err(ValueFault::AboveMaximum(maximum.to_string().into()));
    }
    Ok(Value::Text(text))
}

/// Digits only, without leading zeros: some programs read those as octal.
fn is_plain_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
}

pub(super) fn duration(text: Cow<'_, str>, form: DurationForm) -> Result<Value<'_>, ValueFault> {
    let syntax = ValueFault::Syntax("a number and one of the units ms, s, m, h, such as 10s");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let milliseconds: u128 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(syntax),
    };
    if !is_plain_number(digits) {
        return Err(syntax);
    }
    let total = digits.parse::<u64>().ok().and_then(|n| u128::from(n).checked_mul(milliseconds)).ok_or(syntax)?;
    let seconds = total / 1_000;
    match form {
        // Go and most other languages count nanoseconds in 64 bits.
        DurationForm::Text if total > MAX_NANOSECONDS / 1_000_000 => {
            Err(ValueFault::Syntax("a duration of at most 2562047h (64 bits of nanoseconds)"))
        }
        DurationForm::Text => Ok(Value::Text(text)),
        DurationForm::Seconds if total % 1_000 != 0 => Err(ValueFault::NotWhole("seconds")),
        DurationForm::Seconds if seconds > MAX => Err(ValueFault::Syntax("at most 9223372036854775807 seconds")),
        DurationForm::Seconds => Ok(Value::Text(seconds.to_string().into())),
        DurationForm::Milliseconds if total > MAX => {
            Err(ValueFault::Syntax("at most 9223372036854775807 milliseconds"))
        }
        DurationForm::Milliseconds => Ok(Value::Text(total.to_string().into())),
    }
}

pub(super) fn port(text: &str) -> Result<u16, ValueFault> {
    let syntax = ValueFault::Syntax("a port from 1 to 65535");
    if !is_plain_number(text) {
        return Err(syntax);
    }
    text.parse().ok().filter(|p| *p > 0).ok_or(syntax)
}
