//! The `caBundle` of each webhook: what stands there, and the patch that mends it.

use std::time::SystemTime;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use serde_json::{Value, json};

use crate::tls::authority::Anchor;

/// The webhook configurations of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Configuration {
    Requested,
    OptedIn,
    ClusterWide,
    OptedOut,
    Preview,
}

/// A configuration as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its resourceVersion.
    pub(super) version: String,
    pub(super) entries: Vec<Entry>,
}

/// One webhook of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// What its `caBundle` holds; nothing where it does not reach a Service, for then it is not ours to fill.
    pub(super) bundle: Option<Vec<u8>>,
}

/// All configurations; what nobody has told of yet is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Bundles {
    known: [Option<Option<Seen>>; 5],
    held: Option<(Anchor, SystemTime)>,
}

impl Configuration {
    pub(super) const ALL: [Self; 5] =
        [Self::Requested, Self::OptedIn, Self::ClusterWide, Self::OptedOut, Self::Preview];

    /// The object's name in an installation.
    pub(super) fn name(self, installation: &str) -> String {
        let entry = match self {
            Self::Requested => "requested",
            Self::OptedIn => "opted-in",
            Self::ClusterWide => "cluster-wide",
            Self::OptedOut => "opted-out",
            Self::Preview => "preview",
        };
        format!("{installation}-{entry}")
    }
}

impl Bundles {
    /// Takes in what a configuration is like; nothing where there is none.
    pub(super) fn note(&mut self, configuration: Configuration, seen: Option<Seen>) {
        self.known[configuration as usize] = Some(seen);
    }

    pub(super) fn seen(&self, configuration: Configuration) -> Option<&Seen> {
        self.known[configuration as usize].as_ref()?.as_ref()
    }

    /// Whether each `caBundle` that there is holds an authority. Not so while one is not known.
    pub(super) fn hold(&self, anchor: &Anchor) -> bool {
        self.all(|bundle| Anchor::parse_all(bundle).contains(anchor))
    }

    /// Whether each is the one that it should be.
    pub(super) fn in_step(&self, bundle: &str) -> bool {
        self.all(|found| found == bundle.as_bytes())
    }

    /// Since when each is known to hold the next authority, now that it is looked at.
    pub(super) fn held_since(&mut self, next: Option<&Anchor>, now: SystemTime) -> Option<SystemTime> {
        let next = next.filter(|next| self.hold(next));
        // A clock that was set back must not make the wait longer than it is.
        let since = |(anchor, since): &(Anchor, SystemTime)| (Some(anchor) == next && *since <= now).then_some(*since);
        let since = self.held.as_ref().and_then(since).unwrap_or(now);
        self.held = next.map(|next| (next.clone(), since));
        self.held.as_ref().map(|(_, since)| *since)
    }

    fn all(&self, holds: impl Fn(&[u8]) -> bool) -> bool {
        let known = |seen: &Option<Option<Seen>>| match seen {
            Some(Some(seen)) => seen.entries.iter().filter_map(|e| e.bundle.as_deref()).all(&holds),
            Some(None) => true,
            None => false,
        };
        self.known.iter().all(known)
    }
}

impl Seen {
    /// The operations that put a bundle into each webhook that has another; nothing where all have it.
    ///
    /// They apply to what was seen and to nothing else: not after somebody wrote to the object, nor to another entry.
    pub(super) fn patch(&self, bundle: &str) -> Option<Value> {
        let mut operations = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": self.version})];
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.bundle.as_ref().is_some_and(|found| found != bundle.as_bytes()) {
                let webhook = format!("/webhooks/{index}");
                operations.push(json!({"op": "test", "path": format!("{webhook}/name"), "value": entry.name}));
                let path = format!("{webhook}/clientConfig/caBundle");
                operations.push(json!({"op": "add", "path": path, "value": ByteString(bundle.as_bytes().to_vec())}));
            }
        }
        (operations.len() > 1).then_some(Value::Array(operations))
    }
}

impl Entry {
    fn new(name: &str, client: &WebhookClientConfig) -> Self {
        let bundle = client.ca_bundle.as_ref().map(|bundle| bundle.0.clone()).unwrap_or_default();
        Entry { name: name.to_owned(), bundle: client.service.is_some().then_some(bundle) }
    }
}

impl From<MutatingWebhookConfiguration> for Seen {
    fn from(object: MutatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.unwrap_or_default();
        let entries = webhooks.iter().map(|webhook| Entry::new(&webhook.name, &webhook.client_config)).collect();
        Seen { version: object.metadata.resource_version.unwrap_or_default(), entries }
    }
}

impl From<ValidatingWebhookConfiguration> for Seen {
    fn from(object: ValidatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.unwrap_or_default();
        let entries = webhooks.iter().map(|webhook| Entry::new(&webhook.name, &webhook.client_config)).collect();
        Seen { version: object.metadata.resource_version.unwrap_or_default(), entries }
    }
}
