//! Label selectors, with the semantics of `metav1.LabelSelector`.

use std::fmt;

use crate::inject::label_value::LabelValue;

/// All requirements must be met. Without requirements everything is selected.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Selector(pub Box<[Requirement]>);

/// One requirement of a selector. An entry of `matchLabels` is an `In` of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: Box<str>,
    /// The relation to its values.
    pub operator: Operator,
}

/// How the value of a label must be related to the values of the requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// The label is present with one of these values.
    In(Box<[Box<str>]>),
    /// The label is absent, or has none of these values.
    NotIn(Box<[Box<str>]>),
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// A requirement of a companion's `podSelector` that a Pod does not meet. It is displayed without the Pod's own value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet(Requirement);

/// Whether a selector selects labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'s> {
    /// All requirements are met.
    Selected,
    /// A requirement is not met.
    Excluded,
    /// No requirement is known not to be met, and one depends on the unknown value of the label with this key.
    Undecided(&'s str),
}

impl Selector {
    /// Whether labels are selected; `value` looks one up.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.selection(|key| value(key).into()) == Selection::Selected
    }

    /// Whether labels are selected, of which some values may be unknown; `value` looks one up.
    pub fn selection<'v>(&self, value: impl Fn(&str) -> LabelValue<'v>) -> Selection<'_> {
        let mut selection = Selection::Selected;
        for requirement in &self.0 {
            match requirement.is_met(value(&requirement.key)) {
                Some(false) => return Selection::Excluded,
                None if selection == Selection::Selected => selection = Selection::Undecided(&requirement.key),
                Some(true) | None => {}
            }
        }
        selection
    }

    /// The first requirement that labels do not meet.
    pub fn unmet<'v>(&self, value: impl Fn(&str) -> LabelValue<'v>) -> Option<Unmet> {
        self.0.iter().find(|r| r.is_met(value(&r.key)) == Some(false)).cloned().map(Unmet)
    }
}

impl Requirement {
    /// Whether a label meets the requirement; `None` if that depends on a value that is not known.
    #[must_use]
    pub fn is_met(&self, found: LabelValue<'_>) -> Option<bool> {
        let is_one_of = |values: &[Box<str>]| match found {
            LabelValue::Absent => Some(false),
            LabelValue::Known(value) => Some(values.iter().any(|other| **other == *value)),
            LabelValue::Unknown => None,
        };
        match &self.operator {
            Operator::In(values) => is_one_of(values),
            Operator::NotIn(values) => is_one_of(values).map(|yes| !yes),
            Operator::Exists => Some(found != LabelValue::Absent),
            Operator::DoesNotExist => Some(found == LabelValue::Absent),
        }
    }
}

/// The remedy where a podSelector leaves a Pod out.
pub const CHANGE_LABELS: &str = "change the labels of the Pod, or ask the companion's author to change the selector";

/// The requirement, which is the remedy as well.
impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.0.key;
        f.write_str("podSelector requires ")?;
        match &self.0.operator {
            Operator::In(values) => write!(f, "label {key} to be {}", values.join(" or ")),
            Operator::NotIn(values) => write!(f, "label {key} not to be {}", values.join(" or ")),
            Operator::Exists => write!(f, "label {key}"),
            Operator::DoesNotExist => write!(f, "that label {key} is absent"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(key: &str, operator: Operator) -> Requirement {
        Requirement { key: key.into(), operator }
    }

    fn values() -> Box<[Box<str>]> {
        Box::new(["a".into()])
    }

    #[test]
    fn an_unknown_value_leaves_only_requirements_on_the_value_undecided() {
        let met = |operator| requirement("k", operator).is_met(LabelValue::Unknown);
        assert_eq!(met(Operator::Exists), Some(true));
        assert_eq!(met(Operator::DoesNotExist), Some(false));
        assert_eq!(met(Operator::In(values())), None);
        assert_eq!(met(Operator::NotIn(values())), None);
    }

    #[test]
    fn a_selector_is_undecided_unless_another_requirement_excludes_the_labels() {
        let value = |key: &str| if key == "hash" { LabelValue::Unknown } else { LabelValue::Absent };
        let selection = |requirements: &[&Requirement]| {
            let selector = Selector(requirements.iter().copied().cloned().collect());
            match selector.selection(value) {
                Selection::Undecided(key) => key.to_owned(),
                other => format!("{other:?}"),
            }
        };
        let unknown = requirement("hash", Operator::In(values()));
        let (met, unmet) = (requirement("app", Operator::DoesNotExist), requirement("app", Operator::Exists));
        assert_eq!(selection(&[&met, &unknown]), "hash");
        assert_eq!(selection(&[&unknown, &met]), "hash");
        assert_eq!(selection(&[&unknown, &unmet]), "Excluded");
        assert_eq!(selection(&[&unmet, &unknown]), "Excluded");
        assert_eq!(selection(&[&met]), "Selected");
    }
}
