//! The rows of Pods that had a companion before: from an earlier review, or from `podgraft inject`.

use podgraft::internals::inject::verdict::reason::Remark;
use serde_json::json;

use super::row::ReasonRow;
use super::templates::{parameter, shared};

pub fn row(remark: &Remark) -> ReasonRow {
    match remark {
        Remark::PartsMissing { .. } => ReasonRow::remark("listed in podgraft.dev/status and not found in the Pod")
            .spec(shared("/srv"))
            .present()
            .listed(r#","volumes":["NAME-content"],"mounts":{"web":["/srv"]}"#),
        Remark::InjectedAgain { .. } => ReasonRow::remark("injected again, because the Pod lacked parts").listed(""),
        Remark::RestartPolicyRestored { .. } => {
            ReasonRow::remark("restartPolicy: Always of container NAME was missing")
                .present()
                .pod(json!({"initContainers": [{"name": "NAME", "image": "registry.example/companion:1"}]}))
                .listed("")
        }
        Remark::ParameterDiffers { .. } => {
            ReasonRow::remark("podgraft.dev/NAME.mode differs from the value in the Pod")
                .spec(parameter("mode", json!({"default": "slow"})))
                .present()
                .pod(json!({"initContainers": [{
                    "name": "NAME", "image": "registry.example/companion:1", "restartPolicy": "Always",
                    "env": [{"name": "MODE", "value": "slow"}],
                }]}))
                .annotations(json!({"podgraft.dev/NAME.mode": "fast"}))
                .listed("")
        }
        Remark::NoLongerRequested { .. } => ReasonRow::remark("in the Pod, but no longer requested")
            .present()
            .listed("")
            // A Pod without any other key would be sent to no webhook.
            .annotations(json!({"podgraft.dev/companions": null, "podgraft.dev/containers": "web"})),
        _ => ReasonRow::remark("injected by another version").present().listed(""),
    }
}
