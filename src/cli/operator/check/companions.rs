//! The companions of the cluster: whether each is used in its newest version.

use serde_json::Value;

use super::finding::{CheckFinding, CheckReason, ObjectName};

/// The status that podgraft has written for each companion, against its newest version.
pub(super) fn companions(clustered: &[Value], namespaced: &[Value]) -> Vec<CheckFinding> {
    let clustered = clustered.iter().map(|companion| ("clustercompanion", companion));
    let namespaced = namespaced.iter().map(|companion| ("companion", companion));
    clustered.chain(namespaced).filter_map(|(kind, companion)| finding(name(kind, companion), companion)).collect()
}

/// Whether a companion is injected into Pods that neither request it nor are in an opted-in namespace. A required one is a
/// matter of the setting for required companions.
pub(super) fn is_cluster_wide(companion: &Value) -> bool {
    companion["spec"]["activation"] == "ClusterWide" && companion["spec"]["required"] != true
}

fn name(kind: &'static str, companion: &Value) -> ObjectName {
    let text = |field: &str| companion["metadata"][field].as_str();
    let name = text("name").unwrap_or_default();
    match text("namespace") {
        Some(namespace) => ObjectName::namespaced(kind, namespace, name),
        None => ObjectName::of_cluster(kind, name),
    }
}

fn finding(object: ObjectName, companion: &Value) -> Option<CheckFinding> {
    let status = &companion["status"];
    let observed = status["observedGeneration"].as_i64().unwrap_or(0);
    let generation = companion["metadata"]["generation"].as_i64().unwrap_or(0);
    if observed < generation {
        let message = format!(
            "podgraft has not processed generation {generation} (last: {observed}): it does not receive or cannot write updates of companions"
        );
        let finding = CheckFinding::error(CheckReason::CompanionNotObserved, object, message);
        return Some(
            finding.at("status.observedGeneration").fix("fix the replicas and rights that are reported first"),
        );
    }
    let ready = status["conditions"].as_array()?.iter().find(|condition| condition["type"] == "Ready")?;
    if ready["status"] == "True" {
        return None;
    }
    let reason = ready["reason"].as_str().unwrap_or_default();
    let message = ready["message"].as_str().unwrap_or_default();
    let report = if is_deliberate(reason) { CheckFinding::warning } else { CheckFinding::error };
    let finding = report(CheckReason::CompanionNotReady, object, format!("{reason}: {message}"));
    Some(finding.at("status.conditions").fix(remedy(reason)))
}

/// Whether another companion is used under the same name.
fn is_deliberate(reason: &str) -> bool {
    matches!(reason, "OverriddenByFile" | "ShadowedByRequired")
}

fn remedy(reason: &str) -> &'static str {
    match reason {
        "Invalid" => "fix the fields that the message names; podgraft validate reports them as well",
        "TooManyCompanions" => "remove or shorten companions, or raise the chart's values companionLimits",
        "RequiredDisabled" => "set the chart's value requiredCompanions.enabled, or required: false",
        "OverriddenByFile" => "delete it, or remove it from the chart's value companionFiles",
        "ShadowedByRequired" => "choose another name: a required ClusterCompanion has this one",
        "WebhookMissing" => "restore the webhook configuration that the message names",
        _ => "see the message",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(generation: i64, status: &Value) -> Option<String> {
        let companion = json!({"metadata": {"name": "sync", "generation": generation}, "status": status});
        let findings = companions(&[companion], &[]);
        assert!(findings.iter().all(|f| !f.fix.is_empty() && f.object.to_string() == "clustercompanion/sync"));
        findings.first().map(|f| format!("{} {}", f.severity.as_str(), f.reason.as_str()))
    }

    fn ready(status: &str, reason: &str) -> Value {
        json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": status, "reason": reason}]})
    }

    #[test]
    fn a_companion_whose_newest_version_is_active_gives_no_finding() {
        assert_eq!(found(2, &ready("True", "Active")), None);
    }

    #[test]
    fn each_reason_of_a_companion_that_is_not_ready_is_a_finding() {
        for (reason, severity) in [
            ("Invalid", "error"),
            ("TooManyCompanions", "error"),
            ("RequiredDisabled", "error"),
            ("WebhookMissing", "error"),
            ("OverriddenByFile", "warning"),
            ("ShadowedByRequired", "warning"),
        ] {
            assert_eq!(found(2, &ready("False", reason)), Some(format!("{severity} CompanionNotReady")), "{reason}");
        }
    }

    #[test]
    fn a_version_that_podgraft_has_not_processed_is_a_finding() {
        assert_eq!(found(3, &ready("True", "Active")).as_deref(), Some("error CompanionNotObserved"));
        assert_eq!(found(1, &Value::Null).as_deref(), Some("error CompanionNotObserved"));
    }
}
