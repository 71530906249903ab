//! Label selectors, with the semantics of `metav1.LabelSelector`.

use std::fmt;

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

impl Selector {
    /// Whether labels are selected; `value` looks one up.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.0.iter().all(|r| r.holds(value(&r.key)))
    }

    /// The first requirement that labels do not meet.
    pub fn unmet<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<Unmet> {
        self.0.iter().find(|r| !r.holds(value(&r.key))).cloned().map(Unmet)
    }
}

impl Requirement {
    fn holds(&self, found: Option<&str>) -> bool {
        match &self.operator {
            Operator::In(values) => found.is_some_and(|v| values.iter().any(|w| **w == *v)),
            Operator::NotIn(values) => !found.is_some_and(|v| values.iter().any(|w| **w == *v)),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
        }
    }
}

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
