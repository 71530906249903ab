//! What would happen to Pods if podgraft did not answer.

use serde_json::{Value, json};

use super::installation::InstallationSettings;
use super::policies::RequiredCompanion;
use crate::webhook::Configuration;

/// What a webhook, or a policy, does while podgraft does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Consequence {
    /// The webhook configuration or policy.
    pub(super) name: String,
    /// `Fail`, `Ignore`, or `Deny` of a policy.
    pub(super) policy: String,
    /// What happens to which Pods.
    pub(super) effect: String,
}

/// The consequences of an outage, in the order of the webhooks. `opted_in` is the number of opted-in namespaces.
pub(super) fn consequences(
    settings: &InstallationSettings,
    configurations: &[Value],
    opted_in: usize,
    required: &[RequiredCompanion<'_>],
) -> Vec<Consequence> {
    let mut consequences = Vec::new();
    for configuration in Configuration::ALL {
        let name = configuration.name(&settings.at.name);
        let found = configurations.iter().find(|found| found["metadata"]["name"] == *name);
        let Some(policy) = found.and_then(|found| found["webhooks"][0]["failurePolicy"].as_str()) else { continue };
        let effect = effect(configuration, policy, opted_in);
        consequences.push(Consequence { name, policy: policy.to_owned(), effect });
    }
    for companion in required.iter().filter(|_| settings.required) {
        let name = format!("{}-required-{}", settings.at.name, companion.name);
        let effect = format!("Pods that companion {} selects are denied without it", companion.name);
        consequences.push(Consequence { name, policy: "Deny".to_owned(), effect });
    }
    consequences
}

fn effect(configuration: Configuration, policy: &str, opted_in: usize) -> String {
    let pods = match configuration {
        Configuration::Requested => "Pods with an annotation or label of podgraft".to_owned(),
        Configuration::OptedIn if opted_in == 1 => "other Pods of 1 opted-in namespace".to_owned(),
        Configuration::OptedIn => format!("other Pods of {opted_in} opted-in namespaces"),
        Configuration::ClusterWide => "all other Pods of namespaces that are not excluded".to_owned(),
        Configuration::OptedOut => "Pods that are opted out".to_owned(),
        Configuration::Preview => return "kubectl apply prints no warnings".to_owned(),
    };
    let happens = if policy == "Fail" { "are denied" } else { "are created without companions" };
    format!("{pods} {happens}")
}

/// As JSON.
pub(super) fn as_json(consequences: &[Consequence]) -> Value {
    let one = |c: &Consequence| json!({"name": c.name, "failurePolicy": c.policy, "effect": c.effect});
    consequences.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operator::check::installation::InstalledAt;

    #[test]
    fn each_configuration_that_exists_and_each_required_companion_has_a_consequence() {
        let at = InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        let settings = InstallationSettings { required: true, ..InstallationSettings::read(at, None) };
        let configuration = |name: &str, policy: &str| json!({"metadata": {"name": format!("podgraft-{name}")}, "webhooks": [{"failurePolicy": policy}]});
        let all = [
            configuration("requested", "Fail"),
            configuration("cluster-wide", "Ignore"),
            configuration("opted-in", "Fail"),
        ];
        let required = [RequiredCompanion { name: "audit", hash: None }];
        let effects: Vec<String> = consequences(&settings, &all, 3, &required)
            .into_iter()
            .map(|c| format!("{} {}", c.policy, c.effect))
            .collect();
        assert_eq!(
            effects,
            [
                "Fail Pods with an annotation or label of podgraft are denied",
                "Fail other Pods of 3 opted-in namespaces are denied",
                "Ignore all other Pods of namespaces that are not excluded are created without companions",
                "Deny Pods that companion audit selects are denied without it",
            ]
        );
    }
}
