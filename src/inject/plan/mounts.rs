//! Shared volumes: where the app has one at the companion's path, the companion joins it.

use std::borrow::Cow;

use super::reservations::{ExistingMount, MountSource, Reservations, ReservedMount as Given};
use super::{Plan, SharedMount, blamed};
use crate::inject::companion::parameter::{Value, ValueFault};
use crate::inject::companion::{CompanionMount as Side, CompanionPattern, SharedVolume};
use crate::inject::keys::TOKEN_PATH;
use crate::inject::names::lies_below;
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Reason, Unshareable};
use crate::work::step;

impl<'a> Plan<'a> {
    pub(super) fn fit_shared(&mut self, shared: &'a SharedVolume, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        let (app_path, companion_path) = (self.path(&shared.app), self.path(&shared.companion));
        self.fit_companion_mount(shared, &companion_path)?;
        self.fit_token_path(&app_path, claims)?;
        let (standing, obstacle) = claims.mounts_at(self.chosen, &app_path);
        let joined = self.join(shared, &app_path, &standing, obstacle, claims)?;
        let app = self.lacking(&standing);
        let (volume, sub_path, source) = if let Some(joined) = joined {
            (joined.volume, joined.sub_path, Some(claims.source_of(joined)))
        } else {
            self.fit_shared_volume(shared, claims)?;
            let source = MountSource { shareable: shared.shareable, read_only: shared.read_only };
            (&*shared.volume.name, "", Some(source))
        };
        if !app.is_empty() {
            claims.mount(Given {
                containers: app.clone(),
                path: app_path.clone(),
                volume,
                sub_path,
                read_only: shared.app.read_only,
                source,
                companion: &self.companion.name,
            });
        }
        self.shared.push(SharedMount {
            volume,
            sub_path,
            companion_path,
            companion_read_only: shared.companion.read_only,
            app_path,
            app_read_only: shared.app.read_only,
            app,
        });
        Ok(())
    }

    /// A mount at or above the token's path would decide what the app, and each companion that joins it, takes for its token.
    fn fit_token_path(&self, path: &str, claims: &Reservations<'a>) -> Result<(), Reason> {
        let covers = path == TOKEN_PATH || lies_below(TOKEN_PATH, path);
        if covers && !self.chosen.places.is_empty() && claims.has_token() {
            return Err(Reason::TokenPathConflict { path: path.into() });
        }
        Ok(())
    }

    /// The chosen app containers that have nothing at the path yet.
    fn lacking(&self, standing: &[ExistingMount<'a>]) -> Cow<'a, [usize]> {
        if standing.is_empty() {
            return Cow::Borrowed(&self.chosen.places);
        }
        step(self.chosen.places.len());
        let has = |place: &usize| standing.binary_search_by_key(place, |s| s.container).is_ok();
        self.chosen.places.iter().copied().filter(|place| !has(place)).collect()
    }

    /// Lists the mounts that the app containers get.
    pub(super) fn list_mounts(&mut self, claims: &Reservations<'a>) {
        self.added.mounts.reserve_exact(self.shared.iter().map(|shared| shared.app.len()).sum());
        for shared in &self.shared {
            step(shared.app.len());
            let names = shared.app.iter().map(|container| &*claims.pod.containers[*container].name);
            self.added.mounts.extend(names.map(|name| (name, shared.app_path.clone())));
        }
    }

    /// A path that a parameter moved must not meet what the companion mounts itself; the gate saw to all others.
    fn fit_companion_mount(&self, shared: &'a SharedVolume, path: &str) -> Result<(), Reason> {
        if shared.companion.parameter.is_none() {
            return Ok(());
        }
        let meets = |other: &str| other == path || lies_below(other, path) || lies_below(path, other);
        let own = self.companion.identities().flat_map(|(c, _)| c.mount_paths.iter());
        let own = own.map(|path| (Cow::Borrowed(&**path), None));
        let shared_ones = self.companion.shared_volumes.iter().filter(|other| !std::ptr::eq(*other, shared));
        let mut others = own.chain(shared_ones.map(|o| (self.path(&o.companion), o.companion.parameter)));
        let Some((other, its)) = others.find(|(other, _)| meets(other)) else { return Ok(()) };
        let fault = |parameter: Option<u8>, met: &str| self.invalid(parameter?, ValueFault::MeetsMount(met.into()));
        let faults = [fault(shared.companion.parameter, &other), fault(its, path)];
        blamed(faults.into_iter().flatten()).map_or(Ok(()), Err)
    }

    /// Where a side of a shared volume is mounted: its own path, or the one that a parameter moves it to.
    fn path(&self, side: &'a Side) -> Cow<'a, str> {
        match side.parameter.and_then(|p| self.value(p)) {
            Some(Value::Path(path)) => path.clone(),
            _ => Cow::Borrowed(&*side.path),
        }
    }

    /// The mount that the companion joins, if any stands at the path.
    fn join<'s>(
        &mut self,
        shared: &SharedVolume,
        path: &str,
        standing: &'s [ExistingMount<'a>],
        obstacle: Option<(usize, Reason)>,
        claims: &Reservations<'a>,
    ) -> Result<Option<&'s ExistingMount<'a>>, Reason> {
        let end = obstacle.as_ref().map_or(usize::MAX, |(container, _)| *container);
        let mut joined: Option<&ExistingMount<'_>> = None;
        for standing in standing.iter().take_while(|standing| standing.container < end) {
            step(1);
            self.not_its_own(path, standing, claims)?;
            not_private(standing, claims)?;
            if let Some(why) = self.unshareable(shared, standing, joined, claims) {
                return Err(Reason::VolumeNotShareable { path: path.into(), by: claims.owner_of(standing), why });
            }
            if shared.app.read_only && !standing.read_only {
                let container = || (&*claims.pod.containers[standing.container].name).into();
                self.remark(|| Reason::AppCanWrite { path: path.into(), container: container() });
            }
            joined = joined.or(Some(standing));
        }
        obstacle.map_or(Ok(joined), |(_, reason)| Err(reason))
    }

    /// Two shared volumes of one companion that a parameter moved to one path.
    fn not_its_own(&self, path: &str, standing: &ExistingMount<'a>, claims: &Reservations<'a>) -> Result<(), Reason> {
        if standing.companion != Some(&*self.companion.name) {
            return Ok(());
        }
        let container = (&*claims.pod.containers[standing.container].name).into();
        let by = claims.owner_of(standing);
        Err(Reason::MountPathConflict { path: path.into(), container, other: path.into(), by })
    }

    fn unshareable(
        &self,
        shared: &SharedVolume,
        standing: &ExistingMount<'a>,
        joined: Option<&ExistingMount<'a>>,
        claims: &Reservations<'a>,
    ) -> Option<Unshareable> {
        let source = claims.source_of(standing);
        let one_volume =
            |other: &ExistingMount<'_>| (other.volume, other.sub_path) == (standing.volume, standing.sub_path);
        // What the companion only reads, the app has to write.
        let app_writes = !shared.app.read_only
            && (self.companion.pattern == CompanionPattern::Adapter || shared.companion.read_only);
        if standing.sub_path_expr {
            Some(Unshareable::SubPathExpr)
        } else if !shared.joins {
            Some(Unshareable::OwnSource)
        } else if !source.shareable {
            Some(Unshareable::Source)
        } else if !joined.is_none_or(one_volume) {
            Some(Unshareable::TwoVolumes)
        } else if app_writes && standing.read_only {
            Some(Unshareable::ReadOnly)
        } else if source.read_only && (app_writes || !shared.companion.read_only) {
            Some(Unshareable::ReadOnlySource)
        } else if self.via == Via::Required && shared.app.read_only && !standing.read_only {
            Some(Unshareable::Writable)
        } else {
            None
        }
    }
}

/// A companion's private volume does not become another one's shared one.
fn not_private<'a>(standing: &ExistingMount<'a>, claims: &Reservations<'a>) -> Result<(), Reason> {
    let Some(companion) = claims.private_to(standing.volume) else { return Ok(()) };
    let (volume, container) = (standing.volume.into(), &*claims.pod.containers[standing.container].name);
    Err(Reason::PrivateVolumeConflict { volume, container: Some(container.into()), companion: Some(companion.into()) })
}
