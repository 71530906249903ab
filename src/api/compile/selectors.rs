//! Compiles label selectors, those of invalid companions as far as they are readable.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{LabelSelector, Operator as Word};
use crate::inject::companion::selector::{Operator, Requirement, Selector};

/// The compiled pod selector and namespace selector; `None` if one of them is invalid.
pub(super) fn compile(object: &CompanionObject, report: &Report) -> Option<(Selector, Selector)> {
    let readable = |name| !report.any_within(&FieldPath::spec(name));
    let [pods, namespaces] =
        object.selectors().map(|(name, s)| readable(name).then(|| s.map_or_else(Selector::default, of)));
    Some((pods?, namespaces?))
}

/// The selectors without their invalid requirements. They match more Pods than the declared ones would, never fewer.
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

/// The compiled form of a selector.
#[must_use]
pub fn of(selector: &LabelSelector) -> Selector {
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
