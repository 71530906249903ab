//! Pods that no API server sends to podgraft, because the webhook configuration that selects them does not exist.

use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::request::namespace::OptIn;
use crate::inject::snapshot::Snapshot;
use crate::webhook::Configuration;

/// With more annotations or labels than this a Pod counts as one with a key of podgraft, as in the chart's webhooks.
const MANY_KEYS: usize = 256;

/// The configuration that would select a Pod, if it does not exist.
#[must_use]
pub fn missing_configuration(pod: &Pod<'_>, namespace: &str, snapshot: &Snapshot) -> Option<Configuration> {
    let missing = snapshot.settings.missing;
    if missing.is_empty() {
        return None;
    }
    let namespace = snapshot.namespaces.listed(namespace)?;
    let configuration = match (OptIn::read(pod.label(keys::INJECT)), namespace.opt_in()) {
        // Without required companions that webhook is not meant to exist.
        (OptIn::Disabled, _) if !snapshot.settings.required => return None,
        (OptIn::Disabled, _) => Configuration::OptedOut,
        _ if sets_keys(pod) => Configuration::Requested,
        (_, OptIn::Enabled) => Configuration::OptedIn,
        _ => Configuration::ClusterWide,
    };
    missing.contains(configuration).then_some(configuration)
}

fn sets_keys(pod: &Pod<'_>) -> bool {
    let annotations = pod.annotations.as_deref().unwrap_or_default();
    let is_ours = |key: &str| key.starts_with(keys::PREFIX) && !matches!(key, keys::STATUS | keys::SKIPPED);
    [annotations, &pod.labels].iter().any(|map| map.len() > MANY_KEYS || map.iter().any(|(key, _)| is_ours(key)))
}
