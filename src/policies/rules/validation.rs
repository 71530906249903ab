//! The parts of an admission policy that the rules write.

/// A validation of a policy.
#[derive(Debug)]
pub(in crate::policies) struct Validation {
    /// A CEL expression that must hold.
    pub(in crate::policies) expression: String,
    /// What is wrong where it does not hold.
    pub(in crate::policies) message: String,
}

/// A variable of a policy, which expressions use as `variables.<name>`.
#[derive(Debug)]
pub(in crate::policies) struct Variable {
    pub(in crate::policies) name: String,
    /// A CEL expression.
    pub(in crate::policies) expression: String,
}

impl Variable {
    pub(in crate::policies) fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Variable { name: name.into(), expression: expression.into() }
    }
}
