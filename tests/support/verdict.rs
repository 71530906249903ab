//! Verdicts on a workload and on its Pod, in a form in which they can be compared.

use podgraft::internals::admission::preview;
use podgraft::internals::inject;
use podgraft::internals::inject::Request;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::inject::verdict::{Decision, Effect};
use podgraft::internals::workload::{controller_fields, workloads};
use serde_json::{Value, json};

use super::{Reply, review_of};

/// A verdict without its patch, which is written for another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `admitted`, `injected`, `denied` or `unavailable`.
    pub decision: &'static str,
    pub findings: Vec<Finding>,
}

/// An outcome or a remark, with its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Empty where the finding is about the Pod.
    pub companion: String,
    pub label: String,
    pub effect: Effect,
    pub sentence: String,
    /// Whether it is the outcome of the companion.
    pub outcome: bool,
}

impl Verdict {
    /// The findings with one label.
    pub fn with<'v>(&'v self, label: &'v str) -> impl Iterator<Item = &'v Finding> {
        self.findings.iter().filter(move |finding| finding.label == label)
    }
}

/// The verdict of the command line, the preview and `probe`. `namespace` is the name of one that the cluster has.
pub fn of_workload(object: &Value, namespace: &str, cluster: &Snapshot) -> Verdict {
    let found = workloads(object);
    let [workload] = &*found else { panic!("{} workloads in {object:#}", found.len()) };
    let (json, object) = (workload.pod().to_string(), object.to_string());
    let fields = controller_fields(workload.group(), workload.kind, &object);
    let pod = Pod::read(json.as_bytes()).expect("a template").created_with(fields);
    review(&Request { pod, namespace, webhook: None, requester: "" }, cluster)
}

/// The webhook's verdict. `namespace` is the manifest of one that the cluster has.
pub fn of_pod(pod: &Value, namespace: &Value, cluster: &Snapshot) -> Verdict {
    let (json, webhook) = (pod.to_string(), Some(webhook(pod, namespace)));
    let namespace = namespace["metadata"]["name"].as_str().expect("a name");
    let pod = Pod::read(json.as_bytes()).expect("a Pod");
    review(&Request { pod, namespace, webhook, requester: "system:serviceaccount:kube-system:job-controller" }, cluster)
}

/// The warnings of the preview when a workload is created.
pub fn warnings_of_preview(object: &Value, namespace: &str, cluster: &Snapshot) -> Vec<String> {
    let version = object["apiVersion"].as_str().expect("a version");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let mut body = review_of(object, namespace);
    body["request"]["kind"] = json!({"group": group, "version": version, "kind": object["kind"]});
    Reply::read(&preview(body.to_string().as_bytes(), cluster, |_| Vec::new(), |_| {})).warnings
}

fn review(request: &Request<'_>, cluster: &Snapshot) -> Verdict {
    let verdict = inject::review(request, cluster);
    let findings = verdict.findings.iter().map(|finding| Finding {
        companion: finding.companion.as_deref().unwrap_or_default().to_owned(),
        label: finding.reason.label().to_owned(),
        effect: finding.effect,
        sentence: finding.to_string(),
        outcome: finding.outcome,
    });
    // A Pod that only gets the annotation of skipped companions is no other one than the command line has.
    let changes = verdict.findings.iter().any(|f| ["Injected", "RestartPolicyRestored"].contains(&f.reason.label()));
    let decision = match verdict.decision {
        Decision::Admit => "admitted",
        Decision::Patch(_) if !changes => "admitted",
        Decision::Patch(_) => "injected",
        Decision::Deny => "denied",
        Decision::Unavailable => "unavailable",
    };
    Verdict { decision, findings: findings.collect() }
}

/// The webhook whose selectors and conditions a Pod meets, where required companions are enabled.
fn webhook(pod: &Value, namespace: &Value) -> Webhook {
    let sets = |map: &str| {
        let map = pod["metadata"][map].as_object().into_iter().flatten();
        let own = ["podgraft.dev/status", "podgraft.dev/skipped"];
        map.into_iter().any(|(key, _)| key.starts_with("podgraft.dev/") && !own.contains(&&**key))
    };
    let label = |object: &Value, value: &str| object["metadata"]["labels"]["podgraft.dev/inject"] == value;
    if label(pod, "disabled") {
        Webhook::ClusterWide
    } else if sets("annotations") || sets("labels") {
        Webhook::Requested
    } else if label(namespace, "enabled") {
        Webhook::OptedIn
    } else {
        Webhook::ClusterWide
    }
}
