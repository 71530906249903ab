use serde_json::{Value, json};

use super::*;
use crate::cli::operator::check::installation::{InstallationSettings, installations};

/// What the chart renders with several sets of values; `tests/chart` keeps the files up to date.
const RENDERED: [(&str, &str); 7] = [
    ("default", include_str!("../../../../../tests/chart/default.yaml")),
    ("everything", include_str!("../../../../../tests/chart/everything.yaml")),
    ("production", include_str!("../../../../../tests/chart/production.yaml")),
    ("required", include_str!("../../../../../tests/chart/required.yaml")),
    ("secret", include_str!("../../../../../tests/chart/secret.yaml")),
    ("cert-manager", include_str!("../../../../../tests/chart/cert-manager.yaml")),
    ("cert-manager-issuer", include_str!("../../../../../tests/chart/cert-manager-issuer.yaml")),
];

fn rendered(set: &str) -> (InstallationSettings, Vec<Value>) {
    let (_, text) = RENDERED.iter().find(|(name, _)| *name == set).unwrap();
    let objects: Vec<Value> = text.split("\n---\n").filter_map(|text| serde_saphyr::from_str(text).ok()).collect();
    let of = |end: &str| -> Vec<Value> {
        objects.iter().filter(|o| o["kind"].as_str().is_some_and(|kind| kind.ends_with(end))).cloned().collect()
    };
    let (deployments, configurations) = (of("Deployment"), of("WebhookConfiguration"));
    let at = installations(&deployments, &configurations).into_iter().next().expect("an installation");
    (InstallationSettings::read(at, deployments.first()), configurations)
}

#[test]
fn the_webhooks_of_every_rendered_chart_are_as_expected() {
    for (set, _) in RENDERED {
        let (settings, configurations) = rendered(set);
        let found = webhooks(&settings, &configurations, Needs::default());
        let found: Vec<_> =
            found.iter().map(|finding| format!("{} {}", finding.reason.as_str(), finding.object)).collect();
        let expected: &[&str] = match set {
            // Its values disable the preview.
            "everything" => &["WebhookMissing validatingwebhookconfiguration/grafter-two-preview"],
            _ => &[],
        };
        assert_eq!(found, expected, "{set}");
    }
}

/// The findings after one edit of a configuration of the set `required`, as `field reason`.
fn after(configuration: &str, pointer: &str, value: Value) -> Vec<String> {
    let (settings, mut configurations) = rendered("required");
    let name = format!("podgraft-{configuration}");
    let edited = configurations.iter_mut().find(|c| c["metadata"]["name"] == *name).unwrap();
    *edited.pointer_mut(pointer).unwrap() = value;
    let findings = webhooks(&settings, &configurations, Needs::default());
    assert!(findings.iter().all(|f| f.object.name == name && !f.fix.is_empty()), "{findings:?}");
    findings.iter().map(|f| format!("{} {}", f.field, f.reason.as_str())).collect()
}

#[test]
fn each_edit_of_a_webhook_gives_one_finding_at_its_field() {
    let label = |values: Value| json!([{"key": "podgraft.dev/inject", "operator": "NotIn", "values": values}]);
    for (configuration, pointer, value, field) in [
        ("requested", "/webhooks/0/rules/0/operations", json!(["UPDATE"]), "rules"),
        ("requested", "/webhooks/0/clientConfig/service/path", json!("/inject/opted-in"), "clientConfig.service"),
        ("requested", "/webhooks/0/clientConfig/service/name", json!("other"), "clientConfig.service"),
        ("opted-in", "/webhooks/0/matchConditions/1/expression", json!("false"), "matchConditions"),
        ("opted-in", "/webhooks/0/reinvocationPolicy", json!("Never"), "reinvocationPolicy"),
        ("opted-out", "/webhooks/0/failurePolicy", json!("Fail"), "failurePolicy"),
        ("preview", "/webhooks/0/failurePolicy", json!("Fail"), "failurePolicy"),
        ("cluster-wide", "/webhooks/0/timeoutSeconds", json!(30), "timeoutSeconds"),
        ("cluster-wide", "/webhooks/0/objectSelector/matchExpressions", label(json!(["x"])), "objectSelector"),
    ] {
        assert_eq!(after(configuration, pointer, value), [format!("webhooks[0].{field} WebhookDiffers")], "{pointer}");
    }
}

#[test]
fn an_edited_namespace_selector_gives_a_finding_for_each_requirement() {
    let pointer = "/webhooks/0/namespaceSelector/matchExpressions";
    let field = "webhooks[0].namespaceSelector.matchExpressions WebhookDiffers";
    let excluded = json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn",
        "values": ["kube-system", "kube-public", "kube-node-lease", "podgraft-system"]});
    let opted_in = json!({"key": "podgraft.dev/inject", "operator": "In", "values": ["enabled"]});
    let team = json!({"key": "team", "operator": "Exists"});
    assert_eq!(after("opted-in", pointer, json!([excluded])), [field]);
    assert_eq!(after("opted-in", pointer, json!([excluded, opted_in, team])), [field]);
    assert_eq!(after("opted-in", pointer, json!([opted_in])), [field; 4], "each namespace that must be excluded");
}

#[test]
fn a_missing_configuration_is_found_where_it_is_needed() {
    let missing = |set: &str, configuration: &str, needs: Needs| {
        let (settings, mut configurations) = rendered(set);
        configurations.retain(|c| c["metadata"]["name"] != *format!("podgraft-{configuration}"));
        let findings = webhooks(&settings, &configurations, needs);
        findings.iter().map(|f| f.severity.as_str()).collect::<Vec<_>>().join(" ")
    };
    let none = Needs::default();
    let opted_in = Needs { opted_in: true, ..none };
    let cluster_wide = Needs { cluster_wide: true, ..none };
    for (set, configuration, needs, expected) in [
        ("default", "requested", none, "error"),
        ("default", "opted-in", none, ""),
        ("default", "opted-in", opted_in, "error"),
        ("default", "cluster-wide", opted_in, ""),
        ("default", "cluster-wide", cluster_wide, "error"),
        ("default", "preview", none, "warning"),
        ("required", "opted-out", none, "error"),
        ("required", "opted-in", none, "error"),
        ("required", "cluster-wide", none, "error"),
    ] {
        assert_eq!(missing(set, configuration, needs), expected, "{set} {configuration} {needs:?}");
    }
}

#[test]
fn a_webhook_that_was_removed_from_its_configuration_is_missing() {
    let (settings, mut configurations) = rendered("default");
    let preview = configurations.iter_mut().find(|c| c["metadata"]["name"] == "podgraft-preview").unwrap();
    preview["webhooks"].as_array_mut().unwrap().pop();
    let findings = webhooks(&settings, &configurations, Needs::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].reason, CheckReason::WebhookMissing);
    assert!(findings[0].message.contains("preview-companions.podgraft.dev"), "{findings:?}");
}
