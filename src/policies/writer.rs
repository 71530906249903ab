//! Writes policies and bindings. Every replica writes, and there is no leader. A write names the resourceVersion of the
//! object that it was made for, so that one of several replicas succeeds; the watch brings its object to the others.

use std::collections::HashMap;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::desired::{Verb, Write};
use super::objects::{INSTALLATION, Installation, MANAGED_BY};
use crate::watch::error::{request_message, timeout_message};
use crate::watch::{Backoff, ResetAfter};

/// How long one write may take: the API server needs seconds to compile the expressions of the largest companions.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The bounds of the delay between two writes of one object, which another writer may keep changing. After a failure it is
/// the shortest.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// How often [`clear`] looks for policies.
const CLEAR_INTERVAL: Duration = Duration::from_secs(60);

/// When each object may be written again, by its kind and name.
type Pace = HashMap<(&'static str, String), Backoff>;

/// Performs writes, until their sender is dropped. Counts up `changed` when delayed or failed writes are due, so that the
/// reconciler decides about them again.
pub(super) async fn write(client: Client, mut desired: watch::Receiver<Vec<Write>>, changed: watch::Sender<u64>) {
    let mut pace = Pace::new();
    while desired.changed().await.is_ok() {
        let writes = desired.borrow_and_update().clone();
        let mut again: Option<Instant> = None;
        for write in writes {
            let due = due(&mut pace, (write.kind(), write.name().to_owned()));
            if let Some(due) = due.filter(|due| *due > Instant::now()) {
                again = Some(again.map_or(due, |other| other.min(due)));
                continue;
            }
            if let Err(error) = send(&client, &write).await {
                tracing::warn!(object = write.name(), error, "cannot write a policy, retrying");
                again.get_or_insert_with(|| Instant::now() + SHORTEST);
            }
            // Newer writes replace these.
            if desired.has_changed().unwrap_or(true) {
                break;
            }
        }
        if let Some(again) = again {
            tokio::select! {
                () = sleep_until(again) => {}
                _ = desired.changed() => desired.mark_changed(),
            }
            changed.send_modify(|count| *count += 1);
        }
    }
}

/// Deletes the policies that remain of an installation whose required companions are now disabled, again and again. Ends
/// where it has no permission to list them, which the chart grants only where there can be some.
pub async fn clear(client: Client, installation: Installation) {
    let labels = format!("{}={},{INSTALLATION}={}", MANAGED_BY.0, MANAGED_BY.1, installation.name);
    let (policies, bindings): (Api<ValidatingAdmissionPolicy>, Api<ValidatingAdmissionPolicyBinding>) =
        (Api::all(client.clone()), Api::all(client));
    loop {
        for result in [delete_all(&bindings, &labels).await, delete_all(&policies, &labels).await] {
            match result {
                Ok(()) => {}
                Err(kube::Error::Api(status)) if matches!(status.code, 401 | 403 | 404) => return,
                Err(error) => tracing::debug!(%error, "cannot list policies, retrying"),
            }
        }
        sleep(CLEAR_INTERVAL).await;
    }
}

async fn delete_all<K>(api: &Api<K>, labels: &str) -> kube::Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    for object in api.list(&ListParams::default().labels(labels)).await? {
        tracing::info!(object = object.name_any(), "deleted a policy because required companions are disabled");
        api.delete(&object.name_any(), &DeleteParams::default()).await?;
    }
    Ok(())
}

/// When an object may be written next. Where that is now, the write is recorded and `None` is returned.
fn due(pace: &mut Pace, object: (&'static str, String)) -> Option<Instant> {
    let now = Instant::now();
    let backoff = || Backoff::new(SHORTEST, LONGEST, ResetAfter::QuietDelays(3));
    let backoff = pace.entry(object).or_insert_with(backoff);
    let due = backoff.until().filter(|until| now < *until);
    if due.is_none() {
        backoff.fail(now);
    }
    due
}

async fn send(client: &Client, write: &Write) -> Result<(), String> {
    let sent = async {
        match write {
            Write::Policy(verb, policy) => send_one(&Api::all(client.clone()), *verb, &**policy).await,
            Write::Binding(verb, binding) => send_one(&Api::all(client.clone()), *verb, &**binding).await,
        }
    };
    match timeout(TIMEOUT, sent).await {
        Ok(Ok(())) => Ok(()),
        // Another replica wrote first: the watch brings its object.
        Ok(Err(kube::Error::Api(status))) if status.code == 409 => Ok(()),
        Ok(Err(error)) => Err(request_message(&error)),
        Err(_) => Err(timeout_message(TIMEOUT)),
    }
}

async fn send_one<K>(api: &Api<K>, verb: Verb, object: &K) -> kube::Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let name = object.name_any();
    let parameters = PostParams { field_manager: Some("podgraft".to_owned()), ..PostParams::default() };
    match verb {
        Verb::Create => match api.create(&parameters, object).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                // It exists without the labels by which it is watched, or the watch has not brought it yet.
                let existing = api.get(&name).await?;
                let same = |label: &str| existing.labels().get(label) == object.labels().get(label);
                if same(INSTALLATION) && same(MANAGED_BY.0) {
                    return Ok(());
                }
                let mut object = object.clone();
                object.meta_mut().resource_version = existing.resource_version();
                api.replace(&name, &parameters, &object).await?;
            }
            other => drop(other?),
        },
        Verb::Replace => {
            let mut object = object.clone();
            object.meta_mut().managed_fields = None;
            api.replace(&name, &parameters, &object).await?;
        }
        Verb::Delete => {
            let preconditions =
                Preconditions { resource_version: object.resource_version(), uid: object.meta().uid.clone() };
            let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
            match api.delete(&name, &parameters).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                other => drop(other?),
            }
        }
    }
    tracing::info!(kind = %K::kind(&()), object = name, verb = ?verb, "wrote a policy of a required companion");
    Ok(())
}

impl Write {
    fn kind(&self) -> &'static str {
        match self {
            Write::Policy(..) => "policy",
            Write::Binding(..) => "binding",
        }
    }

    fn name(&self) -> &str {
        let name = match self {
            Write::Policy(_, policy) => &policy.metadata.name,
            Write::Binding(_, binding) => &binding.metadata.name,
        };
        name.as_deref().unwrap_or_default()
    }
}
