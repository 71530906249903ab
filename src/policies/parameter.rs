//! What is asked of a variable that a parameter fills: any value that the parameter takes, and no other.

use super::fit::Condition;
use super::literal;
use crate::inject::parameter::{DurationForm, ParameterType};

/// The variable `e` has a value of this kind.
pub(super) fn fits(kind: &ParameterType) -> Vec<Condition> {
    if matches!(kind, ParameterType::SecretKey) {
        let reference = "e.?valueFrom.orValue({}).size() == 1 && has(e.valueFrom.secretKeyRef)";
        return vec!["e.?value.orValue('') == ''".to_owned(), reference.to_owned()];
    }
    let mut conditions = vec![
        "!has(e.valueFrom)".to_owned(),
        // The kubelet would expand a single `$`; podgraft writes two.
        "!e.?value.orValue('').replace('$$', '').contains('$')".to_owned(),
    ];
    let value = "e.?value.orValue('').replace('$$', '$')";
    let matches = |pattern: &str| format!("{value}.matches({})", literal::text(pattern));
    match kind {
        ParameterType::String { pattern, words, .. } => {
            conditions.extend(pattern.as_ref().map(|p| matches(&format!(r"\A(?:{})\z", p.source()))));
            if !words.is_empty() {
                conditions.push(format!("{value} in {}", literal::texts(words.iter().map(|w| &**w))));
            }
        }
        ParameterType::Integer { minimum, maximum } => {
            conditions.push(matches(r"\A[+-]?[0-9]{1,19}\z"));
            conditions.extend(minimum.map(|least| format!("int({value}) >= {least}")));
            conditions.extend(maximum.map(|most| format!("int({value}) <= {most}")));
        }
        ParameterType::Boolean => conditions.push(format!("{value} in ['true', 'false']")),
        ParameterType::Quantity { minimum, maximum } => {
            let bound = |how: &str, bound: &str| {
                format!("quantity({value}).compareTo(quantity({})) {how} 0", literal::text(bound))
            };
            conditions.push(format!("isQuantity({value})"));
            conditions.extend(minimum.as_ref().map(|least| bound(">=", least.as_str())));
            conditions.extend(maximum.as_ref().map(|most| bound("<=", most.as_str())));
        }
        ParameterType::Port => conditions.push(matches(r"\A[0-9]{1,5}\z")),
        ParameterType::Path { .. } => conditions.push(format!("{value}.startsWith('/')")),
        ParameterType::Duration(DurationForm::Text) => conditions.push(matches(r"\A[0-9]+(ms|s|m|h)\z")),
        ParameterType::Duration(_) => conditions.push(matches(r"\A[0-9]+\z")),
        ParameterType::SecretKey => {}
    }
    conditions
}
