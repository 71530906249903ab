//! What the rules of a policy of Kyverno have in common (`Spec` in its `api/kyverno/v1`).

use crate::migrate::source_value::SourceValue;

/// The fields of a policy besides its rules. They are read once, because a value copies all that is in it: a rule that read the
/// policy would copy all other rules.
#[derive(Debug)]
pub(super) struct PolicyFields {
    pub(super) kind: SourceValue,
    pub(super) name: SourceValue,
    pub(super) namespace: SourceValue,
    pub(super) admission: SourceValue,
    pub(super) apply_rules: SourceValue,
    pub(super) match_conditions: SourceValue,
    /// How many rules the policy has, also of other types.
    pub(super) rules: usize,
}

impl PolicyFields {
    pub(super) fn new(policy: &SourceValue, spec: &SourceValue, rules: usize) -> Self {
        let metadata = policy.member("metadata");
        PolicyFields {
            kind: policy.member("kind"),
            name: metadata.member("name"),
            namespace: metadata.member("namespace"),
            admission: spec.member("admission"),
            apply_rules: spec.member("applyRules"),
            match_conditions: spec.member("webhookConfiguration").member("matchConditions"),
            rules,
        }
    }
}
