//! The policies of required companions, and those of hints.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::{InstallationSettings, strings};
use crate::policies::objects::{ACCEPTS, COMPANION, INSTALLATION, Installation, Rule};

const POLICY: &str = "validatingadmissionpolicy";
const BINDING: &str = "validatingadmissionpolicybinding";
/// The ends of the names of the chart's policies of hints.
const HINTS: [&str; 3] = ["hints", "hints-namespaces", "hints-pods"];

/// The policies and bindings of the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdmissionPolicies<'o> {
    pub(super) policies: &'o [Value],
    pub(super) bindings: &'o [Value],
}

/// A required companion that is injected: its name, and the content hash of the version that its status reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequiredCompanion<'o> {
    pub(super) name: &'o str,
    pub(super) hash: Option<&'o str>,
}

/// The required companions among the ClusterCompanions.
pub(super) fn required(companions: &[Value]) -> Vec<RequiredCompanion<'_>> {
    let required = companions.iter().filter(|companion| companion["spec"]["required"] == true);
    let required = required.filter_map(|companion| {
        let hash = companion["status"]["hash"].as_str();
        Some(RequiredCompanion { name: companion["metadata"]["name"].as_str()?, hash })
    });
    required.collect()
}

/// The policies of required companions: those that are missing, out of sync, or left over.
pub(super) fn policies(
    settings: &InstallationSettings,
    found: AdmissionPolicies<'_>,
    companions: &[RequiredCompanion<'_>],
) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    if settings.required {
        // A companion without a hash was never valid, and has no policies.
        for companion in companions.iter().filter(|companion| companion.hash.is_some()) {
            findings.extend(Rule::ALL.into_iter().flat_map(|rule| of_companion(settings, found, companion, rule)));
        }
    }
    // Required companions of files have policies as well, and no object in the cluster.
    if settings.files.is_none() {
        findings.extend(orphaned(settings, found, companions));
    }
    findings.extend(hints(settings, found));
    findings
}

fn of_companion(
    settings: &InstallationSettings,
    found: AdmissionPolicies<'_>,
    companion: &RequiredCompanion<'_>,
    rule: Rule,
) -> Vec<CheckFinding> {
    let name = rule.name(&installation(settings), companion.name);
    let write = format!(
        "podgraft writes it; find out why it does not: kubectl -n {} logs deployment/{}",
        settings.at.namespace, settings.at.name
    );
    let mut findings = Vec::new();
    let missing = |kind| {
        let message = format!("not found: Pods without required companion {} are not denied", companion.name);
        CheckFinding::error(CheckReason::PolicyMissing, ObjectName::of_cluster(kind, &*name), message).fix(&*write)
    };
    let out_of_sync = |kind, field: &str, message: &str| {
        let object = ObjectName::of_cluster(kind, &*name);
        CheckFinding::error(CheckReason::PolicyOutOfSync, object, message).at(field).fix(&*write)
    };
    match named(found.policies, &name) {
        None => findings.push(missing(POLICY)),
        Some(policy) => {
            let accepts = policy["metadata"]["annotations"][ACCEPTS].as_str().unwrap_or_default();
            if companion.hash.is_some_and(|hash| !accepts.split(',').any(|accepted| accepted == hash)) {
                let message = "does not accept the version of the companion that is injected: Pods are denied";
                findings.push(out_of_sync(POLICY, &format!("metadata.annotations[{ACCEPTS}]"), message));
            }
        }
    }
    match named(found.bindings, &name) {
        None => findings.push(missing(BINDING)),
        Some(binding) if !strings(&binding["spec"]["validationActions"]).any(|action| action == "Deny") => {
            findings.push(out_of_sync(BINDING, "spec.validationActions", "required value: Deny: it denies no Pod"));
        }
        Some(_) => {}
    }
    findings
}

/// Policies that deny Pods for the lack of a companion that nothing injects.
fn orphaned(
    settings: &InstallationSettings,
    found: AdmissionPolicies<'_>,
    companions: &[RequiredCompanion<'_>],
) -> Vec<CheckFinding> {
    let known: BTreeSet<&str> = companions.iter().map(|companion| companion.name).collect();
    let ours = found.bindings.iter().filter(|binding| binding["metadata"]["labels"][INSTALLATION] == *settings.at.name);
    let orphaned = ours.filter(|binding| {
        let companion = binding["metadata"]["labels"][COMPANION].as_str().unwrap_or_default();
        !settings.required || !known.contains(companion)
    });
    let finding = |binding: &Value| {
        let name = binding["metadata"]["name"].as_str().unwrap_or_default();
        let message =
            "belongs to no required companion: it denies Pods for the lack of a companion that nothing injects";
        let finding = CheckFinding::error(CheckReason::PolicyOrphaned, ObjectName::of_cluster(BINDING, name), message);
        finding.fix(format!("kubectl delete {BINDING}/{name} {POLICY}/{name}"))
    };
    orphaned.map(finding).collect()
}

fn hints(settings: &InstallationSettings, found: AdmissionPolicies<'_>) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    for end in HINTS.into_iter().filter(|_| settings.hints) {
        let name = format!("{}-{end}", settings.at.name);
        for (kind, objects) in [(POLICY, found.policies), (BINDING, found.bindings)] {
            if named(objects, &name).is_none() {
                let message = "not found: users are not warned of keys of podgraft in the wrong place";
                let object = ObjectName::of_cluster(kind, &*name);
                let finding = CheckFinding::warning(CheckReason::PolicyMissing, object, message);
                findings.push(finding.fix(&*settings.restore));
            }
        }
    }
    findings
}

fn installation(settings: &InstallationSettings) -> Installation {
    Installation {
        name: settings.at.name.as_str().into(),
        namespace: Some(settings.at.namespace.as_str().into()),
        excluded_namespaces: settings.excluded_namespaces.clone(),
    }
}

fn named<'o>(objects: &'o [Value], name: &str) -> Option<&'o Value> {
    objects.iter().find(|object| object["metadata"]["name"] == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::operator::check::installation::InstalledAt;

    fn settings(required: bool, hints: bool) -> InstallationSettings {
        let at = InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        InstallationSettings { required, hints, ..InstallationSettings::read(at, None) }
    }

    fn object(name: &str, companion: Option<&str>) -> Value {
        let labels = json!({INSTALLATION: companion.map(|_| "podgraft"), COMPANION: companion});
        json!({
            "metadata": {"name": name, "labels": labels, "annotations": {ACCEPTS: "old,new"}},
            "spec": {"validationActions": ["Deny"]},
        })
    }

    fn of_audit() -> Vec<Value> {
        ["podgraft-required-audit", "podgraft-required-audit-update"].map(|name| object(name, Some("audit"))).to_vec()
    }

    fn found(settings: &InstallationSettings, policies_: &[Value], bindings: &[Value], hash: &str) -> Vec<String> {
        let companions = [json!({"metadata": {"name": "audit"}, "spec": {"required": true}, "status": {"hash": hash}})];
        let found = AdmissionPolicies { policies: policies_, bindings };
        let findings = policies(settings, found, &required(&companions));
        assert!(findings.iter().all(|f| !f.fix.is_empty()), "{findings:?}");
        findings.iter().map(|f| format!("{} {}", f.reason.as_str(), f.object)).collect()
    }

    #[test]
    fn policies_that_are_in_sync_give_no_finding() {
        assert_eq!(found(&settings(true, false), &of_audit(), &of_audit(), "new"), [""; 0]);
        assert_eq!(found(&settings(false, false), &[], &[], "new"), [""; 0]);
    }

    #[test]
    fn a_missing_policy_or_binding_is_found() {
        let both = of_audit();
        let missing = found(&settings(true, false), &both[..1], &both, "new");
        assert_eq!(missing, ["PolicyMissing validatingadmissionpolicy/podgraft-required-audit-update"]);
        let missing = found(&settings(true, false), &both, &both[1..], "new");
        assert_eq!(missing, ["PolicyMissing validatingadmissionpolicybinding/podgraft-required-audit"]);
    }

    #[test]
    fn a_policy_that_does_not_accept_the_version_and_a_binding_that_does_not_deny_are_out_of_sync() {
        let both = of_audit();
        let old = found(&settings(true, false), &both, &both, "newest");
        assert_eq!(old.len(), 2, "{old:?}");
        assert!(old.iter().all(|line| line.starts_with("PolicyOutOfSync validatingadmissionpolicy/")), "{old:?}");
        let mut bindings = of_audit();
        bindings[0]["spec"]["validationActions"] = json!(["Audit"]);
        let weak = found(&settings(true, false), &both, &bindings, "new");
        assert_eq!(weak, ["PolicyOutOfSync validatingadmissionpolicybinding/podgraft-required-audit"]);
    }

    #[test]
    fn a_policy_of_no_required_companion_is_orphaned() {
        let gone = [object("podgraft-required-gone", Some("gone"))];
        let mut bindings = of_audit();
        bindings.extend(gone.clone());
        let orphaned = found(&settings(true, false), &of_audit(), &bindings, "new");
        assert_eq!(orphaned, ["PolicyOrphaned validatingadmissionpolicybinding/podgraft-required-gone"]);
        assert_eq!(found(&settings(false, false), &[], &gone, "new").len(), 1, "required companions are disabled");
    }

    #[test]
    fn missing_hints_are_found_where_they_are_installed() {
        let hints: Vec<Value> = HINTS.map(|end| object(&format!("podgraft-{end}"), None)).to_vec();
        assert_eq!(found(&settings(false, true), &hints, &hints, "new"), [""; 0]);
        let missing = found(&settings(false, true), &hints, &hints[1..], "new");
        assert_eq!(missing, ["PolicyMissing validatingadmissionpolicybinding/podgraft-hints"]);
        assert_eq!(found(&settings(false, false), &[], &[], "new"), [""; 0]);
    }
}
