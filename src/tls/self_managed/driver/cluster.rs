//! The API server: the calls that the driver makes, and the watches that it follows.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{BoxStream, Stream, StreamExt as _, select_all};
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::Status;
use kube::runtime::watcher;
use kube::{Api, Client, Error, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::tls::self_managed::action::CallError;
use crate::tls::self_managed::webhooks::{Configuration, ObservedConfiguration};
use crate::watch::error::{request_message, timeout_message, watch_message};
use crate::watch::lifetime;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The objects of one installation.
#[derive(Clone)]
pub(in crate::tls::self_managed) struct ClusterClient {
    secrets: Api<Secret>,
    secret: String,
    mutating: Api<MutatingWebhookConfiguration>,
    validating: Api<ValidatingWebhookConfiguration>,
    installation: String,
}

/// What a watch reports.
#[derive(Debug)]
pub(super) enum ClusterEvent {
    /// The `resourceVersion` of the Secret; `None` where the Secret does not exist.
    Secret(Option<String>),
    /// A configuration; `None` where it does not exist.
    Configuration(Configuration, Option<ObservedConfiguration>),
    /// The watch of the object with this name failed. It is retried.
    WatchFailed { name: String, error: String },
}

impl ClusterClient {
    pub(in crate::tls::self_managed) fn new(
        client: &Client,
        namespace: &str,
        secret: &str,
        installation: &str,
    ) -> Self {
        ClusterClient {
            secrets: Api::namespaced(client.clone(), namespace),
            secret: secret.to_owned(),
            mutating: Api::all(client.clone()),
            validating: Api::all(client.clone()),
            installation: installation.to_owned(),
        }
    }

    /// The Secret as it is stored, not as a cache has it; `None` where it does not exist.
    pub(super) async fn read(&self) -> Result<Option<Secret>, CallError> {
        call(self.secrets.get_opt(&self.secret), |_| false).await
    }

    /// Replaces the Secret of the same `resourceVersion`, or creates it where the object has none.
    ///
    /// # Errors
    /// A conflict, where another client has changed, created or deleted the Secret.
    pub(super) async fn write(&self, mut secret: Secret) -> Result<Secret, CallError> {
        let params = PostParams::default();
        secret.metadata.name = Some(self.secret.clone());
        if secret.metadata.resource_version.is_some() {
            call(self.secrets.replace(&self.secret, &params, &secret), was_overtaken).await
        } else {
            call(self.secrets.create(&params, &secret), was_overtaken).await
        }
    }

    /// Applies a JSON patch to a configuration.
    ///
    /// # Errors
    /// A conflict, where another client has changed or deleted the configuration, so that a `test` of the patch fails.
    pub(super) async fn patch(&self, configuration: Configuration, patch: &Value) -> Result<(), CallError> {
        let operations = serde_json::from_value(patch.clone());
        let operations = operations.map_err(|error| CallError::Failed(error.to_string()))?;
        let (patch, params) = (Patch::Json::<()>(operations), PatchParams::default());
        let name = self.name(configuration);
        if configuration == Configuration::Preview {
            call(self.validating.patch(&name, &params, &patch), patch_was_overtaken).await.map(drop)
        } else {
            call(self.mutating.patch(&name, &params, &patch), patch_was_overtaken).await.map(drop)
        }
    }

    pub(super) fn name(&self, configuration: Configuration) -> String {
        configuration.name(&self.installation)
    }

    /// Watches the Secret and all configurations. It never ends.
    pub(super) fn watch(&self) -> impl Stream<Item = ClusterEvent> + Send + use<> {
        let version =
            |secret: Option<Secret>| ClusterEvent::Secret(secret.and_then(|secret| secret.metadata.resource_version));
        let secret = events(watch_one(&self.secrets, &self.secret), self.secret.clone(), version);
        let configurations = Configuration::ALL.into_iter().map(|configuration| {
            let name = self.name(configuration);
            if configuration == Configuration::Preview {
                watch_configuration(&self.validating, configuration, name)
            } else {
                watch_configuration(&self.mutating, configuration, name)
            }
        });
        select_all(configurations.chain([secret]))
    }
}

/// Whether the object has changed, has been created or has been deleted since it was read.
fn was_overtaken(status: &Status) -> bool {
    status.is_conflict() || status.is_already_exists() || status.is_not_found()
}

/// The same for a patch. The API server answers `Invalid` where a `test` of the patch fails.
fn patch_was_overtaken(status: &Status) -> bool {
    was_overtaken(status) || status.is_invalid()
}

async fn call<T>(
    request: impl Future<Output = kube::Result<T>>,
    is_conflict: impl Fn(&Status) -> bool,
) -> Result<T, CallError> {
    let no_answer = |_| CallError::Failed(timeout_message(TIMEOUT));
    timeout(TIMEOUT, request).await.map_err(no_answer)?.map_err(|error| match error {
        Error::Api(status) if is_conflict(&status) => CallError::Conflict(request_message(&Error::Api(status))),
        error => CallError::Failed(request_message(&error)),
    })
}

fn watch_configuration<K>(api: &Api<K>, configuration: Configuration, name: String) -> BoxStream<'static, ClusterEvent>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
    ObservedConfiguration: From<K>,
{
    let event =
        move |object: Option<K>| ClusterEvent::Configuration(configuration, object.map(ObservedConfiguration::from));
    events(watch_one(api, &name), name, event)
}

type Watched<K> = Result<Option<K>, watcher::Error>;

/// Watches with a field selector for the name, so that a role can be limited to that one object.
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
    let reported = move |object: Watched<K>| match object {
        Ok(object) => event(object),
        Err(error) => ClusterEvent::WatchFailed { name: name.clone(), error: watch_message(&error) },
    };
    watched.map(reported).boxed()
}

#[cfg(test)]
mod tests {
    use kube::core::response::StatusSummary;

    use super::*;

    /// Whether a call that is answered with this status and reason is a conflict.
    async fn is_conflict(code: u16, reason: &str, is_conflict: impl Fn(&Status) -> bool) -> bool {
        let status = Status {
            status: Some(StatusSummary::Failure),
            code,
            reason: reason.into(),
            message: "the message".into(),
            ..Status::default()
        };
        match call(async { Err::<(), _>(Error::Api(status.boxed())) }, is_conflict).await {
            Err(CallError::Conflict(error)) => error.contains("the message"),
            Err(CallError::Failed(error)) => {
                assert!(error.contains("the message"), "{error}");
                false
            }
            Ok(()) => panic!("the call succeeded"),
        }
    }

    #[tokio::test]
    async fn a_conflict_is_an_answer_that_another_client_was_faster() {
        for (code, reason, conflict) in [
            (409, "Conflict", true),
            (409, "AlreadyExists", true),
            (404, "NotFound", true),
            (422, "Invalid", false),
            (403, "Forbidden", false),
            (500, "InternalError", false),
        ] {
            assert_eq!(is_conflict(code, reason, was_overtaken).await, conflict, "{code} {reason}");
        }
        assert!(is_conflict(422, "Invalid", patch_was_overtaken).await, "a test of the patch failed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_not_answered_fails_after_ten_seconds() {
        let outcome = call(std::future::pending::<kube::Result<()>>(), was_overtaken).await;
        let error = outcome.expect_err("a call without an answer").to_string();
        assert_eq!(error, "the API server did not answer within 10 s");
    }
}
