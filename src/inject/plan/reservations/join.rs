//! What is at a path of the app already: reuse comes before conflict.

use super::mounts::ancestors;
use super::{MountSource, Reservations, ReservedMount, holder};
use crate::inject::plan::chosen::{Chosen, ExistingPath};
use crate::inject::pod;
use crate::inject::verdict::reason::{Holder, Reason};
use crate::work::step;

/// A mount that stands where a companion wants one.
#[derive(Debug)]
pub(in crate::inject) struct ExistingMount<'a> {
    /// The container, by its place in the Pod's view.
    pub(in crate::inject) container: usize,
    pub(in crate::inject) volume: &'a str,
    pub(in crate::inject) sub_path: &'a str,
    pub(in crate::inject) sub_path_expr: bool,
    pub(in crate::inject) read_only: bool,
    /// `None` where the Pod declares the volume.
    source: Option<MountSource>,
    /// The companion that gives it; `None` where the container has it.
    pub(in crate::inject) companion: Option<&'a str>,
}

/// Something above, below or in place of a mount, and whose it is.
struct Obstacle<'c> {
    container: usize,
    path: &'c str,
    companion: Option<&'c str>,
}

impl<'a> Reservations<'a> {
    /// The mounts that stand at a path in chosen app containers, at most one for each container, in their order; and the first
    /// container in which something makes a mount at that path impossible, with the reason.
    pub(in crate::inject) fn mounts_at(
        &self,
        chosen: &'a Chosen,
        path: &str,
    ) -> (Vec<ExistingMount<'a>>, Option<(usize, Reason)>) {
        let mut obstacles: Vec<Obstacle<'_>> = Vec::new();
        let mut standing = Vec::new();
        for (container, found) in chosen.at(self.pod, path) {
            match found {
                ExistingPath::Mount(mount) => standing.push(ExistingMount::of_pod(container, mount)),
                ExistingPath::Device(device) => {
                    obstacles.push(Obstacle { container, path: &device.path, companion: None })
                }
            }
        }
        for mount in self.mounts.at(path) {
            let common = mount.containers.iter().filter(|container| chosen.has(**container));
            standing.extend(common.map(|container| ExistingMount::of_companion(*container, mount)));
        }
        standing.sort_by_key(|standing| standing.container);
        standing.dedup_by_key(|standing| standing.container);
        step(standing.len());
        // A container that has the very path can have others above and below it.
        let is_open = |container: usize| standing.binary_search_by_key(&container, |s| s.container).is_err();
        let above = ancestors(path).flat_map(|parent| chosen.at(self.pod, parent));
        for (container, found) in above.chain(chosen.below(self.pod, path)).filter(|(container, _)| is_open(*container))
        {
            obstacles.push(Obstacle { container, path: found.path(), companion: None });
        }
        for mount in self.mounts.around(path) {
            let mut common =
                mount.containers.iter().filter(|container| chosen.has(**container) && is_open(**container));
            let obstacle = |container: &usize| Obstacle {
                container: *container,
                path: &mount.path,
                companion: Some(mount.companion),
            };
            obstacles.extend(common.next().map(obstacle));
        }
        let first = obstacles.into_iter().min_by_key(|obstacle| obstacle.container);
        let reason = first.map(|obstacle| (obstacle.container, self.meets(path, &obstacle)));
        (standing, reason)
    }

    fn meets(&self, path: &str, obstacle: &Obstacle<'_>) -> Reason {
        let view = &self.pod.containers[obstacle.container];
        Reason::MountPathConflict {
            path: path.into(),
            container: (&*view.name).into(),
            other: obstacle.path.into(),
            by: obstacle.companion.map_or_else(|| holder(view), |by| Holder::Companion(by.into())),
        }
    }

    /// Whose a mount that stands there is.
    pub(in crate::inject) fn owner_of(&self, standing: &ExistingMount<'_>) -> Holder {
        let view = || holder(&self.pod.containers[standing.container]);
        standing.companion.map_or_else(view, |by| Holder::Companion(by.into()))
    }

    /// What the volume of a mount that stands there allows.
    pub(in crate::inject) fn source_of(&self, standing: &ExistingMount<'_>) -> MountSource {
        standing.source.unwrap_or_else(|| {
            let volume = self.pod.volume(standing.volume);
            MountSource {
                shareable: volume.is_some_and(|v| v.shareable),
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
            source: mount.source,
            companion: Some(mount.companion),
        }
    }
}
