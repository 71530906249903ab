//! Anchors in patches of Kyverno.

use serde_json::json;

use super::kyverno_rules::{NARROWED, WHOLE, policy};
use super::{check, companion};

#[test]
fn an_anchor_is_a_condition() {
    let labels = "          (serviceAccountName): x";
    check(
        &policy("", "", labels),
        &[
            NARROWED,
            "spec.rules[1].mutate.patchStrategicMerge.spec[\"(serviceAccountName)\"]: an anchor is a condition",
        ],
    );
    let annotation = "        metadata: {annotations: {(inject): 'true'}}";
    let at = "spec.rules[1].mutate.patchStrategicMerge.metadata.annotations[\"(inject)\"]: an anchor is a condition";
    check(&policy("", "", annotation), &[NARROWED, at]);
    assert_eq!(companion(&policy("", "", annotation))["spec"]["podAnnotations"], json!(null));
    let inside = policy("", "", "").replace("image: 'x:1'}", "image: 'x:1', (tty): true}");
    let at = "spec.rules[1].mutate.patchStrategicMerge.spec.containers[0][\"(tty)\"]: an anchor is a condition";
    check(&inside, &[NARROWED, at]);
    assert_eq!(companion(&inside)["spec"]["containers"], json!([{"name": "a", "image": "x:1"}]));
}

#[test]
fn an_anchor_of_validate_rules_is_no_condition() {
    for (name, spec) in [
        ("=(securityContext)", "          =(securityContext): {runAsNonRoot: true}"),
        ("^(initContainers)", "          ^(initContainers): [{name: x}]"),
        ("X(hostPID)", "          X(hostPID): 'null'"),
        (" =(hostPID) ", "          ' =(hostPID) ': 'null'"),
    ] {
        let at =
            format!("spec.rules[1].mutate.patchStrategicMerge.spec[\"{name}\"]: unsupported anchor: in mutate rules");
        check(&policy("", "", spec), &[WHOLE, &at]);
    }
    let inside = policy("", "", "").replace("image: 'x:1'}", "image: 'x:1', =(securityContext): {privileged: false}}");
    let at = "spec.rules[1].mutate.patchStrategicMerge.spec.containers[0][\"=(securityContext)\"]: unsupported anchor";
    check(&inside, &[WHOLE, at]);
    assert_eq!(companion(&inside)["spec"]["containers"], json!([{"name": "a", "image": "x:1"}]));
    let nested = policy("", "", "          =(securityContext): {(runAsUser): 0}");
    check(&nested, &[NARROWED, "spec.rules[1].mutate", "spec.rules[1].mutate"]);
}
