//! Known differences, in one place: each names what is missing. Such cases are counted and not compared.

use serde_json::Value;

use super::verdict::Verdict;
use super::workloads::Case;

/// Why the verdict on a workload differs from that on its Pod.
pub fn differs(case: &Case, offline: &Verdict) -> Option<&'static str> {
    let template = template(&case.workload);
    if template["spec"]["hostNetwork"] == true && offline.with("PortConflict").any(|f| f.companion == "host-agent") {
        return Some("the API server gives each port of a Pod on the host's network an equal host port");
    }
    let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    if case.workload["kind"] == "DaemonSet" && template.pointer(required).is_some() {
        return Some("a DaemonSet's controller replaces the required node affinity, which can select Windows");
    }
    None
}

/// Why something else happens to the Pods of a workload in a cluster.
pub fn happens(case: &Case, offline: &Verdict, why: &str) -> Option<&'static str> {
    let messages = [
        ("must be less than or equal to", "requests, limits and Pod-level resources are not compared"),
        ("must be greater than or equal to aggregate", "requests, limits and Pod-level resources are not compared"),
        ("must not already exist as a path in volumeDevices", "a block device of the app is no conflict"),
    ];
    let message = messages.iter().find(|(message, _)| why.contains(message)).map(|(_, missing)| *missing);
    let annotations = &template(&case.workload)["metadata"]["annotations"];
    let calls_none = offline.decision == "denied" && annotations.get("podgraft.dev/companions").is_none();
    let unseen = calls_none.then_some("no webhook is called for other annotations of podgraft than the request");
    message.or(unseen).or_else(|| differs(case, offline))
}

fn template(workload: &Value) -> &Value {
    let at = match workload["kind"].as_str() {
        Some("Pod") => "",
        Some("PodTemplate") => "/template",
        Some("CronJob") => "/spec/jobTemplate/spec/template",
        _ => "/spec/template",
    };
    workload.pointer(at).expect("a template")
}
