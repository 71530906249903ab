//! Whether the API server calls podgraft for the Pods of a workload: without a call, they are created as they are.

use serde_json::{Value, json};

use super::rule::{namespace_opt_in, pod_opt_in};
use super::table::table;
use crate::cli::live::{MatchedPod, WebhookMatch, Webhooks};
use crate::cli::offline::{OfflineServer, Reviewed, sets_keys};
use crate::inject::request::namespace::OptIn;
use crate::webhook::Configuration;

/// What is known of the webhooks for the Pods of one workload.
#[derive(Debug)]
pub(super) struct Called {
    /// Each webhook, and whether it matches; `None` if they cannot be read.
    webhooks: Option<Vec<WebhookMatch>>,
    /// The webhook that is for such Pods.
    expected: Configuration,
    /// Why the webhooks cannot be read.
    unreadable: Option<String>,
}

impl Called {
    pub(super) fn new(webhooks: &Webhooks, server: &OfflineServer, found: &Reviewed<'_>) -> Option<Self> {
        let created = found.workload.created();
        let pod = created.pod().ok()?;
        let namespace = server.snapshot.namespaces.listed(server.namespace(found.workload))?;
        let matched = MatchedPod { template: found.workload.pod(), pod: &pod, namespace };
        let unreadable = match webhooks {
            Webhooks::Unreadable(why) => Some(why.clone()),
            Webhooks::Installed(_) => None,
        };
        Some(Called { webhooks: webhooks.matching(&matched), expected: expected(server, found), unreadable })
    }

    /// Whether a webhook is called; `None` if that is not known.
    pub(super) fn is_called(&self) -> Option<bool> {
        let webhooks = self.webhooks.as_ref()?;
        let matches = |answer| webhooks.iter().any(|webhook| webhook.matches == answer);
        if matches(Some(true)) { Some(true) } else { (!matches(None)).then_some(false) }
    }

    /// Why no webhook is called; `None` if one is, or if that is not known.
    pub(super) fn why_not(&self) -> Option<String> {
        if self.is_called() != Some(false) {
            return None;
        }
        let expected = self.webhooks.iter().flatten().find(|webhook| webhook.which == self.expected)?;
        let WebhookMatch { configuration, why, .. } = expected;
        Some(if expected.exists {
            format!("the webhook of {configuration} does not match: {why}")
        } else {
            format!("webhook configuration {configuration} {why}")
        })
    }

    /// A table for people.
    pub(super) fn text(&self) -> String {
        let Some(webhooks) = &self.webhooks else {
            let why = self.unreadable.as_deref().unwrap_or_default();
            return format!("note: whether the webhooks of podgraft are installed is not known: {why}\n");
        };
        let rows = webhooks.iter().map(|webhook| {
            let is_called = match webhook.matches {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            [webhook.configuration.to_string(), is_called.to_owned(), webhook.why.clone()]
        });
        let header = ["WEBHOOK CONFIGURATION", "MATCHES", "WHY"].map(str::to_owned);
        table(&[header].into_iter().chain(rows).collect::<Vec<_>>())
    }

    /// The same for programs; null if the webhooks cannot be read.
    pub(super) fn json(&self) -> Value {
        let Some(webhooks) = &self.webhooks else { return Value::Null };
        let all = webhooks.iter().map(|webhook| {
            json!({"name": webhook.configuration, "exists": webhook.exists, "matches": webhook.matches, "message": webhook.why})
        });
        all.collect()
    }
}

/// The webhook that is for the Pods of a workload, if all of them are installed as by the chart.
fn expected(server: &OfflineServer, found: &Reviewed<'_>) -> Configuration {
    if pod_opt_in(found) == OptIn::Disabled {
        Configuration::OptedOut
    } else if sets_keys(found.workload.pod()) {
        Configuration::Requested
    } else if namespace_opt_in(server, found) == OptIn::Enabled {
        Configuration::OptedIn
    } else {
        Configuration::ClusterWide
    }
}
