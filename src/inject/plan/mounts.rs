//! Shared volumes: where the app has a volume at the companion's path, the companion joins it.

use std::borrow::Cow;

use serde_json::json;

use super::arguments::blamed;
use super::chosen::ContainerPlaces;
use super::planned::{Plan, SharedMount, Side};
use super::reservations::{ExistingMount, LeftoverKind, MountSource, MountsAtPath, Reservations, ReservedMount};
use super::volumes::same_source::same_part;
use crate::inject::companion::index::ParameterIndex;
use crate::inject::companion::value::{Value, ValueFault};
use crate::inject::companion::{CompanionMount, CompanionPattern, SharedVolume};
use crate::inject::keys::TOKEN_PATH;
use crate::inject::names::lies_below;
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Conflict, ExistingKind, Outcome, Remark, Unshareable};
use crate::work::step;

/// The volume that both sides mount: the companion's own, or one of the app that it joins.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    volume: &'a str,
    sub_path: &'a str,
    allows: MountSource,
}

impl<'a> Plan<'a> {
    pub(super) fn fit_shared(
        &mut self,
        shared: &'a SharedVolume,
        reservations: &mut Reservations<'a>,
    ) -> Result<(), Outcome> {
        let (app, companion) = (self.side(&shared.app), self.side(&shared.companion));
        self.fit_companion_path(shared, &companion.path)?;
        self.fit_token_path(&app.path, reservations)?;
        let existing = reservations.mounts_at(self.chosen, &app.path);
        let joined = self.join(shared, &app.path, &existing, reservations)?;
        let containers = self.lacking(&existing);
        let source = match joined {
            Some(source) if !self.is_own(source.volume, shared, reservations) => source,
            Some(Source { sub_path, .. }) => Source { sub_path, ..self.own_source(shared, reservations)? },
            None => self.own_source(shared, reservations)?,
        };
        let kept = self.kept_mounts(&app, &source, &existing, reservations);
        let Source { volume, sub_path, allows } = source;
        if !containers.is_empty() {
            reservations.mount(ReservedMount {
                containers: containers.clone(),
                path: app.path.clone(),
                volume,
                sub_path,
                read_only: app.read_only,
                source: allows,
                companion: &self.companion.name,
            });
        }
        self.shared.push(SharedMount { volume, sub_path, companion, app, containers, kept });
        Ok(())
    }

    /// One side's mount: at its own path, or at the one that a parameter moves it to.
    fn side(&self, mount: &'a CompanionMount) -> Side<'a> {
        let path = match mount.parameter.and_then(|p| self.value(p)) {
            Some(Value::Path(path)) => path.clone(),
            _ => Cow::Borrowed(&*mount.path),
        };
        Side { path, read_only: mount.read_only }
    }

    /// A path of the companion's side that a parameter moved must not conflict with the companion's other mounts. For all
    /// other paths, validation of the companion has checked that.
    fn fit_companion_path(&self, shared: &'a SharedVolume, path: &str) -> Result<(), Outcome> {
        if shared.companion.parameter.is_none() {
            return Ok(());
        }
        let conflicts = |other: &str| other == path || lies_below(other, path) || lies_below(path, other);
        let own = self.companion.identities().flat_map(|(c, _)| c.mount_paths.iter());
        let own = own.map(|path| (Cow::Borrowed(&**path), None));
        let shared_ones = self.companion.shared_volumes.iter().filter(|other| !std::ptr::eq(*other, shared));
        let shared_ones = shared_ones.map(|o| (self.side(&o.companion).path, o.companion.parameter));
        let Some((other, its)) = own.chain(shared_ones).find(|(other, _)| conflicts(other)) else { return Ok(()) };
        let fault =
            |parameter: Option<ParameterIndex>, met: &str| self.invalid(parameter?, ValueFault::MeetsMount(met.into()));
        let faults = [fault(shared.companion.parameter, &other), fault(its, path)];
        blamed(faults.into_iter().flatten()).map_or(Ok(()), Err)
    }

    /// A mount at or above the token's path would decide what the app, and each companion that joins the volume, takes
    /// for the Pod's token. One below it would be a mount in the volume of the token, which is read-only.
    fn fit_token_path(&self, path: &str, reservations: &Reservations<'a>) -> Result<(), Conflict> {
        let meets = path == TOKEN_PATH || lies_below(TOKEN_PATH, path) || lies_below(path, TOKEN_PATH);
        if meets && !self.chosen.places.is_empty() && reservations.has_token() {
            return Err(Conflict::TokenPathConflict { path: path.into() });
        }
        Ok(())
    }

    /// The chosen app containers that have no mount at the path yet.
    fn lacking(&self, existing: &MountsAtPath<'a>) -> Cow<'a, ContainerPlaces> {
        if existing.mounts().is_empty() {
            return Cow::Borrowed(&self.chosen.places);
        }
        step(self.chosen.places.len());
        Cow::Owned(self.chosen.places.iter().filter(|place| !existing.has(*place)).collect())
    }

    /// The companion's own volume, which is added to the Pod.
    fn own_source(
        &mut self,
        shared: &'a SharedVolume,
        reservations: &mut Reservations<'a>,
    ) -> Result<Source<'a>, Conflict> {
        self.fit_shared_volume(shared, reservations)?;
        let SharedVolume { shareable, empty_dir, read_only, .. } = *shared;
        let allows = MountSource { shareable, empty_dir, read_only };
        Ok(Source { volume: &shared.volume.name, sub_path: "", allows })
    }

    /// Lists the mounts that the app containers get, for the status entry.
    pub(super) fn list_mounts(&mut self, reservations: &Reservations<'a>) {
        self.added
            .mounts
            .reserve_exact(self.shared.iter().map(|shared| shared.containers.len() + shared.kept.len()).sum());
        for shared in &self.shared {
            step(shared.containers.len() + shared.kept.len());
            let places = shared.containers.iter().chain(shared.kept.iter().copied());
            let names = places.map(|place| &*reservations.pod.containers[place].name);
            self.added.mounts.extend(names.map(|name| (name, shared.app.path.clone())));
        }
    }

    /// The volume of the app that the companion joins, if a chosen container mounts one at the path.
    fn join(
        &mut self,
        shared: &SharedVolume,
        path: &str,
        existing: &MountsAtPath<'a>,
        reservations: &Reservations<'a>,
    ) -> Result<Option<Source<'a>>, Conflict> {
        let name_of = |mount: &ExistingMount<'_>| Box::from(&*reservations.pod.containers[mount.container].name);
        let mut joined: Option<&ExistingMount<'a>> = None;
        for mount in existing.before_obstacle() {
            step(1);
            self.not_its_own(path, mount, reservations)?;
            not_private(mount, reservations)?;
            let is_leftover = self.is_leftover(shared, path, mount, reservations);
            let why = self.unshareable(shared, mount, joined, reservations);
            if let Some(why) = why.filter(|why| !is_leftover || *why == Unshareable::TwoVolumes) {
                let by = reservations.owner_of(mount);
                let volume = mount.volume.into();
                return Err(Conflict::VolumeNotShareable { volume, path: path.into(), by, why });
            }
            if shared.app.read_only && !mount.read_only {
                self.remark(|| Remark::AppCanWrite { path: path.into(), container: name_of(mount) });
            }
            joined = joined.or(Some(mount));
        }
        let source = |mount: &ExistingMount<'a>| Source {
            volume: mount.volume,
            sub_path: mount.sub_path,
            allows: reservations.source_of(mount),
        };
        existing.obstacle().map_or(Ok(joined.map(source)), |conflict| Err(conflict.clone()))
    }

    /// Whether a volume that the app mounts counts as the companion's own: it is from an earlier injection, or it has the name
    /// under which the policies of a required companion accept the declared source only.
    fn is_own(&self, volume: &str, shared: &SharedVolume, reservations: &Reservations<'a>) -> bool {
        let is_listed = || reservations.status_lists_volume(&self.companion.name, volume);
        *volume == *shared.volume.name && (self.via == Via::Required || is_listed())
    }

    /// Whether a mount of the companion's own volume is from an earlier injection, and as podgraft wrote it.
    fn is_leftover(
        &self,
        shared: &SharedVolume,
        path: &str,
        mount: &ExistingMount<'a>,
        reservations: &Reservations<'a>,
    ) -> bool {
        let source = (&*shared.volume.name, "");
        mount.volume == source.0 && self.is_ours(source, path, shared.app.read_only, mount, reservations)
    }

    /// The containers whose mount at the path is from an earlier injection, and as podgraft writes it.
    fn kept_mounts(
        &self,
        app: &Side<'a>,
        source: &Source<'a>,
        existing: &MountsAtPath<'a>,
        reservations: &Reservations<'a>,
    ) -> Vec<usize> {
        if self.leftovers(reservations).is_none() {
            return Vec::new();
        }
        let source = (source.volume, source.sub_path);
        let is_ours = |mount: &&ExistingMount<'a>| self.is_ours(source, &app.path, app.read_only, mount, reservations);
        existing.mounts().iter().filter(is_ours).map(|mount| mount.container).collect()
    }

    fn is_ours(
        &self,
        (volume, sub_path): (&str, &str),
        path: &str,
        read_only: bool,
        mount: &ExistingMount<'a>,
        reservations: &Reservations<'a>,
    ) -> bool {
        let leftovers = self.leftovers(reservations).filter(|_| mount.companion.is_none());
        let part = leftovers.and_then(|l| l.part(&self.companion.name, mount.container, LeftoverKind::Mount, path));
        part.is_some_and(|theirs| {
            let ours = json!({"name": volume, "mountPath": path, "subPath": sub_path, "readOnly": read_only});
            same_part(theirs, &ours.to_string())
        })
    }

    /// Parameters can move two shared volumes of one companion to one path.
    fn not_its_own(
        &self,
        path: &str,
        mount: &ExistingMount<'a>,
        reservations: &Reservations<'a>,
    ) -> Result<(), Conflict> {
        if mount.companion != Some(&*self.companion.name) {
            return Ok(());
        }
        let container = (&*reservations.pod.containers[mount.container].name).into();
        let (by, other_kind) = (reservations.owner_of(mount), ExistingKind::Mount);
        Err(Conflict::MountPathConflict { path: path.into(), container, other: path.into(), other_kind, by })
    }

    fn unshareable(
        &self,
        shared: &SharedVolume,
        mount: &ExistingMount<'a>,
        joined: Option<&ExistingMount<'a>>,
        reservations: &Reservations<'a>,
    ) -> Option<Unshareable> {
        let source = reservations.source_of(mount);
        let is_same = |other: &ExistingMount<'_>| (other.volume, other.sub_path) == (mount.volume, mount.sub_path);
        // One side must write to the volume: the app, if the companion only reads.
        let app_writes = !shared.app.read_only
            && (self.companion.pattern == CompanionPattern::Adapter || shared.companion.read_only);
        if mount.sub_path_expr {
            Some(Unshareable::SubPathExpr)
        } else if !shared.joins {
            Some(Unshareable::OwnSource)
        } else if mount.companion.is_none() && reservations.pod.volume(mount.volume).is_none() {
            Some(Unshareable::Undeclared)
        } else if !source.shareable {
            Some(Unshareable::Source)
        } else if shared.sets_variables && !source.empty_dir {
            Some(Unshareable::NotEmptyDir)
        } else if shared.sets_variables && !mount.sub_path.is_empty() {
            Some(Unshareable::SubPath)
        } else if !joined.is_none_or(is_same) {
            Some(Unshareable::TwoVolumes)
        } else if app_writes && mount.read_only {
            Some(Unshareable::ReadOnly)
        } else if source.read_only && (app_writes || !shared.companion.read_only) {
            Some(Unshareable::ReadOnlySource)
        } else if self.via == Via::Required && shared.app.read_only && !mount.read_only {
            Some(Unshareable::Writable)
        } else {
            None
        }
    }
}

/// A private volume of a present companion cannot become a shared volume of another one.
fn not_private<'a>(mount: &ExistingMount<'a>, reservations: &Reservations<'a>) -> Result<(), Conflict> {
    let Some(companion) = reservations.private_to(mount.volume) else { return Ok(()) };
    let container = Box::from(&*reservations.pod.containers[mount.container].name);
    let (volume, container, companion) = (mount.volume.into(), Some(container), Some(companion.into()));
    Err(Conflict::PrivateVolumeConflict { volume, container, companion })
}
