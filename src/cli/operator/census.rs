//! Which Pods of a cluster have which companions, and which should have.
//!
//! What is expected of a Pod follows from the template of its Deployment, StatefulSet or DaemonSet as it is now, because that
//! is what a restart creates Pods from; for other owners, and without one, from the Pod itself.

mod expectation;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::pod::Pod;
use crate::inject::pod_companions::{PodCompanions, Presence};
use crate::workload::{Workload, workloads};

pub(super) use expectation::Engine;
use expectation::Expectation;
use tally::PodState;
pub(super) use tally::{CompanionTally, Obstacle, WorkloadKey, WorkloadTally};

/// Counts Pods, which are added after the workloads and ReplicaSets. Its memory grows with the number of workloads, and
/// not with that of Pods.
pub(super) struct Census<'e> {
    engine: Engine<'e>,
    /// The Deployments of ReplicaSets, both by namespace and name.
    deployments: HashMap<(Box<str>, Box<str>), Box<str>>,
    templates: HashMap<WorkloadKey, Template>,
    tallies: BTreeMap<WorkloadKey, WorkloadTally>,
}

/// A workload that can be restarted.
struct Template {
    expectation: Expectation,
    obstacle: Option<Obstacle>,
}

impl<'e> Census<'e> {
    pub(super) fn new(engine: Engine<'e>) -> Self {
        Census { engine, deployments: HashMap::new(), templates: HashMap::new(), tallies: BTreeMap::new() }
    }

    /// Adds a Deployment, StatefulSet or DaemonSet.
    pub(super) fn add_workload(&mut self, object: &Value) {
        for workload in workloads(object) {
            let Some(expectation) = self.engine.expectation(&workload) else { continue };
            let key = key_of(object, &workload.kind.to_ascii_lowercase());
            if expectation.denial.is_some() {
                // It may have no Pods.
                let tally = WorkloadTally { denial: expectation.denial.clone(), ..WorkloadTally::default() };
                self.tallies.insert(key.clone(), tally);
            }
            self.templates.insert(key, Template { expectation, obstacle: obstacle(object) });
        }
    }

    /// Adds the metadata of a ReplicaSet.
    pub(super) fn add_replica_set(&mut self, object: &Value) {
        if let Some(owner) = controller(object).filter(|owner| owner["kind"] == "Deployment") {
            let place = (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
            self.deployments.insert(place, text(&owner["name"]));
        }
    }

    /// Adds a Pod. One that has ended, or is being deleted, does not count.
    pub(super) fn add_pod(&mut self, object: &Value) {
        let has_ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        if has_ended || !object["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        for workload in workloads(object) {
            let created = workload.created();
            // A Pod of the API server can be read.
            let Ok(pod) = created.pod() else { continue };
            self.count(&workload, &pod);
        }
    }

    /// The workloads whose Pods have companions or should have some, by namespace, kind and name.
    pub(super) fn finish(self) -> BTreeMap<WorkloadKey, WorkloadTally> {
        let mut tallies = self.tallies;
        tallies.retain(|_, tally| !tally.companions.is_empty() || tally.denial.is_some());
        tallies
    }

    fn count(&mut self, workload: &Workload<'_>, pod: &Pod<'_>) {
        let key = self.owner(workload.object);
        let of_template = self.templates.get(&key);
        let needs_own = of_template.is_none_or(|template| !template.expectation.undecided.is_empty());
        let own = if needs_own { self.engine.expectation(workload) } else { None };
        let Some(expectation) = combined(of_template.map(|template| &template.expectation), own) else { return };
        let tally = self.tallies.entry(key.clone()).or_default();
        tally.pods += 1;
        tally.unreviewed |= expectation.unreviewed;
        tally.obstacle = of_template.map_or(Some(Obstacle::Kind), |template| template.obstacle);
        let found = PodCompanions::read(pod);
        let versions: BTreeMap<&str, &str> = found.listed().collect();
        for (name, version) in &expectation.companions {
            let companion = self.engine.companion(&key.namespace, name).and_then(CatalogEntry::valid);
            let state = match found.presence(name, companion) {
                Presence::Current => PodState::Current,
                Presence::Other => PodState::Outdated,
                Presence::Absent => PodState::Missing,
            };
            let of_companion = tally.companions.entry(name.clone()).or_default();
            of_companion.version.clone_from(version);
            of_companion.count(&pod.name, state, versions.get(&**name).copied());
        }
        let is_extra = |name: &&str| !expectation.companions.contains_key(*name);
        for (name, version) in versions.iter().filter(|(name, _)| is_extra(name)) {
            tally.companions.entry((*name).into()).or_default().count(&pod.name, PodState::Extra, Some(version));
        }
    }

    /// The workload of a Pod: its controller, or the Deployment of that; the Pod itself where it has none.
    fn owner(&self, pod: &Value) -> WorkloadKey {
        let Some(owner) = controller(pod) else { return key_of(pod, "pod") };
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&owner["name"]));
        let kind = owner["kind"].as_str().unwrap_or_default().to_ascii_lowercase();
        let group = owner["apiVersion"].as_str().and_then(|version| version.split_once('/')).map(|(group, _)| group);
        if (kind.as_str(), group) == ("replicaset", Some("apps"))
            && let Some(deployment) = self.deployments.get(&(namespace.clone(), name.clone()))
        {
            return WorkloadKey { namespace, kind: "deployment".into(), name: deployment.clone() };
        }
        let kind = match group {
            None | Some("apps" | "batch") => kind.into(),
            Some(group) => format!("{kind}.{group}").into(),
        };
        WorkloadKey { namespace, kind, name }
    }
}

/// What a template requires of a Pod, and what the Pod itself decides.
fn combined(of_template: Option<&Expectation>, own: Option<Expectation>) -> Option<Expectation> {
    let Some(of_template) = of_template else { return own };
    let mut expectation = of_template.clone();
    for (name, version) in own.into_iter().flat_map(|own| own.companions) {
        if of_template.undecided.contains(&name) {
            expectation.companions.insert(name, version);
        }
    }
    Some(expectation)
}

/// Why a workload cannot be restarted.
fn obstacle(object: &Value) -> Option<Obstacle> {
    let spec = &object["spec"];
    if spec["paused"] == true {
        Some(Obstacle::Paused)
    } else if spec["updateStrategy"]["type"] == "OnDelete" {
        Some(Obstacle::OnDelete)
    } else {
        let partition = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64();
        partition.is_some_and(|partition| partition > 0).then_some(Obstacle::Partition)
    }
}

fn controller(object: &Value) -> Option<&Value> {
    object["metadata"]["ownerReferences"].as_array()?.iter().find(|owner| owner["controller"] == true)
}

fn key_of(object: &Value, kind: &str) -> WorkloadKey {
    let metadata = &object["metadata"];
    WorkloadKey { namespace: text(&metadata["namespace"]), kind: kind.into(), name: text(&metadata["name"]) }
}

fn text(value: &Value) -> Box<str> {
    value.as_str().unwrap_or_default().into()
}
