//! Keeps the policies of an installation in sync with its companions, and decides which versions are injected meanwhile.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join3};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::Store;
use kube::{Api, Client, Resource};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::desired::{DesiredPolicy, Write};
use super::existing::ExistingObjects;
use super::injected::InjectedCompanions;
use super::objects::{INSTALLATION, Installation, MANAGED_BY, Rule};
use super::others::OtherPolicies;
use super::rollout::{KnownCompanion, PolicyAction, PolicyView, RolloutMemory, rollout};
use super::versions::{ExistingPolicy, Version};
use super::writer;
use crate::inject::companion::Companion;
use crate::watch::lifetime;
use crate::watch::reflector::reflector;
use crate::webhook::Configuration;

/// The required companions, by name, in the version that the reconciler lets be injected.
pub type PinnedVersions = BTreeMap<Box<str>, Arc<Companion>>;

/// Keeps the policies of one installation.
pub struct Reconciler {
    installation: Installation,
    pause: Duration,
    started: Instant,
    policies: Store<ValidatingAdmissionPolicy>,
    bindings: Store<ValidatingAdmissionPolicyBinding>,
    owners: Store<PartialObjectMeta<MutatingWebhookConfiguration>>,
    changes: watch::Receiver<u64>,
    writes: watch::Sender<Vec<Write>>,
    memories: BTreeMap<Box<str>, RolloutMemory>,
    injected: InjectedCompanions,
    /// When to reconcile again, although nothing has changed.
    again: Option<Instant>,
    state: watch::Sender<PolicyState>,
}

/// The tasks of a reconciler. Each makes a future that never ends. Another one may replace a future that panicked, and
/// continues where that one stopped.
pub struct Tasks {
    /// Watches the policies and bindings.
    pub watching: MakeTask,
    /// Writes them. Decisions about injection do not depend on it.
    pub writing: MakeTask,
}

/// Makes a task, as often as it is needed.
type MakeTask = Box<dyn FnMut() -> BoxFuture<'static, ()> + Send>;

/// The state of all policies together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyState {
    /// Whether, at least once since the start, the policies accepted all versions that are injected.
    pub ready: bool,
    /// The number of policies and bindings that have to be written or deleted.
    pub out_of_sync: usize,
    /// The number of companions whose newest version waits for other installations.
    pub waiting: usize,
}

/// The result of one reconciliation.
#[derive(Default)]
struct Reconciliation {
    writes: Vec<Write>,
    pinned: PinnedVersions,
    /// Whether the policies do not accept a version that is injected.
    some_unaccepted: bool,
    waiting: usize,
}

impl Reconciler {
    /// A reconciler, and the tasks without which it knows nothing and writes nothing.
    ///
    /// `pause` is the time that each step of a rollout waits, so that all API servers and all replicas have received the
    /// step before it.
    #[must_use]
    pub fn start(client: &Client, installation: Installation, pause: Duration) -> (Self, Tasks) {
        // Policies of other installations apply to the same Pods.
        let all = format!("{}={}", MANAGED_BY.0, MANAGED_BY.1);
        let own = format!("{all},{INSTALLATION}={}", installation.name);
        let config = lifetime::config;
        let owner = format!("metadata.name={}", owner_name(&installation));
        let (changed, receiver) = watch::channel(0);
        let (writes, pending_writes) = watch::channel(Vec::new());
        let (policies, watch_policies) = reflector(Api::all(client.clone()), config().labels(&all), changed.clone());
        let (bindings, watch_bindings) = reflector(Api::all(client.clone()), config().labels(&own), changed.clone());
        let (owners, watch_owners) = reflector(Api::all(client.clone()), config().fields(&owner), changed.clone());
        let client = client.clone();
        let tasks = Tasks {
            watching: Box::new(move || join3(watch_policies(), watch_bindings(), watch_owners()).map(drop).boxed()),
            writing: Box::new(move || writer::write(client.clone(), pending_writes.clone(), changed.clone()).boxed()),
        };
        let reconciler = Reconciler {
            installation,
            pause,
            started: Instant::now(),
            policies,
            bindings,
            owners,
            changes: receiver,
            writes,
            memories: BTreeMap::new(),
            injected: InjectedCompanions::default(),
            again: None,
            state: watch::Sender::new(PolicyState::default()),
        };
        (reconciler, tasks)
    }

    /// The state of the policies, now and later.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<PolicyState> {
        self.state.subscribe()
    }

    /// Waits until the existing policies and bindings are known.
    pub async fn wait_until_synced(&self) {
        // An error would mean that a watch has ended, which it never does.
        let _ = self.policies.wait_until_ready().await;
        let _ = self.bindings.wait_until_ready().await;
        let _ = self.owners.wait_until_ready().await;
    }

    /// Waits until another reconciliation may have another result.
    pub async fn changed(&mut self) {
        let again = self.again;
        tokio::select! {
            Ok(()) = self.changes.changed() => {}
            () = async { sleep_until(again.unwrap_or_else(Instant::now)).await }, if again.is_some() => {}
            // The watches have ended, with the runtime.
            else => std::future::pending().await,
        }
    }

    /// Whether a reconciliation may have another result than the last one, although no companion has changed.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.changes.has_changed().unwrap_or(true) || self.again.is_some_and(|again| again <= Instant::now())
    }

    /// Decides about each companion, hands the necessary writes to the writer, and returns the versions to inject.
    ///
    /// `known` has all companions of the cluster that are required or invalid.
    pub fn reconcile(&mut self, known: &BTreeMap<Box<str>, KnownCompanion>) -> PinnedVersions {
        self.changes.mark_unchanged();
        self.again = None;
        let existing = ExistingObjects::read(&self.installation, &self.policies, &self.bindings);
        let owner = self.owner();
        let names: BTreeSet<Box<str>> =
            known.keys().chain(self.memories.keys()).cloned().chain(existing.companions()).collect();
        let (now, mut result) = (Instant::now(), Reconciliation::default());
        for name in names {
            let known = known.get(&name).unwrap_or(&KnownCompanion::NotRequired);
            self.reconcile_one(&name, known, &existing, owner.as_ref(), now, &mut result);
        }
        let ready = !result.some_unaccepted || self.state.borrow().ready;
        let state = PolicyState { ready, out_of_sync: result.writes.len(), waiting: result.waiting };
        self.state.send_if_modified(|before| std::mem::replace(before, state) != state);
        self.writes.send_replace(result.writes);
        result.pinned
    }

    fn reconcile_one(
        &mut self,
        name: &str,
        known: &KnownCompanion,
        existing: &ExistingObjects,
        owner: Option<&OwnerReference>,
        now: Instant,
        result: &mut Reconciliation,
    ) {
        let (policy, of_others) = (existing.accepted(&self.installation, name), existing.others(name));
        let memory = self.memories.entry(name.into()).or_default();
        let waited = !memory.waits_for.is_empty();
        let others = OtherPolicies::new(&of_others);
        let observed = PolicyView { existing: policy.as_ref(), others, now: now - self.started, pause: self.pause };
        let decision = rollout(known, observed, memory);
        result.waiting += usize::from(!memory.waits_for.is_empty());
        if !waited {
            warn_of_wait(name, memory);
        }
        warn_of_missing_version(name, decision.inject.is_none() && !of_others.is_empty(), memory);
        let lacks_version = memory.lacks_version;
        self.again = self.again.into_iter().chain(decision.again.map(|again| self.started + again)).min();
        let is_required = !matches!(known, KnownCompanion::NotRequired);
        let mut accepted: Vec<Version> =
            policy.iter().chain(&of_others).flat_map(ExistingPolicy::known_versions).collect();
        match (decision.policy, owner) {
            (PolicyAction::Accept { versions, changing }, Some(owner)) => {
                let installation = existing.beside_others(&self.installation);
                let desired = DesiredPolicy { installation: &installation, versions: &versions, changing, owner };
                result.writes.extend(existing.merge(&desired, name));
                accepted.extend(versions);
            }
            (PolicyAction::Delete, _) => result.writes.extend(existing.delete(&self.installation, name)),
            (PolicyAction::Leave, _) if !is_required => {
                result.writes.extend(existing.delete(&self.installation, name));
            }
            // Without an owner no policy is created: nothing would delete it with the installation.
            (PolicyAction::Leave, _) | (PolicyAction::Accept { .. }, None) => {}
        }
        if let Some(version) = decision.inject {
            result.some_unaccepted |= policy.is_some_and(|policy| !policy.accepts(version.hash()));
            result.pinned.insert(name.into(), self.injected.version(&version, &accepted));
        } else if !is_required && !lacks_version {
            self.memories.remove(name);
            self.injected.forget(name);
        }
    }

    fn owner(&self) -> Option<OwnerReference> {
        let owner = self.owners.state().into_iter().find(|owner| owner.metadata.deletion_timestamp.is_none())?;
        Some(OwnerReference {
            api_version: MutatingWebhookConfiguration::api_version(&()).into_owned(),
            kind: MutatingWebhookConfiguration::kind(&()).into_owned(),
            name: owner_name(&self.installation),
            uid: owner.metadata.uid.clone()?,
            block_owner_deletion: Some(false),
            controller: None,
        })
    }
}

/// Names the policies that a version waits for: an administrator can delete those of an installation that never returns.
fn warn_of_wait(companion: &str, memory: &RolloutMemory) {
    if memory.waits_for.is_empty() {
        return;
    }
    let installations = memory.waits_for.join(",");
    let names = memory.waits_for.iter().map(|installation| Rule::OnCreate.name_in(installation, companion));
    let policies = names.collect::<Vec<_>>().join(",");
    tracing::warn!(
        companion,
        installations,
        policies,
        "the newest version waits until another installation accepts it"
    );
}

/// Warns once when the policy of another installation requires what this replica cannot inject.
fn warn_of_missing_version(companion: &str, lacks_version: bool, memory: &mut RolloutMemory) {
    if lacks_version && !memory.lacks_version {
        tracing::warn!(
            companion,
            "another installation requires a companion of which no version is known; its policy denies Pods"
        );
    }
    memory.lacks_version = lacks_version;
}

/// The webhook configuration that owns the policies.
fn owner_name(installation: &Installation) -> String {
    Configuration::OptedOut.name(&installation.name)
}
