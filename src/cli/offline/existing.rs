//! Pods that exist: what `kubectl get pod -o yaml` prints.

use serde_json::Value;

use crate::workload::Workload;

/// The remark on a Pod that exists and would get companions; `None` for a manifest that creates Pods.
///
/// The API server sets the UID of every object, and the kubelet writes the status; authors write neither. `spec.nodeName` proves
/// nothing, because authors may set it.
pub(in crate::cli) fn existing(workload: &Workload<'_>) -> Option<&'static str> {
    let pod = workload.object;
    let has_status = pod["status"].as_object().is_some_and(|status| !status.is_empty());
    let exists = has_status || pod.pointer("/metadata/uid").is_some_and(Value::is_string);
    (workload.template.is_empty() && exists).then_some(
        "the Pod exists, and the containers of an existing Pod cannot be changed: only new Pods get companions; restart the Pod's workload, or inject into the workload's manifest",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workload::workloads;

    #[test]
    fn a_pod_with_a_uid_or_a_status_exists() {
        let exists = |kind: &str, uid: Value, status: Value| {
            let object = json!({
                "apiVersion": if kind == "Pod" { "v1" } else { "apps/v1" },
                "kind": kind,
                "metadata": {"name": "web", "uid": uid},
                "spec": {"nodeName": "node-1", "containers": [], "template": {"spec": {"containers": []}}},
                "status": status,
            });
            existing(&workloads(&object)[0]).is_some()
        };
        assert!(exists("Pod", json!("0b1c"), json!(null)));
        assert!(exists("Pod", json!(null), json!({"phase": "Running"})));
        // `kubectl run --dry-run=client -o yaml` prints an empty status.
        assert!(!exists("Pod", json!(null), json!({})));
        assert!(!exists("Deployment", json!("0b1c"), json!({"replicas": 1})));
    }
}
