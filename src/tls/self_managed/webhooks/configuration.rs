//! One webhook configuration: its name, what was observed of it, and the patch that it needs.

use std::time::SystemTime;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::tls::ca::{TrustAnchor, bundle};
pub(in crate::tls::self_managed) use crate::webhook::Configuration;

/// A configuration as it was observed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tls::self_managed) struct ObservedConfiguration {
    /// The `resourceVersion` of the object.
    pub(in crate::tls::self_managed) version: String,
    pub(in crate::tls::self_managed) webhooks: Vec<WebhookBundle>,
}

/// The `caBundle` of one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tls::self_managed) struct WebhookBundle {
    pub(in crate::tls::self_managed) name: String,
    /// PEM; `None` where the webhook is called by URL and not by Service, so that its `caBundle` is not podgraft's to set.
    pub(in crate::tls::self_managed) bundle: Option<Vec<u8>>,
}

impl ObservedConfiguration {
    /// The JSON patch (RFC 6902) that adds the CAs to each `caBundle` that lacks one; `None` where none does.
    ///
    /// Its `test` operations let it fail where the object was written after it was observed.
    pub(in crate::tls::self_managed) fn patch(&self, ours: &[TrustAnchor], now: SystemTime) -> Option<Value> {
        let mut operations = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": self.version})];
        for (index, webhook) in self.webhooks.iter().enumerate() {
            let Some(found) = &webhook.bundle else { continue };
            let bundle = update_ca_bundle(found, ours, now).into_bytes();
            if bundle != *found {
                let at = format!("/webhooks/{index}");
                operations.push(json!({"op": "test", "path": format!("{at}/name"), "value": webhook.name}));
                let path = format!("{at}/clientConfig/caBundle");
                operations.push(json!({"op": "add", "path": path, "value": ByteString(bundle)}));
            }
        }
        (operations.len() > 1).then_some(Value::Array(operations))
    }

    fn new<'a>(
        metadata: ObjectMeta,
        webhooks: impl Iterator<Item = (&'a String, &'a WebhookClientConfig)>,
    ) -> ObservedConfiguration {
        let webhooks = webhooks.map(|(name, client)| WebhookBundle::new(name, client)).collect();
        ObservedConfiguration { version: metadata.resource_version.unwrap_or_default(), webhooks }
    }
}

/// The `caBundle` that a webhook should have: our CAs, and every other CA in it that is still valid. One of the others may
/// have issued a certificate that is being served, by a replica that this one does not know of or from before there was a
/// Secret. It is removed when it expires.
///
/// Each API server loads a changed configuration at a time of its own, and none reports when it has. That does no harm as
/// long as no valid CA is removed: an API server with the new bundle trusts old and new certificates, and one with the old
/// bundle trusts the certificate that is still served.
pub(super) fn update_ca_bundle(found: &[u8], ours: &[TrustAnchor], now: SystemTime) -> String {
    let present = TrustAnchor::parse_all(found);
    bundle(present.iter().filter(|anchor| anchor.expires() > now).chain(ours))
}

impl WebhookBundle {
    fn new(name: &str, client: &WebhookClientConfig) -> Self {
        let bundle = client.ca_bundle.as_ref().map(|bundle| bundle.0.clone()).unwrap_or_default();
        WebhookBundle { name: name.to_owned(), bundle: client.service.is_some().then_some(bundle) }
    }
}

impl From<MutatingWebhookConfiguration> for ObservedConfiguration {
    fn from(object: MutatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.iter().flatten();
        Self::new(object.metadata, webhooks.map(|webhook| (&webhook.name, &webhook.client_config)))
    }
}

impl From<ValidatingWebhookConfiguration> for ObservedConfiguration {
    fn from(object: ValidatingWebhookConfiguration) -> Self {
        let webhooks = object.webhooks.iter().flatten();
        Self::new(object.metadata, webhooks.map(|webhook| (&webhook.name, &webhook.client_config)))
    }
}
