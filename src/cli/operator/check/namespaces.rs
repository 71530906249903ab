//! The labels and lists of Namespaces, by the review of a Pod that would be created in each.

use serde_json::{Value, json};

use super::finding::{CheckFinding, CheckReason, ObjectName};
use crate::inject;
use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::request::namespace::OptIn;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::reason::{Outcome, Reason, Remark};
use crate::inject::verdict::{Finding, Via};

/// Mistakes in the labels and annotations of Namespaces. `own` is podgraft's namespace.
pub(super) fn namespaces(objects: &[Value], snapshot: &Snapshot, own: &str) -> Vec<CheckFinding> {
    objects.iter().flat_map(|object| namespace(object, snapshot, own)).collect()
}

/// Whether a Namespace is opted in.
pub(super) fn is_opted_in(object: &Value) -> bool {
    OptIn::read(label(object)) == OptIn::Enabled
}

fn label(object: &Value) -> Option<&str> {
    object["metadata"]["labels"][keys::INJECT].as_str()
}

fn namespace(object: &Value, snapshot: &Snapshot, own: &str) -> Vec<CheckFinding> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let place = ObjectName::of_cluster("namespace", name);
    let lists = object["metadata"]["annotations"][keys::COMPANIONS].as_str().is_some();
    let opt_in = OptIn::read(label(object));
    let is_always_excluded = name == own || keys::EXCLUDED_NAMESPACES.contains(&name);
    if is_always_excluded || snapshot.settings.leaves_out(name) {
        let has_effect = lists || opt_in == OptIn::Enabled;
        return has_effect.then(|| excluded(place, is_always_excluded)).into_iter().collect();
    }
    let mut findings = Vec::new();
    if opt_in == OptIn::Invalid {
        let message = "unsupported value; supported: enabled, disabled. The namespace is not opted in";
        let finding = CheckFinding::warning(CheckReason::NamespaceLabelInvalid, place.clone(), message);
        findings.push(finding.at(format!("metadata.labels[{}]", keys::INJECT)).fix(opt_in_command(name)));
    } else if lists && opt_in != OptIn::Enabled {
        let message = "has no effect on Pods without a label of their own: the namespace is not opted in";
        let finding = CheckFinding::warning(CheckReason::NamespaceIgnored, place.clone(), message);
        findings.push(finding.at(list_field()).fix(opt_in_command(name)));
    }
    if lists {
        findings.extend(of_list(name, &place, snapshot));
    }
    findings
}

/// The finding about a Namespace whose Pods are not sent to podgraft: always, or because of the chart value.
fn excluded(place: ObjectName, is_always_excluded: bool) -> CheckFinding {
    let message = "the label or list of companions has no effect: Pods of this namespace are excluded from injection";
    let finding = CheckFinding::warning(CheckReason::NamespaceIgnored, place, message).at("metadata");
    finding.fix(if is_always_excluded {
        "remove the label or list, or use another namespace"
    } else {
        "remove the label or list, use another namespace, or remove this one from the chart value excludedNamespaces"
    })
}

fn list_field() -> String {
    format!("metadata.annotations[{}]", keys::COMPANIONS)
}

/// The command that opts a namespace in, whatever its label is.
fn opt_in_command(name: &str) -> String {
    format!("kubectl label namespace {name} {}=enabled --overwrite", keys::INJECT)
}

/// What a review of a Pod of the namespace, which opts in and requests nothing, finds in the list.
fn of_list(name: &str, place: &ObjectName, snapshot: &Snapshot) -> Vec<CheckFinding> {
    let pod = json!({
        "metadata": {"name": "any", "labels": {keys::INJECT: "enabled"}},
        "spec": {"containers": [{"name": "any", "image": "any"}]},
    });
    let text = pod.to_string();
    // It is a Pod.
    let Ok(pod) = Pod::read(text.as_bytes()) else { return Vec::new() };
    let request = inject::Request { pod, namespace: name, webhook: None, requester: "" };
    let verdict = inject::judge(&request, snapshot);
    let finding = |found: &Finding<'_>| {
        let finding = CheckFinding::warning(CheckReason::NamespaceListInvalid, place.clone(), found.to_string());
        finding.at(list_field()).fix("correct the list, or make the companion available to this namespace")
    };
    verdict.findings.iter().filter(|found| is_wrong(found)).map(finding).collect()
}

/// Whether a finding is about the list, for whichever Pod. A companion that only selects other Pods is none.
fn is_wrong(found: &Finding<'_>) -> bool {
    match &found.reason {
        Reason::Outcome(Outcome::NotAvailable { unmet: None, .. } | Outcome::CompanionInvalid) => {
            found.via == Some(Via::NamespaceList)
        }
        Reason::Remark(
            Remark::DuplicateName { key, .. } | Remark::EmptyName { key, .. } | Remark::TooManyNames { key, .. },
        ) => *key == keys::COMPANIONS,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::snapshot::Settings;
    use crate::manifest;
    use crate::source::files::manifests::Manifests;

    const COMPANION: &str = "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: sync}\n\
        spec: {pattern: Sidecar, podSelector: {matchLabels: {app: web}}, containers: [{name: sync, image: 'sync:1'}]}\n---\n\
        apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: audit}\n\
        spec: {pattern: Sidecar, namespaceSelector: {matchLabels: {team: a}}, containers: [{name: a, image: 'a:1'}]}\n";

    fn findings(metadata: &Value) -> Vec<CheckFinding> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        let text = format!("{COMPANION}---\n{object}\n");
        let mut manifests = Manifests::new("default");
        for document in manifest::read(text.as_bytes()) {
            manifests.add(std::path::Path::new("test"), &document.expect("a document"));
        }
        let settings = Settings { excluded_namespaces: ["cni-system".into()].into(), ..Settings::default() };
        namespaces(&[object], &manifests.snapshot(settings), "own")
    }

    fn found(metadata: &Value) -> Vec<String> {
        let findings = findings(metadata);
        assert!(findings.iter().all(|f| !f.fix.is_empty() && f.severity.as_str() == "warning"), "{findings:?}");
        findings.iter().map(|f| format!("{} {}", f.reason.as_str(), f.message)).collect()
    }

    #[test]
    fn a_namespace_without_mistakes_gives_no_finding() {
        for metadata in [
            json!({"name": "shop"}),
            json!({"name": "shop", "labels": {"podgraft.dev/inject": "disabled"}}),
            json!({"name": "kube-system", "labels": {"podgraft.dev/inject": "disabled"}}),
            json!({"name": "shop", "labels": {"podgraft.dev/inject": "enabled"}, "annotations": {"podgraft.dev/companions": "sync"}}),
        ] {
            assert_eq!(found(&metadata), [""; 0], "{metadata}");
        }
    }

    #[test]
    fn each_mistake_of_a_namespace_is_a_finding() {
        let list = |names: &str| json!({"podgraft.dev/companions": names});
        let enabled = json!({"podgraft.dev/inject": "enabled"});
        for (metadata, reason, part) in [
            (json!({"name": "a", "labels": {"podgraft.dev/inject": "true"}}), "NamespaceLabelInvalid", "unsupported"),
            (json!({"name": "a", "annotations": list("sync")}), "NamespaceIgnored", "not opted in"),
            (json!({"name": "kube-system", "labels": enabled}), "NamespaceIgnored", "excluded"),
            (json!({"name": "cni-system", "labels": enabled}), "NamespaceIgnored", "excluded"),
            (json!({"name": "own", "annotations": list("sync")}), "NamespaceIgnored", "excluded"),
            (json!({"name": "a", "labels": enabled, "annotations": list("snyc")}), "NamespaceListInvalid", "snyc"),
            (json!({"name": "a", "labels": enabled, "annotations": list("audit")}), "NamespaceListInvalid", "audit"),
            (
                json!({"name": "a", "labels": enabled, "annotations": list("sync,,sync")}),
                "NamespaceListInvalid",
                "empty",
            ),
        ] {
            let text = found(&metadata);
            let is_found = |line: &String| line.starts_with(reason) && line.contains(part);
            assert!(text.iter().any(is_found), "{metadata}: {text:?}");
        }
    }

    #[test]
    fn the_chart_value_is_named_only_where_it_excludes_the_namespace() {
        for (name, is_named) in [("cni-system", true), ("kube-system", false), ("own", false)] {
            let metadata = json!({"name": name, "labels": {"podgraft.dev/inject": "enabled"}});
            let fix = &findings(&metadata)[0].fix;
            assert_eq!(fix.contains("from the chart value excludedNamespaces"), is_named, "{name}: {fix}");
        }
    }
}
