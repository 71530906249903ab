//! The rights of podgraft's ServiceAccount, which its chart's roles give.

use serde_json::{Value, json};

use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::InstallationSettings;
use crate::api::v1alpha1::GROUP;
use crate::webhook::Configuration;

/// A right that podgraft needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NeededRight {
    verb: &'static str,
    group: &'static str,
    /// The resource, with its subresource after a slash.
    resource: &'static str,
    name: Option<String>,
    namespace: Option<String>,
}

/// The rights that an installation needs with its settings.
pub(super) fn needed(settings: &InstallationSettings) -> Vec<NeededRight> {
    let right = |verb, group, resource| NeededRight { verb, group, resource, name: None, namespace: None };
    let mut rights = vec![
        right("list", GROUP, "clustercompanions"),
        right("list", GROUP, "companions"),
        right("patch", GROUP, "clustercompanions/status"),
        right("patch", GROUP, "companions/status"),
        right("list", "", "namespaces"),
    ];
    if settings.self_managed {
        let secret = settings.secret.clone();
        let namespace = Some(settings.at.namespace.clone());
        rights.push(NeededRight { name: secret, namespace, ..right("update", "", "secrets") });
        let requested = Some(Configuration::Requested.name(&settings.at.name));
        rights.push(NeededRight { name: requested, ..right("patch", ADMISSION, "mutatingwebhookconfigurations") });
        let preview = Some(Configuration::Preview.name(&settings.at.name));
        rights.push(NeededRight { name: preview, ..right("patch", ADMISSION, "validatingwebhookconfigurations") });
    }
    if settings.required {
        rights.push(right("create", ADMISSION, "validatingadmissionpolicies"));
        rights.push(right("create", ADMISSION, "validatingadmissionpolicybindings"));
    }
    if settings.previews.existing_workloads {
        rights.extend(["deployments", "statefulsets", "daemonsets"].map(|resource| right("list", "apps", resource)));
        rights.push(right("list", "batch", "cronjobs"));
        rights.push(right("list", "", "replicationcontrollers"));
        rights.push(right("create", "authorization.k8s.io", "subjectaccessreviews"));
    }
    if settings.previews.namespace_limits {
        rights.extend(["resourcequotas", "limitranges"].map(|resource| right("list", "", resource)));
        rights.push(right("list", "autoscaling", "horizontalpodautoscalers"));
    }
    rights
}

const ADMISSION: &str = "admissionregistration.k8s.io";

impl NeededRight {
    /// The SubjectAccessReview (`authorization.k8s.io/v1`) that asks for it.
    pub(super) fn review(&self, settings: &InstallationSettings) -> Value {
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let (namespace, account) = (&settings.at.namespace, &settings.service_account);
        json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{account}"),
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated"],
                "resourceAttributes": {
                    "verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource,
                    "name": self.name, "namespace": self.namespace,
                },
            },
        })
    }

    /// The finding where the right is missing.
    pub(super) fn missing(&self, settings: &InstallationSettings) -> CheckFinding {
        let account = ObjectName::namespaced("serviceaccount", &settings.at.namespace, &*settings.service_account);
        let dot = if self.group.is_empty() { "" } else { "." };
        let name = self.name.as_ref().map_or(String::new(), |name| format!(" {name:?}"));
        let message = format!("forbidden: cannot {} {}{dot}{}{name}", self.verb, self.resource, self.group);
        CheckFinding::error(CheckReason::PermissionMissing, account, message).fix(&*settings.restore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operator::check::installation::InstalledAt;

    /// What the chart renders with all that needs rights; `tests/chart` keeps the file up to date.
    const RENDERED: &str = include_str!("../../../../tests/chart/required.yaml");

    #[test]
    fn every_needed_right_is_in_a_role_of_the_chart() {
        let objects: Vec<Value> =
            RENDERED.split("\n---\n").filter_map(|text| serde_saphyr::from_str(text).ok()).collect();
        let roles = objects.iter().filter(|o| matches!(o["kind"].as_str(), Some("Role" | "ClusterRole")));
        let rules: Vec<&Value> = roles
            .filter(|role| role["metadata"]["name"] == "podgraft")
            .flat_map(|role| role["rules"].as_array().unwrap())
            .collect();
        let at = InstalledAt { name: "podgraft".into(), namespace: "podgraft-system".into() };
        let deployment = objects.iter().find(|o| o["kind"] == "Deployment");
        let settings = InstallationSettings::read(at, deployment);
        let has = |list: &Value, word: &str| list.as_array().is_some_and(|list| list.iter().any(|w| w == word));
        let rights = needed(&settings);
        assert_eq!(rights.len(), 19);
        for right in rights {
            let gives = |rule: &&&Value| {
                let named = rule["resourceNames"].is_null()
                    || right.name.as_ref().is_some_and(|name| has(&rule["resourceNames"], name));
                has(&rule["apiGroups"], right.group)
                    && has(&rule["resources"], right.resource)
                    && has(&rule["verbs"], right.verb)
                    && named
            };
            assert!(rules.iter().any(|rule| gives(&rule)), "{right:?}");
        }
    }

    #[test]
    fn a_missing_right_names_the_verb_and_the_resource() {
        let at = InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        let settings = InstallationSettings::read(at, None);
        let right = &needed(&settings)[2];
        let finding = right.missing(&settings);
        assert_eq!(finding.message, "forbidden: cannot patch clustercompanions/status.podgraft.dev");
        assert_eq!(finding.object.to_string(), "serviceaccount/default -n own");
        let attributes = &right.review(&settings)["spec"]["resourceAttributes"];
        assert_eq!(
            (&attributes["resource"], &attributes["subresource"]),
            (&json!("clustercompanions"), &json!("status"))
        );
    }
}
