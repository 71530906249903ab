//! Label selectors, as `metav1.LabelSelector` means them.

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

impl Selector {
    /// Whether labels, as `value` looks them up, are selected.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.0.iter().all(|r| {
            let found = value(&r.key);
            match &r.operator {
                Operator::In(values) => found.is_some_and(|v| values.iter().any(|w| **w == *v)),
                Operator::NotIn(values) => !found.is_some_and(|v| values.iter().any(|w| **w == *v)),
                Operator::Exists => found.is_some(),
                Operator::DoesNotExist => found.is_none(),
            }
        })
    }
}
