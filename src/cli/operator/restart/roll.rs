//! Restarts one workload, and waits for its rollout.

use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use kube::core::util::Restart;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::rollout::{RolloutState, rollout};
use crate::cli::operator::census::WorkloadKey;
use crate::cli::stderr;
use crate::watch::error::request_message;

/// How often a rollout is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Sets the annotation `kubectl.kubernetes.io/restartedAt` of the template, as `kubectl rollout restart` does, and waits until
/// the rollout is complete.
///
/// # Errors
/// The API server rejects the change, the rollout fails, or it is not complete in time.
pub(super) async fn roll(client: &Client, key: &WorkloadKey, timeout: Duration) -> anyhow::Result<()> {
    match &*key.kind {
        "deployment" => roll_kind::<Deployment>(client, key, timeout).await,
        "statefulset" => roll_kind::<StatefulSet>(client, key, timeout).await,
        "daemonset" => roll_kind::<DaemonSet>(client, key, timeout).await,
        other => anyhow::bail!("{key}: {other} has no rollout"),
    }
}

async fn roll_kind<K>(client: &Client, key: &WorkloadKey, timeout: Duration) -> anyhow::Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Restart
        + DeserializeOwned
        + Serialize
        + Clone
        + std::fmt::Debug,
{
    let api: Api<K> = Api::namespaced(client.clone(), &key.namespace);
    let failed = |error: kube::Error| anyhow::anyhow!("{key}: {}", request_message(&error));
    let mut object = serde_json::to_value(api.restart(&key.name).await.map_err(failed)?)?;
    stderr::note(&format!("{key}: restarted"));
    let (ends, mut shown) = (Instant::now() + timeout, String::new());
    while let Some(waiting) = wait(key, &object)? {
        if waiting != shown {
            stderr::note(&format!("{key}: {waiting}"));
            shown = waiting;
        }
        anyhow::ensure!(
            Instant::now() < ends,
            "{key}: the rollout is not complete after {} s: {shown}; look at kubectl rollout status {key}",
            timeout.as_secs()
        );
        sleep(INTERVAL).await;
        object = serde_json::to_value(api.get(&key.name).await.map_err(failed)?)?;
    }
    stderr::note(&format!("{key}: rolled out"));
    Ok(())
}

/// What a rollout waits for; `None` where it is complete.
fn wait(key: &WorkloadKey, object: &Value) -> anyhow::Result<Option<String>> {
    match rollout(&key.kind, object) {
        RolloutState::Done => Ok(None),
        RolloutState::Waiting(what) => Ok(Some(what)),
        RolloutState::Failed(why) => anyhow::bail!("{key}: {why}; look at kubectl describe {key}"),
    }
}
