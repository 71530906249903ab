//! The replicas: whether all of them are ready, equal, and able to do their work; and the Service that leads to them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::InstallationSettings;
use super::metrics::MetricsText;
use crate::policies::objects::INSTALLATION;

/// The metric about the webhook configurations.
pub(super) const BUNDLES_IN_SYNC: &str = "podgraft_ca_bundles_in_sync";

/// A Pod of the Deployment, and what it reports about itself.
#[derive(Debug, Clone)]
pub(super) struct ObservedReplica {
    pub(super) pod: Value,
    /// The text of `/metrics`, or why it could not be read.
    pub(super) metrics: Result<String, String>,
    /// The text of `/readyz` where the Pod is not ready.
    pub(super) readiness: Option<String>,
}

impl ObservedReplica {
    /// The name of the Pod.
    fn name(&self) -> &str {
        self.pod["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// The Deployment and its Pods; `deployment` is `None` where it does not exist.
pub(super) fn replicas(
    settings: &InstallationSettings,
    deployment: Option<&Value>,
    replicas: &[ObservedReplica],
    now: SystemTime,
) -> Vec<CheckFinding> {
    let Some(deployment) = deployment else {
        let message = "not found: podgraft does not run; failure policies decide about Pods";
        let finding = CheckFinding::error(CheckReason::ReplicasMissing, settings.object("deployment"), message);
        return vec![finding.fix(&*settings.restore)];
    };
    let mut findings: Vec<CheckFinding> = missing(settings, deployment, replicas).into_iter().collect();
    findings.extend(differing(settings, replicas));
    for replica in replicas {
        findings.extend(failures(settings, replica, now));
    }
    findings.extend(waiting(settings, replicas));
    findings.extend(unread(settings, replicas));
    findings
}

/// The Service, and the addresses that it leads to.
pub(super) fn service(
    settings: &InstallationSettings,
    service: Option<&Value>,
    slices: &[Value],
) -> Option<CheckFinding> {
    let object = settings.object("service");
    let error = |message: &str| CheckFinding::error(CheckReason::ServiceUnavailable, object.clone(), message);
    let Some(service) = service else {
        let finding = error("not found: API servers cannot reach podgraft; every call of a webhook fails");
        return Some(finding.fix(&*settings.restore));
    };
    let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
    if !ports.any(|port| port["port"] == 443) {
        let finding = error("required value: port 443: API servers call the webhooks there");
        return Some(finding.at("spec.ports").fix(&*settings.restore));
    }
    let endpoints = slices.iter().filter_map(|slice| slice["endpoints"].as_array()).flatten();
    let is_ready = |endpoint: &Value| endpoint["conditions"]["ready"] != false;
    if endpoints.into_iter().any(is_ready) {
        return None;
    }
    let finding = error("no ready endpoints: API servers cannot reach podgraft; every call of a webhook fails");
    let fix = format!(
        "compare its selector with the labels of podgraft's Pods, and wait until a Pod is ready: kubectl -n {} get pods --show-labels",
        settings.at.namespace
    );
    Some(finding.at("spec.selector").fix(fix))
}

fn missing(settings: &InstallationSettings, deployment: &Value, replicas: &[ObservedReplica]) -> Option<CheckFinding> {
    let desired = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
    let ready = deployment["status"]["readyReplicas"].as_i64().unwrap_or(0);
    if desired > 0 && ready >= desired {
        return None;
    }
    let effect = if ready == 0 { "; podgraft does not answer, and failure policies decide about Pods" } else { "" };
    let cause = replicas.iter().find_map(cause).map_or(String::new(), |cause| format!(": {cause}"));
    let message = format!("{ready} of {desired} replicas are ready{effect}{cause}");
    let finding = CheckFinding::error(CheckReason::ReplicasMissing, settings.object("deployment"), message);
    let at = &settings.at;
    let fix = if desired == 0 {
        format!("kubectl -n {} scale deployment/{} --replicas=2", at.namespace, at.name)
    } else {
        format!("kubectl -n {} describe deployment/{} and its Pods", at.namespace, at.name)
    };
    Some(finding.at("status.readyReplicas").fix(fix))
}

/// Why a Pod is not ready.
fn cause(replica: &ObservedReplica) -> Option<String> {
    let status = &replica.pod["status"]["containerStatuses"][0];
    if status["ready"] == true {
        return None;
    }
    let name = replica.name();
    let state = &status["state"];
    let reason = state["waiting"]["reason"].as_str().or(state["terminated"]["reason"].as_str());
    let failed = || replica.readiness.as_deref()?.lines().find_map(|line| line.strip_prefix("[-]"));
    let unscheduled = || {
        let conditions = replica.pod["status"]["conditions"].as_array()?;
        let condition = conditions.iter().find(|c| c["type"] == "PodScheduled" && c["status"] == "False")?;
        condition["message"].as_str()
    };
    let cause = reason.or_else(failed).or_else(unscheduled)?;
    Some(format!("Pod {name}: {cause}"))
}

fn differing(settings: &InstallationSettings, replicas: &[ObservedReplica]) -> Vec<CheckFinding> {
    let image = |replica: &ObservedReplica| replica.pod["spec"]["containers"][0]["image"].as_str().map(str::to_owned);
    let metric = |name: &'static str| {
        move |replica: &ObservedReplica| {
            let metrics = MetricsText(replica.metrics.as_ref().ok()?);
            metrics.value(name).map(|value| format!("{value}"))
        }
    };
    let rollout = format!("kubectl -n {0} rollout status deployment/{1}", settings.at.namespace, settings.at.name);
    let watches =
        "wait a minute; if they still differ, delete the Pod whose podgraft_watch_last_event_timestamp_seconds is old";
    let of = |what: &str, value: &dyn Fn(&ObservedReplica) -> Option<String>, fix: &str| {
        let groups = grouped(replicas, value);
        (groups.len() > 1).then(|| {
            let message = format!(
                "replicas have different {what}, and the result for a Pod depends on the replica: {}",
                listed(&groups)
            );
            CheckFinding::error(CheckReason::ReplicasDiffer, settings.object("deployment"), message).fix(fix)
        })
    };
    let images = of("images", &image, &rollout);
    let companions = of("companions (podgraft_companions_hash)", &metric("companions_hash"), watches);
    let namespaces = of("namespaces (podgraft_namespaces)", &metric("namespaces"), watches);
    [images, companions, namespaces].into_iter().flatten().collect()
}

/// The names of Pods by a value; those without the value are left out.
fn grouped(
    replicas: &[ObservedReplica],
    value: impl Fn(&ObservedReplica) -> Option<String>,
) -> BTreeMap<String, Vec<&str>> {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for replica in replicas {
        if let Some(value) = value(replica) {
            groups.entry(value).or_default().push(replica.name());
        }
    }
    groups
}

fn listed(groups: &BTreeMap<String, Vec<&str>>) -> String {
    let groups: Vec<String> = groups.iter().map(|(value, pods)| format!("{value} in {}", pods.join(", "))).collect();
    groups.join("; ")
}

/// What a replica reports about itself.
fn failures(settings: &InstallationSettings, replica: &ObservedReplica, now: SystemTime) -> Vec<CheckFinding> {
    let Ok(text) = &replica.metrics else { return Vec::new() };
    let metrics = MetricsText(text);
    let name = replica.name();
    let object = ObjectName::namespaced("pod", &settings.at.namespace, name);
    let log = format!("kubectl -n {} logs {name}", settings.at.namespace);
    let failing = |field: &str, message: String| {
        CheckFinding::error(CheckReason::ReplicaFailing, object.clone(), message).at(field).fix(&*log)
    };
    let mut findings = Vec::new();
    for (labels, _) in metrics.samples("watch_failing").filter(|(_, value)| *value > 0.0) {
        let message = format!("the watch of {labels} is failing: changes do not reach this replica");
        findings.push(failing("podgraft_watch_failing", message));
    }
    if metrics.value("policies_out_of_sync").is_some_and(|count| count > 0.0) {
        let message = "policies of required companions cannot be written".to_owned();
        findings.push(failing("podgraft_policies_out_of_sync", message));
    }
    if metrics.value("ca_bundles_in_sync") == Some(0.0) {
        let message = "a webhook configuration does not exist, or a caBundle cannot be written".to_owned();
        findings.push(failing(BUNDLES_IN_SYNC, message));
    }
    if metrics.value("manifest_errors").is_some_and(|count| count > 0.0) {
        let message = "files of companions have errors, and their last valid versions stay in use".to_owned();
        findings.push(failing("podgraft_manifest_errors", message));
    }
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    if metrics.value("certificate_expiry_timestamp_seconds").is_some_and(|expiry| expiry > 0.0 && expiry < seconds) {
        let message = "this replica serves a certificate that has expired: API servers reject it";
        let finding = CheckFinding::error(CheckReason::CertificateExpired, object.clone(), message);
        findings.push(finding.at("podgraft_certificate_expiry_timestamp_seconds").fix(&*log));
    }
    findings
}

/// Required companions whose newest version is not injected yet.
fn waiting(settings: &InstallationSettings, replicas: &[ObservedReplica]) -> Option<CheckFinding> {
    let count = |replica: &ObservedReplica| MetricsText(replica.metrics.as_deref().ok()?).value("policies_waiting");
    let counts = replicas.iter().filter_map(|replica| Some((replica, count(replica)?)));
    let (replica, most) = counts.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let changes = if most > 1.0 {
        format!("changes of {most} required companions wait")
    } else {
        "a change of a required companion waits".to_owned()
    };
    let message = format!("{changes} for policies of another installation: Pods keep getting the previous version");
    let finding = CheckFinding::warning(CheckReason::PolicyOutOfSync, settings.object("deployment"), message);
    let (name, namespace) = (replica.name(), &settings.at.namespace);
    let fix = format!(
        "start the other installation, which the log names: kubectl -n {namespace} logs {name}; if it will not run again: kubectl \
         delete validatingadmissionpolicies,validatingadmissionpolicybindings -l {INSTALLATION}=<installation>"
    );
    (most > 0.0).then(|| finding.at("podgraft_policies_waiting").fix(fix))
}

fn unread(settings: &InstallationSettings, replicas: &[ObservedReplica]) -> Option<CheckFinding> {
    let why = replicas.iter().find_map(|replica| replica.metrics.as_ref().err())?;
    let message = format!("the metrics of its Pods could not be read through the API server: {why}");
    let fix = "allow `get` of pods/proxy, or compare podgraft_companions_hash of the replicas in your monitoring";
    Some(CheckFinding::not_checked(settings.object("deployment"), message).fix(fix))
}
