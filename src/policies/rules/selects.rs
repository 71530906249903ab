//! Label selectors as expressions, because a change of labels can make a companion required.

use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::policies::cel::literal;

/// The labels in `labels` match all selectors; `None` where the selectors have no requirement.
pub(in crate::policies) fn expression<'s>(
    labels: &str,
    selectors: impl Iterator<Item = &'s Selector>,
) -> Option<String> {
    let mut conditions: Vec<String> = Vec::new();
    for condition in selectors.flat_map(|selector| &selector.0).map(|r| requirement(labels, r)) {
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    (!conditions.is_empty()).then(|| format!("({})", conditions.join(" && ")))
}

fn requirement(labels: &str, requirement: &Requirement) -> String {
    let key = literal::text(&requirement.key);
    let is_one_of = |values: &[Box<str>]| {
        format!("({key} in {labels} && {labels}[{key}] in {})", literal::texts(values.iter().map(|v| &**v)))
    };
    match &requirement.operator {
        Operator::In(values) => is_one_of(values),
        Operator::NotIn(values) => format!("!{}", is_one_of(values)),
        Operator::Exists => format!("{key} in {labels}"),
        Operator::DoesNotExist => format!("!({key} in {labels})"),
    }
}
