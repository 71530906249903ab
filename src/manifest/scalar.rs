//! Resolves plain scalars as YAML 1.1, in the way of kubectl's parser (sigs.k8s.io/yaml, go-yaml v2).

/// The value of a plain scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    /// A number in JSON syntax.
    Number(String),
    /// Infinity or NaN, which JSON does not have.
    NotFinite,
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => Scalar::NotFinite,
        _ => number(text).map_or(Scalar::Text, Scalar::Number),
    }
}

fn number(text: &str) -> Option<String> {
    match text.as_bytes()[0] {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| float(&plain))
        }
        _ => None,
    }
}

/// An integer as Go's `strconv.ParseInt` reads it with base 0: a leading zero makes it octal.
fn integer(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
        [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if radix == 2 && text.starts_with("0b-") {
        return integer(&format!("-0b{}", &digits[1..]));
    }
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let amount = u64::from_str_radix(digits, radix).ok()?;
    match (negative, text.starts_with('+')) {
        (true, _) if amount <= 1 << 63 => Some((-i128::from(amount)).to_string()),
        (false, false) => Some(amount.to_string()),
        (false, true) if amount < 1 << 63 => Some(amount.to_string()),
        _ => None,
    }
}

/// A float. It keeps its text if that is valid JSON.
fn float(text: &str) -> Option<String> {
    if !is_float(text) {
        return None;
    }
    let amount = text.parse::<f64>().ok().filter(|f| f.is_finite())?;
    if text.parse::<serde_json::Number>().is_ok() {
        return Some(text.to_owned());
    }
    serde_json::Number::from_f64(amount).map(|n| shortest(&n))
}

/// A number as Go formats it.
pub(super) fn shortest(number: &serde_json::Number) -> String {
    let text = number.to_string();
    match number.as_f64().filter(|_| text.contains(['.', 'e', 'E'])).and_then(serde_json::Number::from_f64) {
        Some(float) => float.to_string().trim_end_matches(".0").to_owned(),
        None => text,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// Whether any YAML reader, of any version, resolves a plain scalar to something other than text.
pub(super) fn is_ambiguous(text: &str) -> bool {
    resolve(text) != Scalar::Text
        || matches!(text, "<<" | "=")
        || resolve(&text.to_ascii_lowercase()) != Scalar::Text
        || is_almost_a_number(text)
        || is_sexagesimal(text)
        || is_timestamp(text)
}

/// Whether a reader that is less strict about underscores, signs and points resolves it to a number.
fn is_almost_a_number(text: &str) -> bool {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let unsigned = plain.trim_start_matches(['+', '-']);
    let radix = ["0x", "0o", "0b"].iter().find_map(|p| unsigned.strip_prefix(p));
    let hexadecimal = radix.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit() || b"+-".contains(&b)));
    let word = matches!(unsigned, "inf" | "nan" | ".inf" | ".nan" | ".");
    hexadecimal || word || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && is_float(unsigned))
}

/// Whether it is a number to the base of 60 in YAML 1.1, such as `1:30`.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b"_.".contains(&b));
    unsigned.starts_with(|c: char| c.is_ascii_digit()) && unsigned.contains(':') && unsigned.split(':').all(is_part)
}

fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut digits = |least: usize, most: usize| {
        let part = parts.next()?;
        let count = part.bytes().take_while(u8::is_ascii_digit).count();
        (least..=most).contains(&count).then(|| &part[count..])
    };
    let (Some(""), Some(""), Some(rest)) = (digits(4, 4), digits(1, 2), digits(1, 2)) else { return false };
    rest.is_empty() || rest.starts_with(['T', 't', ' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::{Scalar, is_ambiguous, resolve};

    #[test]
    fn plain_scalars_have_the_values_that_kubectl_reads() {
        for (text, number) in [
            ("0", "0"),
            ("-0", "0"),
            ("+12", "12"),
            ("0777", "511"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("-0b101", "-5"),
            ("0b-1", "-1"),
            ("1_000", "1000"),
            ("08", "8"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1.10", "1.10"),
            ("1e3", "1e3"),
            (".5", "0.5"),
            ("1.", "1"),
        ] {
            assert_eq!(resolve(text), Scalar::Number(number.to_owned()), "{text}");
        }
        for text in
            ["1e400", "0x", "0b2", "0xg", "1:30", "2026-01-01", "1.2.3", "-", "+", ".", "1e", "_1", "x", "<<", "0x-1"]
        {
            assert_eq!(resolve(text), Scalar::Text, "{text}");
        }
        assert_eq!(resolve("y"), Scalar::Bool(true));
        assert_eq!(resolve("Off"), Scalar::Bool(false));
        assert_eq!(resolve("~"), Scalar::Null);
        assert_eq!(resolve("-.inf"), Scalar::NotFinite);
    }

    #[test]
    fn a_scalar_that_any_reader_resolves_to_another_type_is_ambiguous() {
        for text in [
            "",
            "~",
            "null",
            "nULL",
            "yes",
            "oN",
            "1e3",
            "0o7",
            "08",
            "1_000",
            "0b",
            "0x_1",
            "1:30",
            "190:20:30.15",
            "=",
            "<<",
            "2026-01-01",
            "2026-1-1 10:00",
            "2001-12-14t21:59:43.10-05:00",
            ".inf",
            "NaN",
            "+.5",
            "_1",
            "--1",
            "1e400",
            ".",
            "1._0",
        ] {
            assert!(is_ambiguous(text), "{text}");
        }
        for text in ["10.0.0.1", "v1", "a:1", "500m", "1.2.3", "10s", "2026-01-01x", "redis:7", "0", "-"] {
            assert_eq!(is_ambiguous(text), text == "0", "{text}");
        }
    }
}
