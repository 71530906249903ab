//! What the wire types share: CEL rules in their schemas, and predicates for serde.

/// Rules in the Common Expression Language, as `x-kubernetes-validations` takes them: pairs of a rule and its message.
pub(super) fn rules(rules: &[(&str, &str)]) -> serde_json::Value {
    rules.iter().map(|(rule, message)| serde_json::json!({"rule": rule, "message": message})).collect()
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}
