//! The rows of outcomes.

use podgraft::internals::inject::verdict::reason::Outcome;
use serde_json::json;

use super::conflicts;
use super::door::Door;
use super::row::{INFORMATION, ReasonRow, companion};
use super::templates::parameter;

pub fn row(outcome: &Outcome) -> ReasonRow {
    match outcome {
        Outcome::Injected => ReasonRow::new("injected").without(&[Door::Warning, Door::Event], INFORMATION),
        Outcome::PodDenied => ReasonRow::new("not injected: the Pod is denied for another reason")
            .annotations(json!({"podgraft.dev/companions": "NAME,nosuch"}))
            .without(&[Door::Warning, Door::Event], "the other reason is reported there"),
        Outcome::AlreadyInjected => {
            ReasonRow::new("already injected").present().without(&[Door::Warning, Door::Event], INFORMATION)
        }
        Outcome::NotAvailable { .. } => {
            ReasonRow::new("not available in namespace").annotations(json!({"podgraft.dev/companions": "nosuch"}))
        }
        Outcome::CompanionInvalid => ReasonRow::new("spec is invalid and no earlier valid version exists").spec(
            json!({"containers": [{"name": "NAME", "image": "registry.example/companion:1", "volumeMounts": [{"name": "out", "mountPath": "/out"}]}]}),
        ),
        Outcome::RequiredDisabled => ReasonRow::new("required companions are disabled on this server").spec(json!({
            "activation": "ClusterWide", "required": true,
            "namespaceSelector": {"matchLabels": {"reason": "required-disabled"}},
        }))
        .in_namespace(json!({"labels": {"reason": "required-disabled"}})),
        Outcome::ParameterMissing { .. } => {
            ReasonRow::new("parameter repo: required value").spec(parameter("repo", json!({"required": true})))
        }
        Outcome::ParameterInvalid { .. } => ReasonRow::new("NAME.period: invalid value")
            .spec(parameter("period", json!({"type": "Duration"})))
            .annotations(json!({"podgraft.dev/NAME.period": "soon"})),
        Outcome::ParameterUnknown { .. } => ReasonRow::new("not found in spec.parameters: \"rep\"")
            .spec(parameter("repo", json!({})))
            .annotations(json!({"podgraft.dev/NAME.rep": "x"})),
        Outcome::FileOverridden { .. } => ReasonRow::new("holds a file of this companion and has other content")
            .spec(json!({"files": [{"path": "/etc/own.conf", "content": "of the platform"}]}))
            .annotations(json!({"text.podgraft.dev/NAME.0": "of the developer"})),
        Outcome::RequestExceedsLimit { .. } => ReasonRow::new("the memory request of container NAME would be 64Mi")
            .spec(json!({
                "containers": [{"name": "NAME", "image": "registry.example/companion:1", "resources": {"limits": {"memory": "32Mi"}}}],
                "parameters": [{"name": "memory", "type": "Quantity", "default": "16Mi", "resource": "NAME/requests.memory"}],
            }))
            .annotations(json!({"podgraft.dev/NAME.memory": "64Mi"})),
        Outcome::SelectorUndecided { .. } => ReasonRow::new("undecided: podSelector depends on label pod-template-hash")
            .kind("Deployment")
            .spec(json!({"podSelector": {"matchExpressions": [{"key": "pod-template-hash", "operator": "In", "values": ["x"]}]}}))
            .only(&[Door::Warning, Door::Explain], "the Pods that API servers send have all labels"),
        Outcome::HostNetwork => {
            ReasonRow::new("the Pod uses the node's network").pod(json!({"hostNetwork": true}))
        }
        Outcome::WindowsPod { .. } => {
            ReasonRow::new("the Pod runs on Windows").pod(json!({"os": {"name": "windows"}}))
        }
        Outcome::BlocksCompletion => ReasonRow::new("a plain container would keep the Pod from completing")
            .kind("Job")
            .spec(json!({"lifecycle": "Container"})),
        Outcome::Conflict(conflict) => conflicts::row(conflict),
    }
}

/// A companion that excludes a container of its own, for the row of too many.
pub fn excludes(name: &str, container: &str) -> serde_json::Value {
    let mut companion = companion(name);
    companion["spec"]["excludeContainers"] = json!([container]);
    companion["spec"]["app"] = json!({"env": [{"name": name.replace('-', "_"), "value": "x"}]});
    companion
}
