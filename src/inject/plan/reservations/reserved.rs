//! All reservations of one review, and how those of a companion that does not fit are dropped again.

use std::cell::OnceCell;

use super::ledger::Ledger;
use super::leftovers::Leftovers;
use super::mounts::ReservedMounts;
use super::pod_level::{CompanionRequests, PodLevel, SharedAmounts};
use super::port::{PodPort, PortKey, ReservedPort};
use crate::inject::companion::Companion;
use crate::inject::keys;
use crate::inject::patch::bounds::status_bound;
use crate::inject::patch::status::Status;
use crate::inject::plan::chosen::Choices;
use crate::inject::pod::Pod;
use crate::work::step;

/// A Pod, and what the companions that fit so far have reserved in it.
#[derive(Debug)]
pub(in crate::inject) struct Reservations<'a> {
    pub(in crate::inject) pod: &'a Pod<'a>,
    pub(in crate::inject) choices: &'a Choices,
    pub(super) status: &'a Status<'a>,
    pub(in crate::inject) leftovers: Leftovers<'a>,
    /// The places of init containers that get `restartPolicy: Always` back, ascending.
    pub(super) restored: Vec<usize>,
    /// Whether an API server sent the Pod: then the token's mounts are in it.
    pub(super) online: bool,
    pub(super) containers: Ledger<&'a str, &'a str>,
    pub(super) volumes: Ledger<&'a str, &'a str>,
    /// Private volumes of present companions, with the companions.
    pub(super) private: Ledger<&'a str, &'a str>,
    pub(super) ports: Ledger<PortKey, ReservedPort<'a>>,
    /// Ports that probes of present companions ask and that the app listens on, with the companions' containers.
    pub(super) inputs: Ledger<(&'a str, u16), ()>,
    pub(super) mounts: ReservedMounts<'a>,
    /// Variables by name and by the set of app containers.
    pub(super) env: Ledger<(&'a str, usize), &'a str>,
    /// Annotations with the companions that set them.
    pub(super) annotations: Ledger<&'a str, &'a Companion>,
    pub(super) pull_secrets: Ledger<&'a str, ()>,
    /// The size of all annotations after injection, in bytes.
    pub(super) annotation_bytes: usize,
    /// An upper bound of the size of the patch, in bytes.
    pub(super) patch_bytes: usize,
    /// Whether the status has no entry yet.
    pub(super) status_is_empty: bool,
    /// The ports of the Pod's long-running containers, in order.
    pub(super) pod_ports: OnceCell<Vec<PodPort>>,
    pub(super) has_token: OnceCell<bool>,
    pub(super) pod_level: OnceCell<PodLevel<'a>>,
    /// The volumes that the Pod's own annotation lists as evictable, in order.
    pub(super) evictable: OnceCell<Vec<&'a str>>,
}

/// How much was reserved at some point, to roll back to it.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Mark {
    containers: usize,
    volumes: usize,
    ports: usize,
    mounts: usize,
    env: usize,
    annotations: usize,
    pull_secrets: usize,
    annotation_bytes: usize,
    patch_bytes: usize,
    status_is_empty: bool,
}

impl<'a> Reservations<'a> {
    pub(in crate::inject) fn new(pod: &'a Pod<'a>, status: &'a Status<'a>, choices: &'a Choices, online: bool) -> Self {
        // The status is rewritten, with the entries of companions that are present. The annotation of skipped companions is
        // replaced if there is room for it in the end, so that it is never the reason to skip one.
        let (key, before) = pod.annotation(keys::STATUS).map_or((keys::STATUS.len(), 0), |text| (0, text.len()));
        let before = before + pod.annotation(keys::SKIPPED).map_or(0, |text| keys::SKIPPED.len() + text.len());
        let length = status.length(pod);
        Reservations {
            pod,
            choices,
            status,
            leftovers: Leftovers::of(pod, status),
            restored: Vec::new(),
            online,
            containers: Ledger::default(),
            volumes: Ledger::default(),
            private: Ledger::default(),
            ports: Ledger::default(),
            inputs: Ledger::default(),
            mounts: ReservedMounts::default(),
            env: Ledger::default(),
            annotations: Ledger::default(),
            pull_secrets: Ledger::default(),
            annotation_bytes: pod.annotation_bytes() - before + key + length,
            patch_bytes: status_bound(length),
            status_is_empty: length == "{}".len(),
            pod_ports: OnceCell::new(),
            has_token: OnceCell::new(),
            pod_level: OnceCell::new(),
            evictable: OnceCell::new(),
        }
    }

    /// Records init containers, by their indexes, that are native sidecars again after this review.
    pub(in crate::inject) fn restore(&mut self, init_containers: impl Iterator<Item = usize>) {
        // The init containers are the first ones of the Pod's view.
        self.restored.extend(init_containers);
    }

    /// Whether a container restarts after this review.
    pub(super) fn is_native(&self, place: usize) -> bool {
        let restarts = self.pod.containers.get(place).is_some_and(|container| container.restarts);
        restarts || self.restored.binary_search(&place).is_ok()
    }

    pub(in crate::inject) fn mark(&self) -> Mark {
        Mark {
            containers: self.containers.len(),
            volumes: self.volumes.len(),
            ports: self.ports.len(),
            mounts: self.mounts.len(),
            env: self.env.len(),
            annotations: self.annotations.len(),
            pull_secrets: self.pull_secrets.len(),
            annotation_bytes: self.annotation_bytes,
            patch_bytes: self.patch_bytes,
            status_is_empty: self.status_is_empty,
        }
    }

    /// Drops everything that was reserved since the mark: a companion that does not fit reserves nothing.
    pub(in crate::inject) fn roll_back(&mut self, mark: Mark) {
        self.containers.truncate(mark.containers);
        self.volumes.truncate(mark.volumes);
        self.ports.truncate(mark.ports);
        self.mounts.truncate(mark.mounts);
        self.env.truncate(mark.env);
        self.annotations.truncate(mark.annotations);
        self.pull_secrets.truncate(mark.pull_secrets);
        self.annotation_bytes = mark.annotation_bytes;
        self.patch_bytes = mark.patch_bytes;
        self.status_is_empty = mark.status_is_empty;
    }

    /// The Pod-level resources. The resources of the containers are read at the first use.
    pub(in crate::inject) fn pod_level(&self) -> &PodLevel<'a> {
        self.pod_level.get_or_init(|| PodLevel::read(self.pod, |place| self.is_native(place)))
    }

    /// The resources of which a companion leaves its own amounts out.
    pub(in crate::inject) fn shared_amounts(&self, companion: &Companion) -> SharedAmounts {
        if companion.shares_pod_resources { self.pod_level().shared() } else { SharedAmounts::default() }
    }

    /// Reserves what a companion that fits requests of the Pod-level resources.
    pub(in crate::inject) fn accept_requests(&mut self, requests: CompanionRequests<'a>) {
        if let Some(pod_level) = self.pod_level.get_mut() {
            pod_level.accept(requests);
        }
    }

    /// Whether the API server mounts the Pod's token. It does so before it calls webhooks. Where the Pod has
    /// `automountServiceAccountToken: false`, a mount at the token's path is of another author.
    pub(in crate::inject) fn has_token(&self) -> bool {
        *self.has_token.get_or_init(|| {
            step(self.pod.mount_count());
            let mut mounts = self.pod.containers.iter().flat_map(|c| self.pod.mounts(c));
            !self.pod.declines_token && (!self.online || mounts.any(|mount| mount.path == keys::TOKEN_PATH))
        })
    }

    /// Whether a container that is added gets the Pod's token unless it has a mask. Where no container has a mount at the
    /// token's path, the ServiceAccount admission plugin adds none to ours either. It runs again after the patch, so a
    /// container that covers the path itself shows nothing.
    pub(in crate::inject) fn may_mount_token(&self) -> bool {
        !self.pod.declines_token && (self.pod.demands_token || self.has_token())
    }
}
