//! The webhooks of podgraft that are installed, and whether they match a Pod.

use serde_json::Value;

use crate::api;
use crate::api::v1alpha1::LabelSelector;
use crate::cli::offline::{sets_keys, unmet};
use crate::inject::companion::selector::Selector;
use crate::inject::keys::PREFIX;
use crate::inject::pod::Pod;
use crate::inject::request::namespace::Namespace;
use crate::webhook::Configuration;

/// The webhooks for Pods: the others do not decide whether companions are injected.
pub(super) const FOR_PODS: [Configuration; 4] =
    [Configuration::Requested, Configuration::OptedIn, Configuration::ClusterWide, Configuration::OptedOut];

/// What is known of the webhooks of a cluster.
#[derive(Debug)]
pub(in crate::cli) enum Webhooks {
    /// Those that are installed.
    Installed(Vec<InstalledWebhook>),
    /// The user may not read them; with the error.
    Unreadable(String),
}

/// A webhook of podgraft for Pods, as it is installed.
#[derive(Debug)]
pub(in crate::cli) struct InstalledWebhook {
    /// Which of podgraft's webhooks it is.
    pub(in crate::cli) which: Configuration,
    /// The name of its MutatingWebhookConfiguration.
    pub(in crate::cli) configuration: Box<str>,
    /// `failurePolicy`.
    pub(in crate::cli) failure_policy: Box<str>,
    /// podgraft's namespace: that of the Service that is called.
    pub(super) service_namespace: Option<Box<str>>,
    has_ca: bool,
    namespaces: Selector,
    pods: Selector,
    /// Names of its match conditions.
    conditions: Vec<Box<str>>,
}

/// A Pod of a workload, as the selectors and conditions of webhooks see it.
pub(in crate::cli) struct MatchedPod<'p> {
    /// The template.
    pub(in crate::cli) template: &'p Value,
    /// The Pod that is created from it.
    pub(in crate::cli) pod: &'p Pod<'p>,
    /// Its namespace.
    pub(in crate::cli) namespace: &'p Namespace,
}

/// Whether the API server calls a webhook for a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct WebhookMatch {
    pub(in crate::cli) which: Configuration,
    /// The name of the MutatingWebhookConfiguration.
    pub(in crate::cli) configuration: Box<str>,
    /// `None` if a condition that is not podgraft's decides.
    pub(in crate::cli) matches: Option<bool>,
    /// Whether it exists.
    pub(in crate::cli) exists: bool,
    /// Why.
    pub(in crate::cli) why: String,
}

impl InstalledWebhook {
    /// Reads one of the webhooks of a MutatingWebhookConfiguration; `None` if it is not one of podgraft's.
    pub(super) fn read(configuration: &str, webhook: &Value) -> Option<Self> {
        let name = webhook["name"].as_str()?.strip_suffix(".podgraft.dev")?;
        let which = FOR_PODS.into_iter().find(|which| which.as_str() == name)?;
        let text = |value: &Value| value.as_str().map(Box::from);
        let client = &webhook["clientConfig"];
        let conditions = webhook["matchConditions"].as_array().into_iter().flatten();
        Some(InstalledWebhook {
            which,
            configuration: configuration.into(),
            failure_policy: text(&webhook["failurePolicy"]).unwrap_or_else(|| "Fail".into()),
            service_namespace: text(&client["service"]["namespace"]),
            has_ca: client["caBundle"].as_str().is_some_and(|bundle| !bundle.is_empty()),
            namespaces: selector(&webhook["namespaceSelector"]),
            pods: selector(&webhook["objectSelector"]),
            conditions: conditions.filter_map(|condition| text(&condition["name"])).collect(),
        })
    }

    /// Whether the API server calls it when it creates the Pod. podgraft's own match conditions are known by their names;
    /// CEL is not evaluated.
    fn matching(&self, of: &MatchedPod<'_>) -> (Option<bool>, String) {
        if let Some(unmet) = unmet(&self.namespaces, |key| of.namespace.label(key).into()) {
            return (Some(false), format!("its namespaceSelector requires {unmet}"));
        }
        if let Some(unmet) = unmet(&self.pods, |key| of.pod.label_value(key)) {
            return (Some(false), format!("its objectSelector requires {unmet}"));
        }
        let sets_keys = sets_keys(of.template);
        let mut others = Vec::new();
        for condition in &self.conditions {
            match &**condition {
                "sets-podgraft-keys" if !sets_keys => {
                    return (Some(false), format!("the Pod has no {PREFIX} annotation or label"));
                }
                "sets-no-podgraft-keys" if sets_keys => {
                    return (Some(false), format!("the Pod has {PREFIX} annotations or labels"));
                }
                "sets-podgraft-keys" | "sets-no-podgraft-keys" | "not-a-mirror" => {}
                other => others.push(other),
            }
        }
        if !others.is_empty() {
            let names = others.join(", ");
            return (None, format!("matches if its condition {names} does, which is not evaluated here"));
        }
        let uncallable = if self.has_ca { "" } else { "; its caBundle is empty, so the API server cannot call it" };
        (Some(true), format!("{}, failurePolicy {}{uncallable}", meaning(self.which), self.failure_policy))
    }
}

impl Webhooks {
    /// Each of the webhooks for Pods: whether it exists, and whether it matches. `None` where they cannot be read.
    pub(in crate::cli) fn matching(&self, of: &MatchedPod<'_>) -> Option<Vec<WebhookMatch>> {
        let Webhooks::Installed(installed) = self else { return None };
        let all = FOR_PODS.into_iter().flat_map(|which| {
            let found: Vec<_> = installed.iter().filter(|webhook| webhook.which == which).collect();
            let missing = found.is_empty().then(|| missing(which));
            let found = found.into_iter().map(|webhook| {
                let (matches, why) = webhook.matching(of);
                let configuration = webhook.configuration.clone();
                WebhookMatch { which, configuration, matches, exists: true, why }
            });
            found.chain(missing).collect::<Vec<_>>()
        });
        Some(all.collect())
    }

    /// Whether the API server may call one of them for a Pod. It may where they cannot be read, or where a condition that is not
    /// podgraft's decides.
    pub(in crate::cli) fn may_receive(&self, of: &MatchedPod<'_>) -> bool {
        self.matching(of).is_none_or(|all| all.iter().any(|webhook| webhook.matches != Some(false)))
    }

    /// Whether a webhook is installed. Unreadable ones count as installed.
    pub(in crate::cli) fn has(&self, which: Configuration) -> bool {
        match self {
            Webhooks::Installed(all) => all.iter().any(|webhook| webhook.which == which),
            Webhooks::Unreadable(_) => true,
        }
    }

    /// podgraft's namespace, if it is known.
    pub(in crate::cli) fn own_namespace(&self) -> Option<Box<str>> {
        let Webhooks::Installed(all) = self else { return None };
        all.iter().find_map(|webhook| webhook.service_namespace.clone())
    }
}

fn missing(which: Configuration) -> WebhookMatch {
    let value = match which {
        Configuration::OptedIn => "webhooks.optedIn.enabled",
        Configuration::ClusterWide => "webhooks.clusterWide.enabled",
        Configuration::OptedOut => "requiredCompanions.enabled",
        Configuration::Requested | Configuration::Preview => "webhooks.requested.enabled",
    };
    let why = format!("does not exist; the chart creates it with {value}=true");
    WebhookMatch { which, configuration: which.name("podgraft").into(), matches: Some(false), exists: false, why }
}

/// Which Pods a webhook is for.
fn meaning(which: Configuration) -> String {
    match which {
        Configuration::Requested => format!("the Pod has {PREFIX} annotations or labels"),
        Configuration::OptedIn => "the namespace is opted in".to_owned(),
        Configuration::ClusterWide | Configuration::Preview => {
            "neither the Pod nor its namespace is opted in or out".to_owned()
        }
        Configuration::OptedOut => "the Pod is opted out, and gets required companions only".to_owned(),
    }
}

/// A label selector. One that cannot be read selects everything: the API server rejects it.
fn selector(value: &Value) -> Selector {
    let selector: LabelSelector = serde_json::from_value(value.clone()).unwrap_or_default();
    api::selector(&selector)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn installed(name: &str, condition: &str, namespaces: &Value) -> InstalledWebhook {
        let webhook = json!({
            "name": format!("{name}.podgraft.dev"),
            "clientConfig": {"service": {"namespace": "podgraft-system"}, "caBundle": "eA=="},
            "namespaceSelector": {"matchExpressions": namespaces},
            "objectSelector": {"matchExpressions": [{"key": "podgraft.dev/inject", "operator": "NotIn", "values": ["disabled"]}]},
            "matchConditions": [{"name": "not-a-mirror"}, {"name": condition}],
        });
        InstalledWebhook::read("podgraft-x", &webhook).unwrap()
    }

    fn all() -> Webhooks {
        let opted_in = json!([{"key": "podgraft.dev/inject", "operator": "In", "values": ["enabled"]}]);
        Webhooks::Installed(vec![
            installed("requested", "sets-podgraft-keys", &json!([])),
            installed("opted-in", "sets-no-podgraft-keys", &opted_in),
        ])
    }

    /// Whether each webhook matches a Pod with these metadata, and why.
    fn matching(webhooks: &Webhooks, metadata: &Value, inject: Option<&str>) -> Vec<(Option<bool>, String)> {
        let template = json!({"metadata": metadata, "spec": {"containers": []}});
        let text = template.to_string();
        let pod = Pod::read(text.as_bytes()).unwrap();
        let namespace = Namespace::new("shop", inject.map(|value| ("podgraft.dev/inject", value)), []);
        let matched = MatchedPod { template: &template, pod: &pod, namespace: &namespace };
        webhooks.matching(&matched).unwrap().into_iter().map(|webhook| (webhook.matches, webhook.why)).collect()
    }

    #[test]
    fn the_selectors_and_conditions_of_the_chart_are_understood() {
        let requests = json!({"annotations": {"podgraft.dev/companions": "x"}});
        let none = json!({"annotations": {"podgraft.dev/status": "{}"}});
        let disabled = json!({"labels": {"podgraft.dev/inject": "disabled"}});
        for (metadata, inject, expected, why) in [
            (&requests, None, [true, false], "its namespaceSelector requires podgraft.dev/inject=enabled"),
            (&requests, Some("enabled"), [true, false], "the Pod has podgraft.dev/ annotations or labels"),
            (&none, Some("enabled"), [false, true], "the Pod has no podgraft.dev/ annotation or label"),
            (&none, None, [false, false], "its namespaceSelector requires podgraft.dev/inject=enabled"),
            (&disabled, None, [false, false], "its objectSelector requires podgraft.dev/inject notin (disabled)"),
        ] {
            let found = matching(&all(), metadata, inject);
            let matches: Vec<_> = found[..2].iter().map(|(matches, _)| *matches).collect();
            assert_eq!(matches, expected.map(Some), "{metadata} {inject:?}");
            assert!(found[..2].iter().any(|(_, text)| text.contains(why)), "{why}: {found:?}");
        }
    }

    #[test]
    fn missing_webhooks_and_conditions_of_others_are_reported() {
        let found = matching(&Webhooks::Installed(Vec::new()), &json!({}), None);
        assert!(found[2].1.contains("does not exist; the chart creates it with webhooks.clusterWide.enabled=true"));
        let other = Webhooks::Installed(vec![installed("requested", "team-only", &json!([]))]);
        let found = matching(&other, &json!({"labels": {"podgraft.dev/x": "y"}}), None);
        assert_eq!(found[0].0, None, "{found:?}");
        assert!(found[0].1.contains("team-only"), "{found:?}");
    }

    #[test]
    fn a_webhook_without_a_ca_cannot_be_called() {
        let mut webhook = installed("requested", "sets-podgraft-keys", &json!([]));
        webhook.has_ca = false;
        let found = matching(&Webhooks::Installed(vec![webhook]), &json!({"labels": {"podgraft.dev/x": "y"}}), None);
        assert!(found[0].1.ends_with("its caBundle is empty, so the API server cannot call it"), "{found:?}");
    }

    #[test]
    fn webhooks_of_others_are_not_read() {
        assert!(InstalledWebhook::read("x", &json!({"name": "requested.example.com"})).is_none());
        assert!(InstalledWebhook::read("x", &json!({"name": "other.podgraft.dev"})).is_none());
    }
}
