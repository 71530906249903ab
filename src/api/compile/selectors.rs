//! Label selectors, compiled; of an invalid companion as far as they can be read.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{LabelSelector, Operator as Word};
use crate::inject::companion::selector::{Operator, Requirement, Selector};

/// The compiled selectors, that of namespaces second; `None` where one of them cannot be relied on.
pub(super) fn compile(object: &CompanionObject, report: &Report) -> Option<(Selector, Selector)> {
    let readable = |name| !report.any_within(&FieldPath::spec(name));
    let [pods, namespaces] =
        object.selectors().map(|(name, s)| readable(name).then(|| s.map_or_else(Selector::default, of)));
    Some((pods?, namespaces?))
}

/// The requirements that can be read, of selectors of which some cannot: those leave no Pod out.
pub(super) fn readable(object: &CompanionObject, report: &Report) -> (Selector, Selector) {
    let [pods, namespaces] = object.selectors().map(|(name, selector)| {
        let at = FieldPath::spec(name);
        let mut readable = selector.cloned().unwrap_or_default();
        let labels = at.member("matchLabels");
        readable.match_labels.retain(|key, _| !report.any_within(&labels.member(key)));
        let expressions = at.member("matchExpressions");
        let mut places = (0..).map(|i| expressions.item(i));
        readable.match_expressions.retain(|_| places.next().is_some_and(|at| !report.any_within(&at)));
        of(&readable)
    });
    (pods, namespaces)
}

fn of(selector: &LabelSelector) -> Selector {
    let labels = selector.match_labels.iter().map(|(key, value)| Requirement {
        key: key.as_str().into(),
        operator: Operator::In([value.as_str().into()].into()),
    });
    let expressions = selector.match_expressions.iter().map(|requirement| {
        let values = requirement.values.iter().map(|v| v.as_str().into()).collect();
        let operator = match requirement.operator {
            Word::In => Operator::In(values),
            Word::NotIn => Operator::NotIn(values),
            Word::Exists => Operator::Exists,
            Word::DoesNotExist => Operator::DoesNotExist,
        };
        Requirement { key: requirement.key.as_str().into(), operator }
    });
    Selector(labels.chain(expressions).collect())
}
