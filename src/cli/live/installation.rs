//! Reads the webhook configurations of podgraft.

use kube::api::{GetParams, ListParams};
use kube::core::Request;
use serde_json::Value;

use super::connection::Connection;
use super::failure::{Asked, explained};
use super::webhooks::{FOR_PODS, InstalledWebhook, Webhooks};

const PATH: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const RESOURCE: &str = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
/// The name of an installation whose configurations are read by name, where the user may not list all.
const INSTALLATION: &str = "podgraft";

impl Connection {
    /// The webhooks that are installed, under whatever name of the installation. A user who may not list all configurations
    /// of the cluster gets those with the chart's default names.
    ///
    /// # Errors
    /// The API server cannot be reached.
    pub(in crate::cli) async fn webhooks(&self) -> anyhow::Result<Webhooks> {
        let request = Request::new(PATH).list(&ListParams::default())?;
        match self.client.request_text(request).await {
            Ok(text) => {
                let list: Value = serde_json::from_str(&text)?;
                let items = list["items"].as_array().into_iter().flatten();
                Ok(Webhooks::Installed(items.flat_map(installed).collect()))
            }
            Err(kube::Error::Api(status)) if status.code == 403 => self.webhooks_by_name().await,
            Err(error) => Err(self.unread("list", &error)),
        }
    }

    async fn webhooks_by_name(&self) -> anyhow::Result<Webhooks> {
        let mut found = Vec::new();
        for which in FOR_PODS {
            let request = Request::new(PATH).get(&which.name(INSTALLATION), &GetParams::default())?;
            match self.client.request_text(request).await {
                Ok(text) => found.extend(installed(&serde_json::from_str(&text)?)),
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error @ kube::Error::Api(_)) => {
                    return Ok(Webhooks::Unreadable(self.unread("get", &error).to_string()));
                }
                Err(error) => return Err(self.unread("get", &error)),
            }
        }
        Ok(Webhooks::Installed(found))
    }

    fn unread(&self, verb: &str, error: &kube::Error) -> anyhow::Error {
        explained(&self.server, Asked { verb, resource: RESOURCE, namespace: None }, error)
    }
}

/// The webhooks of podgraft in a configuration.
fn installed(configuration: &Value) -> Vec<InstalledWebhook> {
    let name = configuration["metadata"]["name"].as_str().unwrap_or_default();
    let webhooks = configuration["webhooks"].as_array().into_iter().flatten();
    webhooks.filter_map(|webhook| InstalledWebhook::read(name, webhook)).collect()
}
