//! Compares webhook configurations with what the chart installs.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::expected;
use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::{InstallationSettings, strings};
use crate::inject::keys::{EXCLUDED_NAMESPACES, NAMESPACE_NAME};
use crate::webhook::Configuration;

/// What decides whether a configuration is needed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// Whether a namespace is opted in.
    pub(super) opted_in: bool,
    /// Whether a companion is injected into all Pods.
    pub(super) cluster_wide: bool,
}

/// The configurations of an installation: those of the chart that are missing, and those that differ from it.
pub(super) fn webhooks(settings: &InstallationSettings, configurations: &[Value], needs: Needs) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    let mut present = Vec::new();
    for configuration in Configuration::ALL {
        let name = configuration.name(&settings.at.name);
        match configurations.iter().find(|object| object["metadata"]["name"] == *name) {
            Some(object) => present.push((configuration, object)),
            None => findings.extend(missing(settings, configuration, needs)),
        }
    }
    let shared = shared_requirements(&present);
    let differences =
        present.iter().flat_map(|(configuration, object)| differences(settings, *configuration, object, &shared));
    findings.extend(differences);
    findings.extend(timeouts(settings, &present));
    findings
}

/// The requirements on namespaces that all webhooks for Pods have: those are values of the chart, which platforms need.
fn shared_requirements<'o>(present: &[(Configuration, &'o Value)]) -> Vec<&'o Value> {
    let of_pods = present.iter().filter(|(configuration, _)| *configuration != Configuration::Preview);
    let mut all = of_pods.flat_map(|(_, object)| each(object)).map(|(_, webhook)| requirements(webhook));
    let first = all.next().unwrap_or_default();
    all.fold(first, |shared, other| shared.into_iter().filter(|requirement| other.contains(requirement)).collect())
}

/// What a webhook requires of namespaces.
fn requirements(webhook: &Value) -> Vec<&Value> {
    webhook["namespaceSelector"]["matchExpressions"].as_array().into_iter().flatten().collect()
}

/// The webhooks of a configuration of the cluster, as an object of kubectl.
pub(super) fn object(settings: &InstallationSettings, configuration: Configuration) -> ObjectName {
    let kind = match configuration {
        Configuration::Preview => "validatingwebhookconfiguration",
        _ => "mutatingwebhookconfiguration",
    };
    ObjectName::of_cluster(kind, configuration.name(&settings.at.name))
}

/// The webhooks of a configuration with their indices.
pub(super) fn each(object: &Value) -> impl Iterator<Item = (usize, &Value)> {
    object["webhooks"].as_array().into_iter().flatten().enumerate()
}

fn missing(settings: &InstallationSettings, configuration: Configuration, needs: Needs) -> Option<CheckFinding> {
    let (is_needed, effect, value) = match configuration {
        Configuration::Requested => {
            (true, "Pods that request companions are created without them", "webhooks.requested.enabled")
        }
        Configuration::OptedIn => (
            needs.opted_in || settings.required,
            "Pods of opted-in namespaces are created without companions",
            "webhooks.optedIn.enabled",
        ),
        Configuration::ClusterWide => (
            needs.cluster_wide || settings.required,
            "Pods are created without the companions with activation ClusterWide",
            "webhooks.clusterWide.enabled",
        ),
        Configuration::OptedOut => (
            settings.required,
            "Pods that are opted out are created without required companions, and are denied where their policies exist",
            "requiredCompanions.enabled",
        ),
        Configuration::Preview => (
            true,
            "kubectl apply prints no warnings of podgraft for workloads and companions",
            "webhooks.preview.enabled",
        ),
    };
    let object = object(settings, configuration);
    let fix = format!("{}; if the chart's value {value} is false, set it to true", settings.restore);
    let report = if configuration == Configuration::Preview { CheckFinding::warning } else { CheckFinding::error };
    let message = format!("not found: {effect}");
    is_needed.then(|| report(CheckReason::WebhookMissing, object, message).fix(fix))
}

fn differences(
    settings: &InstallationSettings,
    configuration: Configuration,
    found: &Value,
    shared: &[&Value],
) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    for name in expected::names(configuration) {
        let Some((index, webhook)) = each(found).find(|(_, webhook)| webhook["name"] == *name) else {
            let message = format!("webhooks: required value: {name}");
            let finding = CheckFinding::error(CheckReason::WebhookMissing, object(settings, configuration), message);
            findings.push(finding.fix(&*settings.restore));
            continue;
        };
        let compared = Compared { settings, configuration, index, webhook };
        findings.extend(compared.fixed());
        if configuration != Configuration::Preview {
            findings.extend(compared.namespaces(shared));
            findings.extend(compared.conditions());
        }
    }
    findings
}

/// One webhook that is compared with the chart's.
struct Compared<'a> {
    settings: &'a InstallationSettings,
    configuration: Configuration,
    index: usize,
    webhook: &'a Value,
}

impl Compared<'_> {
    fn fixed(&self) -> Vec<CheckFinding> {
        let mut findings = Vec::new();
        for (pointer, expected) in expected::fixed(self.configuration, &self.settings.at) {
            let found = self.webhook.pointer(pointer).unwrap_or(&Value::Null);
            if *found != expected {
                let field = pointer[1..].replace('/', ".");
                findings.push(self.finding(&field, &format!("invalid value: {found}: must be {expected}")));
            }
        }
        findings
    }

    fn namespaces(&self, shared: &[&Value]) -> Vec<CheckFinding> {
        let requirements = requirements(self.webhook);
        let is_names =
            |requirement: &&Value| requirement["key"] == NAMESPACE_NAME && requirement["operator"] == "NotIn";
        let excluded: Vec<&str> =
            requirements.iter().find(|r| is_names(r)).into_iter().flat_map(|r| strings(&r["values"])).collect();
        let field = "namespaceSelector.matchExpressions";
        let mut findings = Vec::new();
        for name in EXCLUDED_NAMESPACES.into_iter().chain([&*self.settings.at.namespace]) {
            if !excluded.contains(&name) {
                let message = format!(
                    "required value: {NAMESPACE_NAME} NotIn {name:?}: while podgraft is down, Pods of that namespace cannot be created"
                );
                findings.push(self.finding(field, &message));
            }
        }
        let opt_in = expected::opt_in(self.configuration, self.settings.required);
        let others: Vec<&&Value> = requirements.iter().filter(|r| !is_names(r)).collect();
        if let Some(expected) = &opt_in
            && !others.contains(&&expected)
        {
            findings.push(self.finding(field, &format!("required value: {expected}")));
        }
        let is_expected = |other: &&Value| Some(*other) == opt_in.as_ref() || shared.contains(other);
        for other in others.into_iter().filter(|other| !is_expected(other)) {
            findings.push(self.finding(field, &format!("forbidden: {other}: excludes Pods that podgraft must review")));
        }
        findings
    }

    fn conditions(&self) -> Vec<CheckFinding> {
        let found = self.webhook["matchConditions"].as_array();
        let is_present = |expected: &Value| found.is_some_and(|found| found.contains(expected));
        let missing = expected::conditions(self.configuration).into_iter().filter(|expected| !is_present(expected));
        let message = |condition: Value| {
            format!("required value: condition {} with the expression of the chart", condition["name"])
        };
        missing.map(|condition| self.finding("matchConditions", &message(condition))).collect()
    }

    fn finding(&self, field: &str, message: &str) -> CheckFinding {
        let object = object(self.settings, self.configuration);
        let field = format!("webhooks[{}].{field}", self.index);
        CheckFinding::error(CheckReason::WebhookDiffers, object, message).at(field).fix(&*self.settings.restore)
    }
}

/// The chart has one timeout for all webhooks.
fn timeouts(settings: &InstallationSettings, present: &[(Configuration, &Value)]) -> Vec<CheckFinding> {
    let of = |(configuration, object): &(Configuration, &Value)| {
        let configuration = *configuration;
        each(object)
            .map(move |(index, webhook)| (configuration, index, webhook["timeoutSeconds"].as_i64()))
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = present.iter().flat_map(of).collect();
    let count = |seconds: Option<i64>| all.iter().filter(|(.., other)| *other == seconds).count();
    // The value of most webhooks is the chart's: one was edited, and not the others.
    let Some(usual) = all.iter().map(|(.., seconds)| *seconds).max_by_key(|seconds| count(*seconds)) else {
        return Vec::new();
    };
    let unusual = all.iter().filter(|(.., seconds)| *seconds != usual);
    let finding = |(configuration, index, seconds): &(Configuration, usize, Option<i64>)| {
        let shown = |seconds: Option<i64>| seconds.map_or("unset".to_owned(), |seconds| seconds.to_string());
        let message = format!("invalid value: {}: the other webhooks have {}", shown(*seconds), shown(usual));
        CheckFinding::warning(CheckReason::WebhookDiffers, object(settings, *configuration), message)
            .at(format!("webhooks[{index}].timeoutSeconds"))
            .fix(&*settings.restore)
    };
    unusual.map(finding).collect()
}
