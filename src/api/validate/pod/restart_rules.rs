//! `restartPolicyRules`, as API servers accept them (`validateContainerRestartPolicy` in Kubernetes'
//! `pkg/apis/core/validation`).

use serde_json::Value;

use crate::api::message::{forbidden, invalid, missing, newer_field, unsupported};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Lifecycle;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        container(object, &each, report);
    }
}

fn container(object: &CompanionObject, each: &ContainerAt, report: &mut Report) {
    let at = each.at.member("restartPolicyRules");
    let rules = each.field("restartPolicyRules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
    let Some(rules) = rules else { return };
    if let Some(message) = without_policy(object, each) {
        return report.error(&at, forbidden(message));
    }
    for (i, rule) in rules.iter().enumerate() {
        check_rule(rule, &at.item(i), report);
    }
    report.warn(&at, newer_field("1.36", "drop this field or deny the Pod"));
}

/// The message for a container that has no restart policy.
fn without_policy(object: &CompanionObject, each: &ContainerAt) -> Option<&'static str> {
    if each.list.is_init() {
        Some(
            "this field requires a restartPolicy, which init containers of a companion do not have; remove this field or move the container to spec.containers",
        )
    } else if object.spec.lifecycle == Lifecycle::Container {
        Some(
            "this field requires a restartPolicy, which plain containers do not get; remove this field or set spec.lifecycle to Native",
        )
    } else {
        None
    }
}

fn check_rule(rule: &Value, at: &FieldPath, report: &mut Report) {
    let codes = at.member("exitCodes");
    let one_of = |value: &Value, words: &[&str], at: FieldPath, report: &mut Report| {
        if let Some(word) = value.as_str().filter(|word| !words.contains(word)) {
            report.error(&at, unsupported(word, words, None));
        }
    };
    one_of(&rule["action"], &["Restart", "RestartAllContainers"], at.member("action"), report);
    one_of(&rule["exitCodes"]["operator"], &["In", "NotIn"], codes.member("operator"), report);
    if rule["exitCodes"].is_null() {
        report.error(&codes, missing());
    }
    if rule["exitCodes"]["values"].as_array().is_some_and(|values| values.len() > 255) {
        report.error(&codes.member("values"), invalid("must have at most 255 items"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, container, warns, with};

    fn rules(rule: &serde_json::Value) -> (&'static str, serde_json::Value) {
        ("/spec/containers/0/restartPolicyRules", json!([rule]))
    }

    #[test]
    fn a_native_container_can_have_restart_rules() {
        let fine = json!({"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}});
        warns(
            with(&[rules(&fine)]),
            "spec.containers[0].restartPolicyRules: discouraged: API servers before Kubernetes 1.36 drop this field or deny the Pod; remove",
        );
        let (at, of_init) = ("/spec/initContainers/0/restartPolicyRules", json!([fine]));
        check(
            with(&[rules(&fine), ("/spec/lifecycle", json!("Container"))]),
            &[
                "spec.containers[0].restartPolicyRules: forbidden: this field requires a restartPolicy, which plain containers do not get; remove this field or set spec.lifecycle to Native",
            ],
        );
        let init = [("/spec/initContainers/0", container("prepare", "registry.example/git-sync:v4")), (at, of_init)];
        check(
            with(&init),
            &[
                "spec.initContainers[0].restartPolicyRules: forbidden: this field requires a restartPolicy, which init containers of a companion do not have; remove",
            ],
        );
    }

    #[test]
    fn a_restart_rule_is_one_that_api_servers_accept() {
        let at = "spec.containers[0].restartPolicyRules[0]";
        let many: Vec<_> = (0..256).collect();
        for (rule, expected) in [
            (json!({"action": "restart", "exitCodes": {"operator": "In"}}), "action: unsupported value: \"restart\""),
            (json!({"action": "Restart"}), "exitCodes: required value"),
            (json!({"action": "Restart", "exitCodes": {"operator": "Is"}}), "exitCodes.operator: unsupported value"),
            (json!({"action": "Restart", "exitCodes": {"values": [1]}}), "exitCodes.operator: required value"),
            (
                json!({"action": "Restart", "exitCodes": {"operator": "In", "values": many}}),
                "exitCodes.values: invalid value: must have at most 255 items",
            ),
        ] {
            check(with(&[rules(&rule)]), &[&format!("{at}.{expected}")]);
        }
    }
}
