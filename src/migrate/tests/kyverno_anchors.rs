//! Anchors in patches of Kyverno.

use serde_json::json;

use super::kyverno_rules::{NARROWED, WHOLE, policy};
use super::{check, companion, translated};
use crate::text::characters::is_deceptive;

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

#[test]
fn names_of_the_configuration_cannot_forge_lines_or_reverse_text() {
    let name = r"a\nerror: b\u2028c\u202ed\u001be";
    let fields = format!("          \"{name}\": 1\n          \"=({name})\": 1");
    let text = policy("", "", &fields).replace("{name: agent}", &format!("{{name: \"{name}\"}}"));
    let all = translated(&text);
    let messages: Vec<&str> = all.iter().flat_map(|one| &one.losses).map(|loss| &*loss.message).collect();
    let never_set = "a companion never sets a error: b c\u{fffd}d\u{fffd}e, because";
    assert!(messages.iter().any(|message| message.starts_with(never_set)), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("write +(a error: b c\u{fffd}d\u{fffd}e)")), "{messages:?}");
    let titles = all.iter().map(|one| &*one.title);
    let hints = all.iter().flat_map(|one| &one.hints).map(|(_, hint)| &**hint);
    let texts: Vec<&str> = messages.iter().copied().chain(titles).chain(hints).collect();
    assert!(texts.iter().filter(|text| text.contains("a error: b c\u{fffd}d\u{fffd}e")).count() >= 3, "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains(is_deceptive)), "{texts:?}");
}
