//! Label selectors, as `metav1.LabelSelector` means them.

use std::fmt;

/// All requirements must hold; none at all selects everything.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Selector(pub Box<[Requirement]>);

/// One requirement of a selector. An entry of `matchLabels` is an `In` of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: Box<str>,
    /// What must be true of its value.
    pub operator: Operator,
}

/// What a requirement asks of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// The label is there with one of these values.
    In(Box<[Box<str>]>),
    /// The label is absent, or has none of these values.
    NotIn(Box<[Box<str>]>),
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// A requirement of a companion's `podSelector` that a Pod does not meet: what must be true, and not what is. The values
/// are the companion's author's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet(Requirement);

impl Selector {
    /// Whether labels, as `value` looks them up, are selected.
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

/// The requirement with its remedy, as the companion's author wrote it.
impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.0.key;
        f.write_str("its podSelector requires ")?;
        match &self.0.operator {
            Operator::In(values) => write!(f, "label {key} to be {}", values.join(" or ")),
            Operator::NotIn(values) => write!(f, "label {key} not to be {}", values.join(" or ")),
            Operator::Exists => write!(f, "label {key}"),
            Operator::DoesNotExist => write!(f, "that there is no label {key}"),
        }
    }
}
