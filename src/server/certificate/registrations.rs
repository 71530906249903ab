//! Which webhook configurations exist, where no certificate is managed here that needs a watch of them.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use kube::runtime::watcher::watch_object;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::watch::error::{status, watch_message};
use crate::watch::lifetime;
use crate::webhook::{Configuration, Registrations};

/// The time between two attempts where podgraft has no right to watch a configuration. The chart gives that right; without
/// it, nothing is known of the configuration.
const FORBIDDEN_PAUSE: Duration = Duration::from_secs(600);

/// Watches the configurations of an installation, each by its name, and reports which ones exist. It never ends.
pub(super) async fn follow(client: Client, installation: String, registrations: watch::Sender<Registrations>) {
    let watches = Configuration::ALL.map(|configuration| {
        let (client, name, report) = (client.clone(), configuration.name(&installation), registrations.clone());
        async move {
            let report =
                |exists| _ = report.send_if_modified(|registrations| registrations.record(configuration, exists));
            if configuration == Configuration::Preview {
                follow_one(Api::<ValidatingWebhookConfiguration>::all(client), &name, report).await;
            } else {
                follow_one(Api::<MutatingWebhookConfiguration>::all(client), &name, report).await;
            }
        }
    });
    join_all(watches).await;
}

async fn follow_one<K>(api: Api<K>, name: &str, report: impl Fn(bool))
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut objects = std::pin::pin!(lifetime::retried(watch_object(api, name)));
    let mut is_warned = false;
    while let Some(object) = objects.next().await {
        match object {
            Ok(object) => {
                is_warned = false;
                report(object.is_some());
            }
            Err(error) => {
                if !std::mem::replace(&mut is_warned, true) {
                    let error = watch_message(&error);
                    tracing::warn!(name, error, "cannot watch a webhook configuration, retrying");
                }
                if status(&error).is_some_and(|status| status.code == 403) {
                    sleep(FORBIDDEN_PAUSE).await;
                }
            }
        }
    }
}
