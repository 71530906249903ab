//! A call of podgraft by the API server: a Pod is created as a dry run, with a request that only podgraft can answer.

use serde_json::{Value, json};

use super::finding::{CheckFinding, CheckReason};
use super::installation::InstallationSettings;
use super::webhooks::object;
use crate::inject::keys;
use crate::webhook::Configuration;

/// A name that no companion can have, because it is a value of a label. podgraft denies the Pod.
const NO_COMPANION: &str = "none";
/// How a denial by a webhook begins, in API servers of every supported version.
const DENIED: &str = "denied the request";
/// How the error of a call begins.
const FAILED: &str = "failed calling webhook";

/// What the API server answered.
#[derive(Debug, Clone)]
pub(super) enum DryRun {
    /// The Pod would have been created.
    Created,
    /// The Pod was denied, or the request failed; with the message.
    Rejected(String),
    /// The user may not create Pods.
    Forbidden(String),
}

/// The Pod of the dry run. It satisfies the strictest Pod Security standard, so that no other rule denies it before podgraft.
pub(super) fn pod() -> Value {
    let security = json!({
        "allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 65532,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "podgraft-check-", "annotations": {keys::COMPANIONS: NO_COMPANION}},
        "spec": {"containers": [{"name": "check", "image": "check", "securityContext": security}]},
    })
}

/// The finding, where podgraft did not answer.
pub(super) fn call(settings: &InstallationSettings, answer: &DryRun) -> Option<CheckFinding> {
    let place = object(settings, Configuration::Requested);
    let network = format!(
        "if the certificate is trusted and replicas are ready, allow API servers to reach port 10250 of podgraft's Pods (the chart's \
         ports.webhook): \
         NetworkPolicies, firewalls; kubectl -n {} get pods,endpointslices",
        settings.at.namespace
    );
    match answer {
        DryRun::Rejected(message) if message.contains(DENIED) && message.contains("podgraft") => None,
        DryRun::Rejected(message) if message.contains(FAILED) && message.contains(".podgraft.dev") => {
            let finding = CheckFinding::error(CheckReason::CallFailed, place, message.clone());
            Some(finding.at("webhooks[0].clientConfig").fix(network))
        }
        DryRun::Created => {
            let message = "a Pod that requests a companion would be created without an answer of podgraft: it was not called, or did not answer and its failurePolicy is Ignore";
            let finding = CheckFinding::error(CheckReason::CallFailed, place, message);
            Some(finding.at("webhooks[0]").fix(network))
        }
        DryRun::Forbidden(message) | DryRun::Rejected(message) => {
            let message = format!("the API server was not made to call podgraft: {message}");
            let fix = "use -n with a namespace in which you may create Pods and which is not excluded";
            Some(CheckFinding::not_checked(place, message).fix(fix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operator::check::installation::InstalledAt;

    #[test]
    fn only_an_answer_of_podgraft_is_no_finding() {
        let at = InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        let settings = InstallationSettings::read(at, None);
        let of = |answer| call(&settings, &answer).map(|f| format!("{} {}", f.severity.as_str(), f.reason.as_str()));
        let denied =
            "admission webhook \"requested.podgraft.dev\" denied the request: podgraft: companion none: invalid";
        assert_eq!(of(DryRun::Rejected(denied.to_owned())), None);
        let failed = "Internal error occurred: failed calling webhook \"requested.podgraft.dev\": failed to call webhook: \
            Post \"https://podgraft.own.svc:443/inject/requested?timeout=2s\": tls: failed to verify certificate";
        assert_eq!(of(DryRun::Rejected(failed.to_owned())).as_deref(), Some("error CallFailed"));
        assert_eq!(of(DryRun::Created).as_deref(), Some("error CallFailed"));
        for other in ["admission webhook \"other.example\" denied the request: no", "exceeded quota: team"] {
            assert_eq!(of(DryRun::Rejected(other.to_owned())).as_deref(), Some("note NotChecked"), "{other}");
        }
        assert_eq!(of(DryRun::Forbidden("pods is forbidden".to_owned())).as_deref(), Some("note NotChecked"));
    }
}
