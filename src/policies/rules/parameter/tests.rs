//! The rules of each type, compared with the values that injection accepts and writes.

use proptest::prelude::*;

use super::{LARGEST_AMOUNT, ValueRule, rules};
use crate::inject::companion::parameter::{DurationForm, ParameterType};
use crate::inject::companion::pattern::{Budget, Pattern};
use crate::inject::companion::quantity::Quantity;
use crate::inject::companion::value::Value;

impl ValueRule {
    /// The expression, evaluated in Rust.
    fn holds(&self, v: &str) -> bool {
        let at_most = |largest: &str| v.len() < largest.len() || v.len() == largest.len() && v <= largest;
        let compares = |how: &str, order: std::cmp::Ordering| match how {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            _ => order.is_ge(),
        };
        match self {
            ValueRule::Longest(most) => v.chars().count() <= *most,
            ValueRule::Has(pattern) => regex_lite::Regex::new(pattern).unwrap().is_match(v),
            ValueRule::Lacks(pattern) => !regex_lite::Regex::new(pattern).unwrap().is_match(v),
            ValueRule::OneOf(words) => words.iter().any(|word| **word == *v),
            ValueRule::Begins(start) => v.starts_with(start),
            ValueRule::AtMost(endings) => {
                endings.iter().find(|(end, _)| v.ends_with(end)).is_some_and(|(_, l)| at_most(l))
            }
            ValueRule::SignedWithin64Bits if v.starts_with('-') => at_most(&i64::MIN.to_string()),
            ValueRule::SignedWithin64Bits => at_most(&i64::MAX.to_string()),
            ValueRule::Number(how, bound) => v.parse::<i64>().is_ok_and(|number| compares(how, number.cmp(bound))),
            // API servers cannot compare larger quantities, and `Quantity` does not parse them.
            ValueRule::Amount(_, bound) if **bound == *LARGEST_AMOUNT => Quantity::parse(v).is_some(),
            ValueRule::Amount(how, bound) => {
                let amounts = Quantity::parse(v).zip(Quantity::parse(bound));
                amounts.is_some_and(|(amount, bound)| compares(how, amount.cmp(&bound)))
            }
        }
    }
}

/// Whether a policy accepts a value as it is written into the Pod.
fn accepts(kind: &ParameterType, written: &str) -> bool {
    rules(kind).iter().all(|rule| rule.holds(written))
}

/// The value that injection writes; `None` where it denies the given one.
fn written(kind: &ParameterType, given: &str) -> Option<String> {
    match kind.parse(given.into(), &mut Budget::default()).ok()? {
        Value::Text(text) | Value::Path(text) => Some(text.into_owned()),
        Value::Port(port) => Some(port.to_string()),
        Value::SecretKey { .. } => None,
    }
}

fn kinds() -> Vec<ParameterType> {
    let amount = |text: &str| Quantity::parse(text);
    vec![
        ParameterType::Integer { minimum: None, maximum: None },
        ParameterType::Integer { minimum: Some(-20), maximum: Some(300) },
        ParameterType::Boolean,
        ParameterType::Duration(DurationForm::Text),
        ParameterType::Duration(DurationForm::Seconds),
        ParameterType::Duration(DurationForm::Milliseconds),
        ParameterType::Quantity { minimum: None, maximum: None },
        ParameterType::Quantity { minimum: amount("64Mi"), maximum: amount("1.5Gi") },
        ParameterType::Port,
        ParameterType::Path { below: None },
        ParameterType::Path { below: Some("/srv/a".into()) },
    ]
}

/// Values near the bounds of every rule.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-+]?[0-9]{1,20}",
        "[0-9]{1,14}(ms|s|m|h|us|)",
        "[0-9]{0,3}[.]?[0-9]{0,3}(|n|u|m|k|M|Ki|Mi|Gi|E|Ei|[eE][-+]?[0-9]{1,2})",
        "(/([a-z.:]{0,3}|srv|a)){0,4}/?",
        "[0-9]{1,6}",
        "(true|false|True|\u{2028}|/srv/a\u{85}|/srv/a/\n)",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_policy_accepts_every_value_that_injection_writes(given in value()) {
        for kind in kinds() {
            if let Some(written) = written(&kind, &given) {
                prop_assert!(accepts(&kind, &written), "{kind:?} writes {written:?} for {given:?}");
            }
        }
    }

    /// Numbers of seconds or milliseconds are given with a unit; all other values are written as given.
    #[test]
    fn injection_writes_every_value_that_a_policy_accepts(given in value()) {
        for kind in kinds() {
            let unit = match kind {
                ParameterType::Duration(DurationForm::Seconds) => "s",
                ParameterType::Duration(DurationForm::Milliseconds) => "ms",
                _ => "",
            };
            if accepts(&kind, &given) {
                let text = format!("{given}{unit}");
                prop_assert_eq!(written(&kind, &text), Some(given.clone()), "{:?}", kind);
            }
        }
    }

    #[test]
    fn a_string_is_accepted_by_policies_and_by_injection_alike(given in "[ab$\u{0}-\u{a1}\u{2027}-\u{202a}]{0,4}") {
        let pattern = Some(Pattern::new("a|[^b]+").unwrap());
        for kind in [
            ParameterType::String { longest: 3, pattern: None, words: Box::default() },
            ParameterType::String { longest: 1024, pattern, words: Box::default() },
            ParameterType::String { longest: 1024, pattern: None, words: Box::new(["a".into(), "$".into()]) },
        ] {
            prop_assert_eq!(accepts(&kind, &given), written(&kind, &given).is_some(), "{:?}", kind);
        }
    }
}

#[test]
fn a_string_has_at_most_1024_characters() {
    let kind = ParameterType::String { longest: 1024, pattern: None, words: Box::default() };
    assert!(accepts(&kind, &"\u{1F980}".repeat(1024)));
    assert!(!accepts(&kind, &"a".repeat(1025)));
}
