//! Keeps the policies of an installation in step with its companions, and says which versions are injected meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, join3};
use futures_util::{FutureExt as _, StreamExt};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{Store, store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::desired::{DesiredPolicy, Verb, Write};
use super::injected::Injected;
use super::objects::{COMPANION, INSTALLATION, Installation, MANAGED_BY, Rule};
use super::rollout::{KnownCompanion, Policy, RolloutMemory, rollout};
use super::versions::{ExistingPolicy, Version};
use super::writer;
use crate::inject::companion::Companion;
use crate::watch::backoff::Backoff;
use crate::webhook::Configuration;

/// How long one watch lasts, in seconds: a dead connection is noticed by then.
const LASTING: u32 = 120;

/// The companions that are injected in a version of the keeper's choice, by name.
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
    wanted: watch::Sender<Vec<Write>>,
    memories: BTreeMap<Box<str>, RolloutMemory>,
    injected: Injected,
    again: Option<Instant>,
    state: watch::Sender<PolicyState>,
}

/// What has to run behind a keeper. Each makes a future that never ends; another one may take the place of one that
/// panicked, and knows what that one knew.
pub struct Tasks {
    /// Hears what stands.
    pub watching: MakeTask,
    /// Writes what is to stand. What is to be injected is decided on without it.
    pub writing: MakeTask,
}

/// Makes a task, as often as it is needed.
type MakeTask = Box<dyn FnMut() -> BoxFuture<'static, ()> + Send>;

/// How the policies are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyState {
    /// Whether, once since the start, the policies accepted all that is injected.
    pub ready: bool,
    /// How many objects are not as they should be.
    pub not_in_step: usize,
}

impl Reconciler {
    /// Starts to keep. Nothing comes of anything without the tasks.
    ///
    /// `pause` is how long one of injection and policy waits for the other, so that all API servers and all replicas
    /// have heard of it.
    #[must_use]
    pub fn start(client: &Client, installation: Installation, pause: Duration) -> (Self, Tasks) {
        let labels = format!("{}={},{INSTALLATION}={}", MANAGED_BY.0, MANAGED_BY.1, installation.name);
        let config = || watcher::Config::default().timeout(LASTING);
        let owner = format!("metadata.name={}", owner_name(&installation));
        let (tell, changes) = watch::channel(0);
        let (wanted, writes) = watch::channel(Vec::new());
        let (policies, keep_policies) = watched(Api::all(client.clone()), config().labels(&labels), tell.clone());
        let (bindings, keep_bindings) = watched(Api::all(client.clone()), config().labels(&labels), tell.clone());
        let (owners, keep_owners) = watched(Api::all(client.clone()), config().fields(&owner), tell.clone());
        let client = client.clone();
        let tasks = Tasks {
            watching: Box::new(move || join3(keep_policies(), keep_bindings(), keep_owners()).map(drop).boxed()),
            writing: Box::new(move || writer::write(client.clone(), writes.clone(), tell.clone()).boxed()),
        };
        let keeper = Reconciler {
            installation,
            pause,
            started: Instant::now(),
            policies,
            bindings,
            owners,
            changes,
            wanted,
            memories: BTreeMap::new(),
            injected: Injected::default(),
            again: None,
            state: watch::Sender::new(PolicyState::default()),
        };
        (keeper, tasks)
    }

    /// How the policies are, now and later.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<PolicyState> {
        self.state.subscribe()
    }

    /// Waits until it is known what stands.
    pub async fn wait_until_synced(&self) {
        // An error would mean that a watch has ended, which it never does.
        let _ = self.policies.wait_until_ready().await;
        let _ = self.bindings.wait_until_ready().await;
        let _ = self.owners.wait_until_ready().await;
    }

    /// Waits until something else may be to be done than at the last step.
    pub async fn changed(&mut self) {
        let again = self.again;
        tokio::select! {
            Ok(()) = self.changes.changed() => {}
            () = async { sleep_until(again.unwrap_or_else(Instant::now)).await }, if again.is_some() => {}
        }
    }

    /// Has done what is to be done now, and says which versions of the companions are injected.
    ///
    /// `known` names all companions of the cluster that are required or broken.
    pub fn reconcile(&mut self, known: &BTreeMap<Box<str>, KnownCompanion>) -> PinnedVersions {
        self.changes.mark_unchanged();
        let standing = self.standing();
        let owner = self.owner();
        let names: BTreeSet<Box<str>> =
            known.keys().chain(standing.companions.iter()).chain(self.memories.keys()).cloned().collect();
        let now = Instant::now();
        let (mut writes, mut choice, mut ready) = (Vec::new(), PinnedVersions::new(), true);
        self.again = None;
        for name in names {
            let known = known.get(&name).unwrap_or(&KnownCompanion::NotRequired);
            let policy = standing.policies.get(&*Rule::OnCreate.name(&self.installation, &name));
            let read = policy.map(|p| ExistingPolicy::read(|key| p.annotations().get(key).map(String::as_str)));
            let memory = self.memories.entry(name.clone()).or_default();
            let decision = rollout(known, read.as_ref(), memory, now - self.started, self.pause);
            if let Some(again) = decision.again {
                let again = self.started + again;
                self.again = Some(self.again.map_or(again, |other| other.min(again)));
            }
            let mut others: Vec<Version> =
                read.iter().flat_map(|read| &read.accepted).filter_map(|a| a.version.clone()).collect();
            match (decision.policy, &owner) {
                (Policy::Accept { versions, changing }, Some(owner)) => {
                    let wish = DesiredPolicy { installation: &self.installation, versions: &versions, changing, owner };
                    writes.extend(standing.merge(&wish, &name));
                    others.extend(versions);
                }
                (Policy::Delete, _) => writes.extend(standing.delete(&self.installation, &name)),
                (Policy::Leave, _) if matches!(known, KnownCompanion::NotRequired) => {
                    writes.extend(standing.delete(&self.installation, &name));
                }
                // Without an owner nothing is made.
                (Policy::Leave, _) | (Policy::Accept { .. }, None) => {}
            }
            if let Some(version) = decision.inject {
                ready &= read.is_none_or(|read| read.accepts(version.hash()));
                choice.insert(name.clone(), self.injected.version(&version, &others));
            } else if matches!(known, KnownCompanion::NotRequired) {
                self.memories.remove(&name);
                self.injected.forget(&name);
            }
        }
        let state = PolicyState { ready: ready || self.state.borrow().ready, not_in_step: writes.len() };
        self.state.send_if_modified(|before| std::mem::replace(before, state) != state);
        self.wanted.send_replace(writes);
        choice
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

    fn standing(&self) -> ExistingObjects {
        let (policies, bindings) = (by_name(&self.policies), by_name(&self.bindings));
        let labels = policies.values().map(|p| p.labels()).chain(bindings.values().map(|b| b.labels()));
        let companions = labels.filter_map(|labels| labels.get(COMPANION)).map(|name| name.as_str().into()).collect();
        ExistingObjects { companions, policies, bindings }
    }
}

fn owner_name(installation: &Installation) -> String {
    Configuration::OptedOut.name(&installation.name)
}

/// What stands in the cluster; what is being deleted counts as gone.
struct ExistingObjects {
    companions: BTreeSet<Box<str>>,
    policies: BTreeMap<String, Arc<ValidatingAdmissionPolicy>>,
    bindings: BTreeMap<String, Arc<ValidatingAdmissionPolicyBinding>>,
}

impl ExistingObjects {
    /// What it takes to make the objects of a companion as they should be.
    ///
    /// One of them says what is accepted, and of several replicas that write it one succeeds. The others follow what it
    /// says: they are looked at when it is as it should be.
    fn merge(&self, wish: &DesiredPolicy<'_>, companion: &str) -> Vec<Write> {
        let policy =
            |part: Rule| wish.policy(part, self.policies.get(&part.name(wish.installation, companion)).map(|p| &**p));
        let binding =
            |part: Rule| wish.binding(part, self.bindings.get(&part.name(wish.installation, companion)).map(|b| &**b));
        match policy(Rule::OnCreate) {
            Some(first) => vec![first],
            None => policy(Rule::OnUpdate).into_iter().chain(Rule::ALL.into_iter().filter_map(binding)).collect(),
        }
    }

    /// What it takes to be rid of the objects of a companion: what is no longer in force first.
    fn delete(&self, installation: &Installation, companion: &str) -> Vec<Write> {
        let names = Rule::ALL.map(|part| part.name(installation, companion));
        let bindings = names.iter().filter_map(|name| self.bindings.get(name));
        let bindings = bindings.map(|b| Write::Binding(Verb::Delete, Box::new((**b).clone())));
        let policies = names.iter().filter_map(|name| self.policies.get(name));
        let policies = policies.map(|p| Write::Policy(Verb::Delete, Box::new((**p).clone())));
        bindings.chain(policies).collect()
    }
}

fn by_name<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>) -> BTreeMap<String, Arc<K>> {
    let standing = store.state().into_iter().filter(|object| object.meta().deletion_timestamp.is_none());
    standing.map(|object| (object.name_any(), object)).collect()
}

/// A watch, and what it has brought.
fn watched<K>(
    api: Api<K>,
    config: watcher::Config,
    changed: watch::Sender<u64>,
) -> (Store<K>, impl Fn() -> BoxFuture<'static, ()> + Send + use<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
{
    let (reader, writer) = store();
    let writer = Arc::new(Mutex::new(writer));
    let follow = move || {
        let (api, config, writer, changed) = (api.clone(), config.clone(), Arc::clone(&writer), changed.clone());
        async move {
            let mut events = std::pin::pin!(watcher(api, config).backoff(Backoff::default()));
            let mut said = None;
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => {
                        // That a list begins is no news.
                        said = said.filter(|_| matches!(event, Event::Init));
                        writer.lock().unwrap_or_else(PoisonError::into_inner).apply_watcher_event(&event);
                    }
                    Err(error) => {
                        let (kind, error) = (K::kind(&()), super::writer::why(&error));
                        if said.as_ref() != Some(&error) {
                            tracing::warn!(%kind, error, "cannot be watched; policies of required companions stay as they are");
                        }
                        said = Some(error);
                    }
                }
                changed.send_modify(|count| *count += 1);
            }
        }
        .boxed()
    };
    (reader, follow)
}
