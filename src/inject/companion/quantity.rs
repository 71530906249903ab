//! Kubernetes quantities (`resource.Quantity`), for comparisons and sums.
//!
//! The crate `kube_quantity` adds arithmetic to the type of k8s-openapi. The rooms of a review depend neither on
//! k8s-openapi nor on a decimal type, so the few lines are here.

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::Add;

/// An amount of at least zero. An amount beyond all that a node can have is the largest one: sums never overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    /// In units of 10^-9, rounded up, as Kubernetes rounds.
    nanos: u128,
}

/// A valid quantity as it was written, with its amount.
#[derive(Debug, Clone)]
pub struct Quantity {
    text: Box<str>,
    amount: Amount,
}

/// API servers clamp amounts with a binary suffix to this one. A companion cannot declare larger ones.
const LARGEST: u128 = i64::MAX as u128 * ONE;
const ONE: u128 = 1_000_000_000;

impl Quantity {
    /// Reads a quantity; `None` where the text is not a quantity, is negative, or too large for a companion.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let amount = Amount::parse(text).filter(|amount| amount.nanos < LARGEST)?;
        (1..=20).contains(&digits).then(|| Quantity { text: text.into(), amount })
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The amount.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }
}

impl Amount {
    /// No amount is larger.
    pub const LARGEST: Amount = Amount { nanos: u128::MAX };
    /// One.
    pub const ONE: Amount = Amount { nanos: ONE };
    /// A thousandth.
    pub const MILLI: Amount = Amount { nanos: ONE / 1_000 };

    /// Reads a quantity as API servers do; `None` where the text is not a quantity or is negative.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let suffix_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(suffix_at);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let (factor, power) = scale(suffix)?;
        let (fraction, rest) = fraction.split_at(fraction.len().min(FRACTION));
        let digit = |sum: u128, b: u8| sum.saturating_mul(10).saturating_add(u128::from(b - b'0'));
        let digits = whole.bytes().chain(fraction.bytes()).fold(0, digit);
        let digits = digits.saturating_add(u128::from(rest.bytes().any(|b| b != b'0')));
        let power = power + 9 - i32::try_from(fraction.len()).ok()?;
        let scaled = digits.saturating_mul(factor);
        let nanos = match 10_u128.checked_pow(power.unsigned_abs()) {
            _ if digits == 0 => 0,
            Some(ten) if power >= 0 => scaled.saturating_mul(ten),
            // Fractions are rounded up, as Kubernetes does.
            ten if power < 0 => scaled.div_ceil(ten.unwrap_or(u128::MAX)),
            _ => u128::MAX,
        };
        let most = if suffix.ends_with('i') { LARGEST } else { u128::MAX };
        Some(Amount { nanos: nanos.min(most) })
    }

    /// Whether it is a whole number of times another amount, which is not zero.
    #[must_use]
    pub fn is_multiple_of(self, unit: Amount) -> bool {
        self.nanos.checked_rem(unit.nanos).is_some_and(|rest| rest == 0)
    }

    /// The amount rounded up to thousandths, which are the smallest part that API servers store of a container's resource.
    #[must_use]
    pub fn rounded_to_millis(self) -> Amount {
        let unit = Amount::MILLI.nanos;
        Amount { nanos: self.nanos.div_ceil(unit).saturating_mul(unit) }
    }

    /// How many times another amount it is, with the precision of the plugin LimitRanger.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // API servers lose the same precision
    pub fn ratio_to(self, other: Amount) -> f64 {
        let [own, other] = [self, other].map(|amount| amount.nanos.div_ceil(Amount::MILLI.nanos) as f64);
        own / other
    }

    /// The shortest text of the amount, for messages: with binary suffixes where the resource is counted in bytes.
    #[must_use]
    pub fn text_for(self, resource: &str) -> Box<str> {
        let in_bytes = matches!(resource, "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
        let with = |(suffix, unit): &(&str, u128)| {
            let is_multiple = self.nanos != 0 && self.nanos.is_multiple_of(*unit);
            is_multiple.then(|| format!("{}{suffix}", self.nanos / unit))
        };
        let binary = BINARY.iter().filter(|_| in_bytes).find_map(with);
        let decimal = DECIMAL.iter().find_map(with);
        let texts = binary.into_iter().chain(decimal);
        texts.min_by_key(String::len).unwrap_or_else(|| "0".to_owned()).into()
    }
}

/// How many digits of a fraction are read; those that follow only round up.
const FRACTION: usize = 18;

/// Suffixes and their units in 10^-9, the largest first.
const BINARY: [(&str, u128); 6] =
    [("Ei", ONE << 60), ("Pi", ONE << 50), ("Ti", ONE << 40), ("Gi", ONE << 30), ("Mi", ONE << 20), ("Ki", ONE << 10)];
const DECIMAL: [(&str, u128); 10] = [
    ("E", ONE * 1_000_000_000_000_000_000),
    ("P", ONE * 1_000_000_000_000_000),
    ("T", ONE * 1_000_000_000_000),
    ("G", ONE * 1_000_000_000),
    ("M", ONE * 1_000_000),
    ("k", ONE * 1_000),
    ("", ONE),
    ("m", 1_000_000),
    ("u", 1_000),
    ("n", 1),
];

impl Add for Amount {
    type Output = Amount;

    fn add(self, other: Amount) -> Amount {
        Amount { nanos: self.nanos.saturating_add(other.nanos) }
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Amount>>(amounts: I) -> Amount {
        amounts.fold(Amount::default(), Add::add)
    }
}

/// An exponent beyond which every amount is the largest one, or the smallest one.
const FARTHEST: i32 = 99;

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
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let digits = digits.trim_start_matches('0');
            let power = if digits.len() > 2 { FARTHEST } else { digits.parse().unwrap_or(0) };
            (1, if exponent.starts_with('-') { -power } else { power })
        }
    })
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.amount == other.amount
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
        self.amount.cmp(&other.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Quantity};

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

    #[test]
    fn amounts_of_a_pod_are_read_as_api_servers_do_and_never_overflow() {
        let amount = |text: &str| Amount::parse(text).unwrap();
        for (one, other) in [
            ("+1", "1"),
            ("16Ei", "8Ei"),
            ("1e40", "99999999999999999999999999999999999999999999"),
            ("1e-400", "1n"),
            ("0e400", "0"),
            ("0.0000000001", "1n"),
            ("1.0000000000000000000000001", "1000000001n"),
        ] {
            assert_eq!(amount(one), amount(other), "{one} and {other}");
        }
        assert!(amount("9E") < amount("10E"), "only binary suffixes are clamped");
        assert_eq!(amount("1e40") + amount("1"), amount("1e40"));
        for invalid in ["-1", "", "1Zi", "one", "1e", "1.2.3"] {
            assert_eq!(Amount::parse(invalid), None, "{invalid:?}");
        }
    }

    #[test]
    fn sums_are_exact_and_have_a_short_text() {
        for (resource, amounts, sum) in [
            ("cpu", &["100m", "10m"][..], "110m"),
            ("cpu", &["0.5", "500m"], "1"),
            ("cpu", &["1024"], "1024"),
            ("cpu", &[], "0"),
            ("memory", &["64Mi", "32Mi"], "96Mi"),
            ("memory", &["64M", "1e6"], "65M"),
            ("memory", &["1Gi", "1k"], "1073742824"),
            ("memory", &["100m"], "100m"),
            ("hugepages-2Mi", &["2Mi", "2048Ki"], "4Mi"),
            ("example.com/gpu", &["1", "1n"], "1000000001n"),
        ] {
            let amount = amounts.iter().map(|text| Amount::parse(text).unwrap()).sum::<Amount>();
            assert_eq!(&*amount.text_for(resource), sum, "{amounts:?}");
        }
    }
}
