//! Kubernetes quantities (`resource.Quantity`), for comparison only.
//!
//! The crate `kube_quantity` adds arithmetic to the type of k8s-openapi. A review only compares amounts, and its rooms depend
//! neither on k8s-openapi nor on a decimal type, so the few lines are here.

use std::cmp::Ordering;

/// An amount of at least zero, with its text.
#[derive(Debug, Clone)]
pub struct Quantity {
    text: Box<str>,
    /// In units of 10^-9, rounded up, as Kubernetes rounds.
    nanos: u128,
}

/// API servers clamp amounts to this one, so larger amounts cannot be compared.
const LARGEST: u128 = i64::MAX as u128 * 1_000_000_000;

impl Quantity {
    /// Reads a quantity; `None` where the text is not a quantity, is negative, or too large to be compared.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let suffix_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(suffix_at);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if number.len() > 20 || fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let digits = format!("{whole}{fraction}").parse::<u128>().ok()?;
        let (factor, power) = scale(suffix)?;
        let power = power + 9 - i32::try_from(fraction.len()).ok()?;
        let scaled = digits.checked_mul(factor)?;
        let ten = 10_u128.checked_pow(power.unsigned_abs());
        let nanos = match ten {
            _ if digits == 0 => 0,
            Some(ten) if power >= 0 => scaled.checked_mul(ten)?,
            // Fractions are rounded up, as Kubernetes does.
            ten if power < 0 => scaled.div_ceil(ten.unwrap_or(u128::MAX)),
            _ => return None,
        };
        (nanos < LARGEST).then(|| Quantity { text: text.into(), nanos })
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A suffix as a factor and a power of ten.
fn scale(suffix: &str) -> Option<(u128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !(1..=2).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (1, exponent.parse().ok()?)
        }
    })
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn different_spellings_of_an_amount_are_equal() {
        for (one, other) in [
            ("1", "1000m"),
            ("1k", "1e3"),
            ("1Ki", "1024"),
            ("0.5Gi", "512Mi"),
            (".5", "500m"),
            ("1.", "1"),
            ("1E3", "1k"),
            ("1e-99", "1n"),
            ("0e99", "0"),
        ] {
            assert_eq!(Quantity::parse(one).unwrap(), Quantity::parse(other).unwrap(), "{one} and {other}");
        }
        assert!(Quantity::parse("999m").unwrap() < Quantity::parse("1").unwrap());
        assert!(Quantity::parse("1G").unwrap() < Quantity::parse("1Gi").unwrap());
    }

    #[test]
    fn invalid_quantities_are_rejected() {
        for invalid in [
            "",
            "-1",
            "+1",
            "1 Gi",
            "1gi",
            "Mi",
            ".",
            "1.2.3",
            "1e",
            "1e+",
            "0x10",
            "1e99",
            "9223372036854775807",
            "9Ei",
            "99999999999999999999999999",
        ] {
            assert!(Quantity::parse(invalid).is_none(), "{invalid:?}");
        }
    }
}
