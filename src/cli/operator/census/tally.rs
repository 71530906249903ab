//! The Pods of one workload, counted by companion.

use std::collections::BTreeMap;
use std::fmt;

/// How many names of Pods are kept for a companion of a workload.
const MAX_NAMES: usize = 8;

/// A workload, or a Pod without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::cli) struct WorkloadKey {
    pub(in crate::cli) namespace: Box<str>,
    /// The kind in lower case, with its group where that is not one of Kubernetes': `deployment`, `rollout.argoproj.io`.
    pub(in crate::cli) kind: Box<str>,
    pub(in crate::cli) name: Box<str>,
}

/// A workload and its Pods.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct WorkloadTally {
    /// How many Pods run or are about to.
    pub(in crate::cli) pods: usize,
    /// By name of the companion.
    pub(in crate::cli) companions: BTreeMap<Box<str>, CompanionTally>,
    /// Why new Pods would be denied.
    pub(in crate::cli) denial: Option<String>,
    /// Whether no webhook that is installed receives its Pods.
    pub(in crate::cli) unreviewed: bool,
    /// Why a restart is not possible, or would change nothing.
    pub(in crate::cli) obstacle: Option<Obstacle>,
}

/// The Pods of a workload with respect to one companion.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct CompanionTally {
    /// The content hash of the version that would be injected now.
    pub(in crate::cli) version: Option<Box<str>>,
    /// Pods with that version.
    pub(in crate::cli) current: usize,
    /// Pods with another version.
    pub(in crate::cli) outdated: usize,
    /// Pods that should have the companion, and do not.
    pub(in crate::cli) missing: usize,
    /// Pods that have the companion, and would not get it now.
    pub(in crate::cli) extra: usize,
    /// The numbers of Pods by the content hash of their version.
    pub(in crate::cli) versions: BTreeMap<Box<str>, usize>,
    /// Pods with another version or without the companion: the first names.
    pub(in crate::cli) affected: Vec<Box<str>>,
}

/// Why a workload is not restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Obstacle {
    /// Its kind has no rollout: the Pod must be deleted, or its owner must create it again.
    Kind,
    /// `spec.paused` of a Deployment.
    Paused,
    /// `spec.updateStrategy.type: OnDelete`.
    OnDelete,
    /// `spec.updateStrategy.rollingUpdate.partition` of a StatefulSet is above 0.
    Partition,
}

/// How a Pod has one companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodState {
    Current,
    Outdated,
    Missing,
    Extra,
}

impl CompanionTally {
    pub(super) fn count(&mut self, pod: &str, state: PodState, version: Option<&str>) {
        match state {
            PodState::Current => self.current += 1,
            PodState::Outdated => self.outdated += 1,
            PodState::Missing => self.missing += 1,
            PodState::Extra => self.extra += 1,
        }
        if let Some(version) = version {
            *self.versions.entry(version.into()).or_default() += 1;
        }
        if matches!(state, PodState::Outdated | PodState::Missing) && self.affected.len() < MAX_NAMES {
            self.affected.push(pod.into());
        }
    }
}

impl WorkloadTally {
    /// Whether a Pod lacks a companion.
    pub(in crate::cli) fn is_missing(&self) -> bool {
        self.companions.values().any(|companion| companion.missing > 0)
    }

    /// Whether a Pod has another version of a companion than it would get now.
    pub(in crate::cli) fn is_outdated(&self) -> bool {
        self.companions.values().any(|companion| companion.outdated > 0)
    }
}

/// `deployment/web -n shop`, to be pasted after `kubectl get`.
impl fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} -n {}", self.kind, self.name, self.namespace)
    }
}

/// Why, with what to do instead.
impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::Kind => "has no rollout; delete its Pods, so that its owner creates them again, or recreate a Pod without an owner",
            Obstacle::Paused => "is paused; run kubectl rollout resume first",
            Obstacle::OnDelete => "has updateStrategy OnDelete; delete its Pods, one after the other",
            Obstacle::Partition => "has a rollingUpdate.partition, and Pods below it are not replaced; set it to 0",
        })
    }
}
