//! The API server: what is asked of it, and what it tells by itself. Nothing is decided here.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{BoxStream, Stream, StreamExt as _, select_all};
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::webhooks::{Configuration, ObservedConfiguration};
use crate::watch::error::watch_message;
use crate::watch::lifetime;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The objects of one installation.
#[derive(Clone)]
pub(super) struct ClusterClient {
    secrets: Api<Secret>,
    secret: String,
    mutating: Api<MutatingWebhookConfiguration>,
    validating: Api<ValidatingWebhookConfiguration>,
    installation: String,
}

/// What a watch tells.
#[derive(Debug)]
pub(super) enum ClusterEvent {
    /// The Secret has changed; its resourceVersion, or nothing where it is gone.
    Secret(Option<String>),
    /// A configuration has changed, or is gone.
    Configuration(Configuration, Option<ObservedConfiguration>),
    /// The object of this name cannot be watched at the moment, and why. It is tried again.
    Deaf(String, String),
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The API server refused it, or cannot be reached.
    #[error(transparent)]
    Failed(#[from] kube::Error),
    /// It has not answered.
    #[error("the API server has not answered within {} s", TIMEOUT.as_secs())]
    Silent,
}

impl ClusterClient {
    pub(super) fn new(client: &Client, namespace: &str, secret: &str, installation: &str) -> Self {
        ClusterClient {
            secrets: Api::namespaced(client.clone(), namespace),
            secret: secret.to_owned(),
            mutating: Api::all(client.clone()),
            validating: Api::all(client.clone()),
            installation: installation.to_owned(),
        }
    }

    /// The Secret as it is now, not as some cache has it.
    pub(super) async fn read(&self) -> Result<Option<Secret>, CallError> {
        call(self.secrets.get_opt(&self.secret)).await
    }

    /// Writes the Secret: over what has this resourceVersion, or anew where it has none.
    ///
    /// # Errors
    /// Conflict, `AlreadyExists` or `NotFound`, where somebody else was quicker; see [`CallError::lost_the_race`].
    pub(super) async fn write(&self, mut secret: Secret) -> Result<Secret, CallError> {
        let params = PostParams::default();
        secret.metadata.name = Some(self.secret.clone());
        if secret.metadata.resource_version.is_some() {
            call(self.secrets.replace(&self.secret, &params, &secret)).await
        } else {
            call(self.secrets.create(&params, &secret)).await
        }
    }

    /// Sends a JSON patch to a configuration.
    pub(super) async fn patch(&self, configuration: Configuration, patch: &Value) -> Result<(), CallError> {
        let operations = serde_json::from_value(patch.clone()).map_err(kube::Error::SerdeError)?;
        let (patch, params) = (Patch::Json::<()>(operations), PatchParams::default());
        let name = self.name(configuration);
        if configuration == Configuration::Preview {
            call(self.validating.patch(&name, &params, &patch)).await.map(drop)
        } else {
            call(self.mutating.patch(&name, &params, &patch)).await.map(drop)
        }
    }

    pub(super) fn name(&self, configuration: Configuration) -> String {
        configuration.name(&self.installation)
    }

    /// Watches everything, for as long as somebody listens.
    pub(super) fn watch(&self) -> impl Stream<Item = ClusterEvent> + Send + use<> {
        let version =
            |secret: Option<Secret>| ClusterEvent::Secret(secret.and_then(|secret| secret.metadata.resource_version));
        let secret = events(watch_one(&self.secrets, &self.secret), self.secret.clone(), version);
        let configurations = Configuration::ALL.into_iter().map(|configuration| {
            let name = self.name(configuration);
            if configuration == Configuration::Preview {
                let event = move |object: Option<_>| {
                    ClusterEvent::Configuration(configuration, object.map(ObservedConfiguration::from))
                };
                events(watch_one(&self.validating, &name), name, event)
            } else {
                let event = move |object: Option<_>| {
                    ClusterEvent::Configuration(configuration, object.map(ObservedConfiguration::from))
                };
                events(watch_one(&self.mutating, &name), name, event)
            }
        });
        select_all(configurations.chain([secret]))
    }
}

impl CallError {
    /// Whether somebody else wrote first, so that all is to be read again.
    pub(super) fn lost_the_race(&self) -> bool {
        matches!(self, CallError::Failed(kube::Error::Api(status))
            if status.is_conflict() || status.is_already_exists() || status.is_not_found())
    }

    /// Whether a patch was made for what is no more.
    pub(super) fn found_another(&self) -> bool {
        matches!(self, CallError::Failed(kube::Error::Api(status)) if status.is_invalid())
    }
}

async fn call<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, CallError> {
    timeout(TIMEOUT, request).await.map_err(|_| CallError::Silent)?.map_err(CallError::Failed)
}

type Watched<K> = Result<Option<K>, watcher::Error>;

/// By a field selector for its name, so that a role can be bound to that one object.
fn watch_one<K>(api: &Api<K>, name: &str) -> impl Stream<Item = Watched<K>> + Send + 'static
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    lifetime::retried(watcher::watch_object(api.clone(), name))
}

fn events<K: Send + 'static>(
    watched: impl Stream<Item = Watched<K>> + Send + 'static,
    name: String,
    event: impl Fn(Option<K>) -> ClusterEvent + Send + 'static,
) -> BoxStream<'static, ClusterEvent> {
    let told = move |object: Watched<K>| match object {
        Ok(object) => event(object),
        Err(error) => ClusterEvent::Deaf(name.clone(), watch_message(&error)),
    };
    watched.map(told).boxed()
}
