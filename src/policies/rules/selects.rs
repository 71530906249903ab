//! Label selectors as expressions, for what a change of labels leads to.

use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::policies::cel::literal;

/// The labels that `labels` holds fulfill all of the selectors; `None` where there is nothing to fulfill.
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
    let among = |values: &[Box<str>]| {
        format!("({key} in {labels} && {labels}[{key}] in {})", literal::texts(values.iter().map(|v| &**v)))
    };
    match &requirement.operator {
        Operator::In(values) => among(values),
        Operator::NotIn(values) => format!("!{}", among(values)),
        Operator::Exists => format!("{key} in {labels}"),
        Operator::DoesNotExist => format!("!({key} in {labels})"),
    }
}
