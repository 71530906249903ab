//! What is required of a variable that a parameter sets: a value that the parameter accepts.
//!
//! Accepted values are described by rules. Policies have them as expressions; the tests evaluate them in Rust, and compare
//! the result with `ParameterType::parse`.

#[cfg(test)]
mod tests;

use crate::inject::companion::parameter::{DurationForm, LONGEST_VALUE, ParameterType};
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// A condition on a value, in which each `$` is single, as the user wrote it.
#[derive(Debug)]
enum ValueRule {
    /// It has at most so many characters.
    Longest(usize),
    /// A regular expression is found in it.
    Has(String),
    /// A regular expression is not found in it.
    Lacks(&'static str),
    /// It is one of these.
    OneOf(Box<[Box<str>]>),
    /// It begins with this text.
    Begins(String),
    /// It is a number without leading zeros that is at most as large as the one with the same ending. Texts of the same
    /// length have the order of their numbers.
    AtMost(&'static [(&'static str, &'static str)]),
    /// It is a number without leading zeros, with a sign or without, within 64 bits.
    SignedWithin64Bits,
    /// As a whole number it compares like this.
    Number(&'static str, i64),
    /// As a quantity it compares like this.
    Amount(&'static str, Box<str>),
}

/// Control characters (C0, DEL, C1) and the line separators of Unicode.
const UNPRINTABLE: &str = r"[\x00-\x1f\x7f-\x9f\x{2028}\x{2029}]";
/// API servers cap larger quantities at this one, so only smaller ones can be compared.
const LARGEST_AMOUNT: &str = "9223372036854775807";
const LARGEST: &[(&str, &str)] = &[("", "9223372036854775807")];
/// 64 bits of nanoseconds. Of two endings that fit the longer comes first.
const LONGEST_DURATIONS: &[(&str, &str)] =
    &[("ms", "9223372036854ms"), ("s", "9223372036s"), ("m", "153722867m"), ("h", "2562047h")];

/// The variable `e` has a value of this type.
pub(in crate::policies) fn accepts(kind: &ParameterType) -> Vec<Condition> {
    if matches!(kind, ParameterType::SecretKey) {
        return secret_key();
    }
    let rules: Vec<_> = rules(kind).iter().map(|rule| rule.expression("v")).collect();
    vec![
        "e.all(k, k in ['name', 'value'])".to_owned(),
        // Kubelets expand a single `$`; podgraft writes two.
        "!e.?value.orValue('').replace('$$', '').contains('$')".to_owned(),
        format!("[e.?value.orValue('').replace('$$', '$')].all(v, {})", rules.join(" && ")),
    ]
}

/// One key of one Secret, without which the container does not start.
fn secret_key() -> Vec<Condition> {
    let at = "e.valueFrom.secretKeyRef";
    let subdomain = r"\A[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:[.][a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\z";
    vec![
        "e.?value.orValue('') == ''".to_owned(),
        "e.?valueFrom.orValue({}).size() == 1 && has(e.valueFrom.secretKeyRef)".to_owned(),
        format!("{at}.all(k, k in ['name', 'key', 'optional']) && !{at}.?optional.orValue(false)"),
        format!("{at}.?name.orValue('').size() <= 253"),
        format!("{at}.?name.orValue('').matches({})", literal::text(subdomain)),
        format!("{at}.?key.orValue('').matches({})", literal::text(r"\A[-._a-zA-Z0-9]{1,253}\z")),
        format!("{at}.key != '.' && !{at}.key.startsWith('..')"),
    ]
}

fn rules(kind: &ParameterType) -> Vec<ValueRule> {
    let longest = if let ParameterType::String { longest, .. } = kind { *longest } else { LONGEST_VALUE };
    // The length comes first, because matching a long text is expensive.
    let mut rules = vec![ValueRule::Longest(longest), ValueRule::Lacks(UNPRINTABLE)];
    match kind {
        ParameterType::String { pattern, words, .. } => {
            rules.extend(pattern.as_ref().map(|p| ValueRule::Has(format!(r"\A(?:{})\z", p.source()))));
            if !words.is_empty() {
                rules.push(ValueRule::OneOf(words.clone()));
            }
        }
        ParameterType::Integer { minimum, maximum } => {
            rules.push(ValueRule::Has(r"\A(?:0|-?[1-9][0-9]{0,18})\z".to_owned()));
            rules.push(ValueRule::SignedWithin64Bits);
            rules.extend(minimum.map(|least| ValueRule::Number(">=", least)));
            rules.extend(maximum.map(|most| ValueRule::Number("<=", most)));
        }
        ParameterType::Boolean => rules.push(ValueRule::OneOf(Box::new(["true".into(), "false".into()]))),
        ParameterType::Quantity { minimum, maximum } => {
            rules.push(ValueRule::Has(r"\A[0-9.]{1,20}(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?\z".to_owned()));
            rules.push(ValueRule::Has(r"\A[.]?[0-9]".to_owned()));
            rules.push(ValueRule::Lacks("[.].*[.]"));
            rules.push(ValueRule::Amount("<", LARGEST_AMOUNT.into()));
            rules.extend(minimum.as_ref().map(|least| ValueRule::Amount(">=", least.as_str().into())));
            rules.extend(maximum.as_ref().map(|most| ValueRule::Amount("<=", most.as_str().into())));
        }
        ParameterType::Port => {
            rules.push(ValueRule::Has(r"\A[1-9][0-9]{0,4}\z".to_owned()));
            rules.push(ValueRule::AtMost(&[("", "65535")]));
        }
        ParameterType::Path { below } => {
            // Parts that are not empty, `.` or `..`.
            let segment = r"/(?:[^/:.][^/:]*|[.][^/:.][^/:]*|[.][.][^/:]+)";
            rules.push(ValueRule::Has(format!(r"\A(?:{segment})+\z")));
            rules.extend(
                below.as_deref().filter(|below| *below != "/").map(|below| ValueRule::Begins(format!("{below}/"))),
            );
        }
        ParameterType::Duration(DurationForm::Text) => {
            rules.push(ValueRule::Has(r"\A(?:0|[1-9][0-9]{0,12})(?:ms|s|m|h)\z".to_owned()));
            rules.push(ValueRule::AtMost(LONGEST_DURATIONS));
        }
        ParameterType::Duration(_) => {
            rules.push(ValueRule::Has(r"\A(?:0|[1-9][0-9]{0,18})\z".to_owned()));
            rules.push(ValueRule::AtMost(LARGEST));
        }
        ParameterType::SecretKey => {}
    }
    rules
}

impl ValueRule {
    fn expression(&self, v: &str) -> Condition {
        let at_most = |largest: &str| {
            let size = largest.len();
            format!("({v}.size() < {size} || {v}.size() == {size} && {v} <= '{largest}')")
        };
        match self {
            ValueRule::Longest(most) => format!("{v}.size() <= {most}"),
            ValueRule::Has(pattern) => format!("{v}.matches({})", literal::text(pattern)),
            ValueRule::Lacks(pattern) => format!("!{v}.matches({})", literal::text(pattern)),
            ValueRule::OneOf(words) => format!("{v} in {}", literal::texts(words.iter().map(|word| &**word))),
            ValueRule::Begins(start) => format!("{v}.startsWith({})", literal::text(start)),
            ValueRule::AtMost(endings) => {
                let of = |(ending, largest): &(&str, &str)| format!("{v}.endsWith('{ending}') ? {}", at_most(largest));
                match endings {
                    [("", largest)] => at_most(largest),
                    several => format!("({} : false)", several.iter().map(of).collect::<Vec<_>>().join(" : ")),
                }
            }
            ValueRule::SignedWithin64Bits => {
                let (least, most) = (i64::MIN.to_string(), i64::MAX.to_string());
                format!("({v}.startsWith('-') ? {} : {})", at_most(&least), at_most(&most))
            }
            ValueRule::Number(how, bound) => format!("int({v}) {how} {bound}"),
            ValueRule::Amount(how, bound) => {
                format!("quantity({v}).compareTo(quantity({})) {how} 0", literal::text(bound))
            }
        }
    }
}
