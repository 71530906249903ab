//! Both verdicts, in a form that can be compared.

use podgraft::internals::inject;
use podgraft::internals::inject::Request;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::inject::verdict::Decision;
use podgraft::internals::workload::workloads;
use serde_json::Value;

/// A verdict without its patch, which is written for another text.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub decision: &'static str,
    pub findings: Vec<Finding>,
}

/// An outcome or a remark, with its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub companion: String,
    pub label: String,
    pub sentence: String,
}

/// The verdict of a command, the preview and `probe`.
pub fn of_workload(object: &Value, namespace: &str, cluster: &Snapshot) -> Verdict {
    let workloads = workloads(object);
    let [workload] = &*workloads else { panic!("{} workloads in {object:#}", workloads.len()) };
    let json = workload.pod().to_string();
    review(&Request { pod: Pod::read(json.as_bytes()).unwrap(), namespace, webhook: None, requester: "" }, cluster)
}

/// The webhook's verdict.
pub fn of_pod(pod: &Value, namespace: &str, cluster: &Snapshot) -> Verdict {
    let (json, webhook) = (pod.to_string(), Some(webhook(pod, namespace)));
    let pod = Pod::read(json.as_bytes()).unwrap();
    review(&Request { pod, namespace, webhook, requester: "system:serviceaccount:kube-system:job-controller" }, cluster)
}

fn review(request: &Request<'_>, cluster: &Snapshot) -> Verdict {
    let verdict = inject::review(request, cluster);
    let findings = verdict.findings.iter().map(|finding| Finding {
        companion: finding.companion.as_deref().unwrap_or_default().to_owned(),
        label: finding.reason.label().to_owned(),
        sentence: format!("{:?}: {finding}", finding.effect),
    });
    let decision = match verdict.decision {
        Decision::Admit => "admitted",
        Decision::Patch(_) => "injected",
        Decision::Deny => "denied",
        Decision::Unavailable => "unavailable",
    };
    Verdict { decision, findings: findings.collect() }
}

/// The webhook whose conditions a Pod meets.
fn webhook(pod: &Value, namespace: &str) -> Webhook {
    let keys = |map: &str| -> Vec<&str> {
        pod["metadata"][map].as_object().into_iter().flatten().map(|(key, _)| &**key).collect()
    };
    let says = |map: &str| keys(map).iter().any(|key| key.starts_with("podgraft.dev/"));
    if pod["metadata"]["labels"]["podgraft.dev/inject"] == "disabled" {
        Webhook::ClusterWide
    } else if says("annotations") || says("labels") {
        Webhook::Requested
    } else if matches!(namespace, "opted-in" | "with-a-list") {
        Webhook::OptedIn
    } else {
        Webhook::ClusterWide
    }
}
