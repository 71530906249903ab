//! Fits one companion into a Pod, completely or not at all.

mod exclusions;
mod pod_requirements;
mod resources;
mod shared_amounts;

use super::arguments::Argument;
use super::candidates::Candidate;
use super::chosen::Chosen;
use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::companion::{Companion, Placement};
use crate::inject::container_list::ContainerList;
use crate::inject::keys::SAFE_TO_EVICT_VOLUMES;
use crate::inject::patch::bounds::status_bound;
use crate::inject::patch::status::Additions;
use crate::inject::request::requested::MAX_FAULTS;
use crate::inject::verdict::reason::{KeptAnnotation, Outcome, Remark};
use crate::work::step;

impl<'a> Plan<'a> {
    /// Fits a companion, and reserves what it needs.
    ///
    /// # Errors
    /// Why it does not fit. The caller rolls back what was reserved until then.
    pub(super) fn fit(
        companion: &'a Companion,
        candidate: &Candidate<'_>,
        values: Vec<Option<Argument<'a>>>,
        chosen: &'a Chosen,
        reservations: &mut Reservations<'a>,
    ) -> Result<Self, Outcome> {
        let mut plan = Plan {
            companion,
            via: candidate.via,
            listed_at: candidate.listed_at,
            shared_amounts: reservations.shared_amounts(companion),
            values,
            shared: Vec::with_capacity(companion.shared_volumes.len()),
            chosen,
            volumes: Vec::with_capacity(companion.private_volumes().count() + companion.shared_volumes.len()),
            secrets: Vec::new(),
            masks_token: false,
            kept_env: Vec::new(),
            scrape_kept: None,
            scrape: None,
            remarks: Vec::new(),
            added: Additions { kind: companion.kind.as_str(), hash: &companion.hash, ..Additions::default() },
        };
        plan.fit_amounts()?;
        plan.report_shared_amounts();
        plan.fit_pod(reservations)?;
        plan.fit_pod_requirements(reservations)?;
        plan.report_replaced_affinity(reservations);
        plan.fit_exclusions(reservations)?;
        plan.fit_token(reservations);
        plan.fit_files(reservations)?;
        plan.fit_containers(reservations)?;
        plan.fit_ports(reservations)?;
        plan.fit_volumes(reservations)?;
        for shared in &companion.shared_volumes {
            plan.fit_shared(shared, reservations)?;
        }
        plan.fit_env(reservations)?;
        plan.fit_annotations(reservations);
        plan.fit_scrape(reservations);
        plan.fit_pull_secrets(reservations);
        // What the app containers get is a product of two lists, so it is listed only after there is room for it.
        plan.fit_size(reservations)?;
        plan.list_mounts(reservations);
        plan.list_env(reservations);
        plan.report_early_starts(reservations);
        plan.fit_pre_stop(reservations);
        plan.fit_status(reservations)?;
        plan.fit_pod_level(reservations)?;
        Ok(plan)
    }

    /// Whether a companion of this kind can be in a Pod of this kind at all.
    fn fit_pod(&self, reservations: &Reservations<'a>) -> Result<(), Outcome> {
        if reservations.pod.host_network && !self.companion.allows_host_network {
            return Err(Outcome::HostNetwork);
        }
        if reservations.pod.runs_on_windows() {
            return Err(Outcome::WindowsPod { via: self.via });
        }
        if self.companion.placement == Placement::Container && !reservations.pod.restarts {
            return Err(Outcome::BlocksCompletion);
        }
        Ok(())
    }

    /// The webhook will inject the companion all the same: the Pod that it receives no longer names the operating system.
    fn report_replaced_affinity(&mut self, reservations: &Reservations<'a>) {
        if reservations.pod.loses_windows_affinity {
            self.remark(|| Remark::NodeAffinityReplaced);
        }
    }

    /// A companion without a token is injected all the same: the Pod may need it for what works without one.
    fn fit_token(&mut self, reservations: &Reservations<'a>) {
        if self.companion.uses_token && !reservations.may_mount_token() {
            let by_pod = reservations.pod.declines_token;
            self.remark(|| Remark::TokenMissing { by_pod });
        }
    }

    fn fit_files(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        for file in &self.companion.files {
            match reservations.pod.annotation(&file.key) {
                Some(content) if *content == *file.content => self.keep_annotation(&file.key, reservations),
                Some(_) => return Err(Outcome::FileOverridden { key: file.key.clone() }),
                None => {
                    if reservations.annotation(&file.key, &file.content, self.companion) {
                        self.added.annotations.push(&file.key);
                    }
                }
            }
        }
        Ok(())
    }

    fn fit_containers(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        for (container, list) in self.companion.identities() {
            reservations.container(&container.name, &self.companion.name)?;
            let added = match list {
                ContainerList::Init => &mut self.added.init_containers,
                ContainerList::Containers => &mut self.added.containers,
            };
            added.push(&container.name);
        }
        Ok(())
    }

    fn fit_annotations(&mut self, reservations: &mut Reservations<'a>) {
        for (key, value) in &self.companion.pod_annotations {
            if **key == *SAFE_TO_EVICT_VOLUMES {
                self.fit_evictable(key, reservations);
            } else if reservations.annotation(key, value, self.companion) {
                self.added.annotations.push(key);
            } else if let Some(by) = reservations.annotation_of(key) {
                self.report_other_value(key, value, by);
            } else if reservations.pod.annotation(key) == Some(&**value) {
                self.keep_annotation(key, reservations);
            }
        }
    }

    /// Reports that another companion of this review sets an annotation to another value.
    fn report_other_value(&mut self, key: &str, value: &str, other: &Companion) {
        step(16);
        // A companion's annotations are in the order of their keys.
        let same = other.pod_annotations.binary_search_by(|(its, _)| (**its).cmp(key));
        let is_same = same.is_ok_and(|at| *other.pod_annotations[at].1 == *value);
        if !is_same {
            let kept = KeptAnnotation::SetBy(other.name.clone());
            self.remark(|| Remark::AnnotationKept { key: key.into(), kept });
        }
    }

    fn fit_pull_secrets(&mut self, reservations: &mut Reservations<'a>) {
        let creates = reservations.would_create_pull_secrets();
        for name in &self.companion.image_pull_secrets {
            let is_leftover =
                self.leftovers(reservations).is_some_and(|l| l.lists_pull_secret(&self.companion.name, name));
            if reservations.pull_secret(name) || is_leftover {
                self.added.image_pull_secrets.push(name);
            }
        }
        if creates && !self.added.image_pull_secrets.is_empty() {
            self.remark(|| Remark::PullSecretsReplaced);
        }
    }

    /// Reports chosen init containers that start before the companion although they use what it provides: its endpoints, or
    /// volumes that it can write. All other chosen containers start after it.
    fn report_early_starts(&mut self, reservations: &Reservations<'a>) {
        let provides = !self.companion.endpoints.is_empty() || self.shared.iter().any(|s| !s.companion.read_only);
        if self.companion.placement == Placement::First || !provides {
            return;
        }
        // The init containers are the first ones of the Pod's view.
        let chosen = self.chosen.places.iter().map(|place| &reservations.pod.containers[place]);
        let native = self.companion.placement != Placement::Container;
        for container in chosen.take_while(|c| c.list.is_init()).take(MAX_FAULTS) {
            step(1);
            self.remark(|| Remark::StartsBeforeCompanion { container: (&*container.name).into(), native });
        }
    }

    /// Reserves room for the status entry, which is complete now.
    fn fit_status(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        // The entry groups mounts by container.
        self.added.mounts.sort_by_key(|(container, _)| *container);
        let entry = self.added.length();
        step(entry);
        reservations.status_entry(&self.companion.name, entry)?;
        reservations.patch(status_bound(entry + self.companion.name.len()))?;
        Ok(())
    }
}
