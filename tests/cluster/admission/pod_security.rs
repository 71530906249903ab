//! The warnings of validation about Pod Security, beside the admission plugin of a real API server: each Pod that contains
//! the containers and volumes of a companion violates exactly what validation reports. Without these violations the API
//! server accepts the Pod: what it denies in every Pod is an error of validation.

mod generated;
mod volumes;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use podgraft::internals::api::{Problem, check_companion};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::tests;

tests![validation_reports_exactly_what_pod_security_denies needs NewestPodSecurity];

/// Checks of Pod Security: how the plugin begins the report of each, and the end of the field that validation reports. A
/// check of `baseline` and the stricter one of `restricted` share a line.
const CHECKS: [(&[&str], &[&str]); 13] = [
    (&["allowPrivilegeEscalation != false ("], &["/allowPrivilegeEscalation"]),
    (&["forbidden AppArmor profile"], &["/appArmorProfile/type", "/podAnnotations/"]),
    (&["unrestricted capabilities (", "non-default capabilities ("], &["/capabilities/add"]),
    (&["hostPath volumes (", "restricted volume types ("], &["/volumes/", "/sharedVolumes/"]),
    (&["hostPort ("], &["/hostPort"]),
    (&["probe or lifecycle host (", "probe or lifecycle hosts ("], &["/host"]),
    (&["privileged ("], &["/privileged"]),
    (&["procMount ("], &["/procMount"]),
    (&["runAsNonRoot != true ("], &["/runAsNonRoot"]),
    (&["runAsUser=0 ("], &["/runAsUser"]),
    (&["seLinuxOptions ("], &["/seLinuxOptions/type", "/seLinuxOptions/user", "/seLinuxOptions/role"]),
    (&["seccompProfile ("], &["/seccompProfile/type"]),
    (&["host namespaces ("], &[]),
];

/// Indices of [`CHECKS`].
type Violations = BTreeSet<usize>;

/// Where a Pod is created, and what its own security context has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Baseline,
    Restricted,
    /// The Pod itself sets the fields that its containers inherit.
    RestrictedPodContext,
}

/// The number of answers of each kind, and those that differ from validation.
#[derive(Debug, Default)]
struct Outcome {
    admitted: usize,
    denied: usize,
    /// Pods that the API server rejects before it asks the plugin.
    invalid: Vec<String>,
    false_alarms: Vec<String>,
    misses: Vec<String>,
}

async fn validation_reports_exactly_what_pod_security_denies(cluster: &Cluster) {
    let mut namespaces = Vec::new();
    for (level, settings) in
        [("baseline", &[Setting::Baseline][..]), ("restricted", &[Setting::Restricted, Setting::RestrictedPodContext])]
    {
        // podgraft leaves these Pods alone, so that companions of other tests are not in them.
        let labels = json!({"pod-security.kubernetes.io/enforce": level, "podgraft.dev/inject": "disabled"});
        let namespace = cluster.namespace(json!({"labels": labels})).await;
        namespaces.extend(settings.iter().map(|setting| (namespace.clone(), *setting)));
    }
    let companions = generated::companions();
    let mut outcome = Outcome::default();
    for companion in &companions {
        let warnings = check_companion(companion).warnings;
        for (namespace, setting) in &namespaces {
            compare(cluster, companion, &warnings, (namespace, *setting), &mut outcome).await;
        }
    }
    let Outcome { admitted, denied, invalid, false_alarms, misses } = outcome;
    println!(
        "    {} valid companions in {} settings: {admitted} Pods admitted, {denied} denied by Pod Security, {} invalid; {} false alarms, {} misses",
        companions.len(),
        namespaces.len(),
        invalid.len(),
        false_alarms.len(),
        misses.len(),
    );
    assert!(companions.len() >= 500 && admitted > 300 && denied > 300, "too few cases");
    assert!(invalid.is_empty(), "validation accepts what the API server rejects:\n{}", invalid.join("\n"));
    assert!(false_alarms.is_empty(), "false alarms:\n{}", false_alarms.join("\n"));
    assert!(misses.is_empty(), "misses:\n{}", misses.join("\n"));
}

async fn compare(
    cluster: &Cluster,
    companion: &Value,
    warnings: &[Problem],
    (namespace, setting): (&str, Setting),
    outcome: &mut Outcome,
) {
    let pod = pod_of(companion, setting);
    let answer = cluster.create(&format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), &pod).await;
    let message = answer.body["message"].as_str().unwrap_or_default();
    let is_denial = answer.status == StatusCode::FORBIDDEN && message.contains("violates PodSecurity");
    if !is_denial && !answer.status.is_success() {
        outcome.invalid.push(format!("{setting:?}: {}\n  {message}", companion["spec"]));
        return;
    }
    *(if is_denial { &mut outcome.denied } else { &mut outcome.admitted }) += 1;
    let relaxed = pod["spec"]["hostUsers"] == false;
    let observed = if is_denial { reported_by_plugin(message) } else { Violations::new() };
    let predicted = reported_by_validation(warnings, setting, relaxed);
    let line = |checks: Vec<usize>| {
        let names: Vec<_> = checks.iter().map(|check| CHECKS[*check].0[0]).collect();
        format!("{setting:?} {names:?}: {}\n  {message}", companion["spec"])
    };
    let only_in = |these: &Violations, those: &Violations| these.difference(those).copied().collect::<Vec<_>>();
    let (alarms, misses) = (only_in(&predicted, &observed), only_in(&observed, &predicted));
    outcome.false_alarms.extend((!alarms.is_empty()).then(|| line(alarms)));
    outcome.misses.extend((!misses.is_empty()).then(|| line(misses)));
}

fn reported_by_plugin(message: &str) -> Violations {
    let found = CHECKS.iter().enumerate().filter(|(_, (openings, _))| openings.iter().any(|o| message.contains(o)));
    let found: Violations = found.map(|(check, _)| check).collect();
    assert!(!found.is_empty(), "the report of Pod Security is known: {message}");
    found
}

/// What validation reports for a level. A Pod with `hostUsers: false` may run as root.
fn reported_by_validation(warnings: &[Problem], setting: Setting, relaxed: bool) -> Violations {
    let mut found = Violations::new();
    for warning in warnings.iter().filter(|warning| warning.message.starts_with("violates Pod Security: ")) {
        let is_baseline = warning.message.contains("levels baseline and restricted");
        if setting == Setting::Baseline && !is_baseline {
            continue;
        }
        if warning.pointer.ends_with("/securityContext") {
            let inherited = setting == Setting::RestrictedPodContext;
            let fields = [
                ("runAsNonRoot: true", "/runAsNonRoot", inherited),
                ("seccompProfile.type", "/seccompProfile/type", inherited),
                ("allowPrivilegeEscalation: false", "/allowPrivilegeEscalation", false),
                ("capabilities.drop", "/capabilities/add", false),
            ];
            let missing = fields.iter().filter(|(remedy, _, inherited)| warning.message.contains(remedy) && !inherited);
            found.extend(missing.map(|(_, field, _)| check_of(field)));
        } else {
            found.insert(check_of(&warning.pointer));
        }
    }
    found.retain(|check| !(relaxed && ["/runAsNonRoot", "/runAsUser"].contains(&CHECKS[*check].1[0])));
    found
}

fn check_of(pointer: &str) -> usize {
    let is_at = |field: &&str| if field.ends_with('/') { pointer.contains(field) } else { pointer.ends_with(field) };
    let found = CHECKS.iter().position(|(_, fields)| fields.iter().any(&is_at));
    found.unwrap_or_else(|| panic!("{pointer} belongs to a check"))
}

/// A Pod that `restricted` admits, with the containers, volumes and annotations of a companion.
fn pod_of(companion: &Value, setting: Setting) -> Value {
    let spec = &companion["spec"];
    let list = |field: &str| spec[field].as_array().cloned().unwrap_or_default();
    let (mut init, mut containers) = (list("initContainers"), vec![generated::restricted("app")]);
    match spec["lifecycle"].as_str() {
        Some("Container") => containers.extend(list("containers")),
        _ => init.extend(list("containers").into_iter().map(|mut container| {
            container["restartPolicy"] = "Always".into();
            container
        })),
    }
    let mut volumes = list("volumes");
    volumes.extend(list("sharedVolumes").iter().map(|shared| {
        let mut volume = shared["source"].clone();
        volume["name"] = shared["name"].clone();
        volume
    }));
    let mut pod = json!({
        "metadata": {"name": "case", "annotations": spec["podAnnotations"]},
        "spec": {"containers": containers, "initContainers": init, "volumes": volumes, "terminationGracePeriodSeconds": 60},
    });
    if setting == Setting::RestrictedPodContext {
        pod["spec"]["securityContext"] = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    }
    // The API server requires this of containers with such a procMount.
    if companion.to_string().contains("\"Unmasked\"") {
        pod["spec"]["hostUsers"] = false.into();
    }
    pod
}
