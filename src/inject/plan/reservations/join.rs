//! What the chosen app containers have at a path already: a companion joins it or conflicts with it.

use super::mounts::{MountSource, ReservedMount};
use super::names::holder;
use super::reserved::Reservations;
use crate::inject::names::ancestors;
use crate::inject::plan::chosen::{Chosen, ExistingPath};
use crate::inject::pod;
use crate::inject::verdict::reason::{Conflict, ExistingKind, Holder};
use crate::work::step;

/// A mount at the path where a companion wants one.
#[derive(Debug)]
pub(in crate::inject) struct ExistingMount<'a> {
    /// The place of the container in the Pod's view.
    pub(in crate::inject) container: usize,
    pub(in crate::inject) volume: &'a str,
    pub(in crate::inject) sub_path: &'a str,
    pub(in crate::inject) sub_path_expr: bool,
    pub(in crate::inject) read_only: bool,
    /// What the volume's source allows; `None` where the Pod has the mount and declares the volume.
    source: Option<MountSource>,
    /// The companion that adds the mount; `None` where the container has it.
    pub(in crate::inject) companion: Option<&'a str>,
}

/// What the chosen app containers have at a path.
#[derive(Debug)]
pub(in crate::inject) struct MountsAtPath<'a> {
    /// At most one mount for each container, in the order of containers.
    mounts: Vec<ExistingMount<'a>>,
    /// The first container in which something makes a mount at the path impossible, and the conflict.
    obstacle: Option<(usize, Conflict)>,
}

/// Something above, below or in place of a mount, and who has it.
struct Obstacle<'c> {
    container: usize,
    path: &'c str,
    kind: ExistingKind,
    companion: Option<&'c str>,
}

impl<'a> MountsAtPath<'a> {
    pub(in crate::inject) fn mounts(&self) -> &[ExistingMount<'a>] {
        &self.mounts
    }

    /// The mounts of containers that come before the one with the obstacle.
    pub(in crate::inject) fn before_obstacle(&self) -> impl Iterator<Item = &ExistingMount<'a>> {
        let end = self.obstacle.as_ref().map_or(usize::MAX, |(container, _)| *container);
        self.mounts.iter().take_while(move |mount| mount.container < end)
    }

    pub(in crate::inject) fn obstacle(&self) -> Option<&Conflict> {
        self.obstacle.as_ref().map(|(_, conflict)| conflict)
    }

    /// Whether a container has a mount at the path.
    pub(in crate::inject) fn has(&self, container: usize) -> bool {
        has(&self.mounts, container)
    }
}

fn has(mounts: &[ExistingMount<'_>], container: usize) -> bool {
    mounts.binary_search_by_key(&container, |mount| mount.container).is_ok()
}

impl<'a> Reservations<'a> {
    /// What chosen app containers have at a path.
    pub(in crate::inject) fn mounts_at(&self, chosen: &'a Chosen, path: &str) -> MountsAtPath<'a> {
        if self.mounts.len() == 0 && !chosen.may_meet(self.pod, path) {
            return MountsAtPath { mounts: Vec::new(), obstacle: None };
        }
        let mut obstacles: Vec<Obstacle<'_>> = Vec::new();
        let mut mounts = Vec::new();
        for (container, existing) in chosen.at(self.pod, path) {
            match existing {
                ExistingPath::Mount(mount) => mounts.push(ExistingMount::of_pod(container, mount)),
                ExistingPath::Device(device) => {
                    let (path, kind) = (&*device.path, ExistingKind::Device);
                    obstacles.push(Obstacle { container, path, kind, companion: None });
                }
            }
        }
        for mount in self.mounts.at(path) {
            let common = mount.containers.iter().filter(|container| chosen.places.contains(*container));
            mounts.extend(common.map(|container| ExistingMount::of_companion(container, mount)));
        }
        mounts.sort_by_key(|mount| mount.container);
        mounts.dedup_by_key(|mount| mount.container);
        step(mounts.len());
        // A container with a mount at this very path may have others above and below it.
        let is_open = |container: usize| !has(&mounts, container);
        let above = ancestors(path).flat_map(|parent| chosen.at(self.pod, parent));
        let around = above.chain(chosen.below(self.pod, path)).filter(|(container, _)| is_open(*container));
        obstacles.extend(around.map(|(container, existing)| Obstacle {
            container,
            path: existing.path(),
            kind: existing.kind(),
            companion: None,
        }));
        for mount in self.mounts.around(path) {
            let mut common = mount.containers.iter().filter(|c| chosen.places.contains(*c) && is_open(*c));
            let (path, kind, companion) = (&*mount.path, ExistingKind::Mount, Some(mount.companion));
            obstacles.extend(common.next().map(|container| Obstacle { container, path, kind, companion }));
        }
        let first = obstacles.into_iter().min_by_key(|obstacle| obstacle.container);
        let obstacle = first.map(|obstacle| (obstacle.container, self.conflict(path, &obstacle)));
        MountsAtPath { mounts, obstacle }
    }

    fn conflict(&self, path: &str, obstacle: &Obstacle<'_>) -> Conflict {
        let view = &self.pod.containers[obstacle.container];
        Conflict::MountPathConflict {
            path: path.into(),
            container: (&*view.name).into(),
            other: obstacle.path.into(),
            other_kind: obstacle.kind,
            by: obstacle.companion.map_or_else(|| holder(view), |by| Holder::Companion(by.into())),
        }
    }

    /// The container or companion that has a mount.
    pub(in crate::inject) fn owner_of(&self, mount: &ExistingMount<'_>) -> Holder {
        let view = || holder(&self.pod.containers[mount.container]);
        mount.companion.map_or_else(view, |by| Holder::Companion(by.into()))
    }

    /// What the source of a mount's volume allows.
    pub(in crate::inject) fn source_of(&self, mount: &ExistingMount<'_>) -> MountSource {
        mount.source.unwrap_or_else(|| {
            let volume = self.pod.volume(mount.volume);
            MountSource {
                shareable: volume.is_some_and(|v| v.shareable),
                empty_dir: volume.is_some_and(|v| v.empty_dir),
                read_only: volume.is_some_and(|v| v.read_only),
            }
        })
    }
}

impl<'a> ExistingMount<'a> {
    fn of_pod(container: usize, mount: &'a pod::Mount<'_>) -> Self {
        ExistingMount {
            container,
            volume: &mount.volume,
            sub_path: &mount.sub_path,
            sub_path_expr: mount.sub_path_expr,
            read_only: mount.read_only,
            source: None,
            companion: None,
        }
    }

    fn of_companion(container: usize, mount: &ReservedMount<'a>) -> Self {
        ExistingMount {
            container,
            volume: mount.volume,
            sub_path: mount.sub_path,
            sub_path_expr: false,
            read_only: mount.read_only,
            source: Some(mount.source),
            companion: Some(mount.companion),
        }
    }
}
