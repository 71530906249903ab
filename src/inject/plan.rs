//! Fits one companion into a Pod, as a whole or not at all.

mod arguments;
pub(super) mod assembly;
pub(super) mod authored;
pub(super) mod candidates;
mod chosen;
mod mounts;
mod ports;
pub(super) mod pre_stop;
pub(super) mod present;
mod reservations;
pub(super) mod scrape;
mod size;
mod variables;
mod volumes;

use std::borrow::Cow;

use super::companion::index::{EndpointIndex, ParameterIndex};
use super::companion::value::{Value, ValueFault};
use super::companion::{Companion, Endpoint, Placement, Volume};
use super::container_list::ContainerList;
use super::patch::status::Additions;
use super::request::requested::MAX_FAULTS;
use super::verdict::Via;
use super::verdict::reason::{Outcome, Remark};
use crate::work::step;
use arguments::Argument;
use candidates::Candidate;
use chosen::{Chosen, Places};
use reservations::Reservations;
use scrape::Scrape;

/// A companion that fits, with all that varies decided.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) companion: &'a Companion,
    pub(super) via: Via,
    /// Its place in the list that names it, as written.
    pub(super) listed_at: usize,
    /// The value of each parameter, in order.
    pub(super) values: Vec<Option<Argument<'a>>>,
    pub(super) shared: Vec<SharedMount<'a>>,
    /// The chosen app containers.
    pub(super) chosen: &'a Chosen,
    /// Volumes to add. Those that the Pod already declares with the same source are left out.
    pub(super) volumes: Vec<&'a Volume>,
    /// The scrape annotation of the Pod because of which ours are not added, if any.
    pub(super) scrape_kept: Option<&'static str>,
    /// The scrape annotations to add.
    pub(super) scrape: Option<Scrape<'a>>,
    /// Remarks besides the outcome: app containers that get no preStop sleep, or that can write what they should only
    /// read.
    pub(super) remarks: Vec<Remark>,
    pub(super) added: Additions<'a>,
}

/// A shared volume, with all that varies decided.
#[derive(Debug)]
pub(super) struct SharedMount<'a> {
    /// The volume's name: the companion's own, or that of the volume that it joins.
    pub(super) volume: &'a str,
    pub(super) sub_path: &'a str,
    pub(super) companion: Side<'a>,
    pub(super) app: Side<'a>,
    /// The app containers that get the mount.
    pub(super) containers: Cow<'a, Places>,
}

/// The mount on one side of a shared volume.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) path: Cow<'a, str>,
    pub(super) read_only: bool,
}

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
            values,
            shared: Vec::with_capacity(companion.shared_volumes.len()),
            chosen,
            volumes: Vec::with_capacity(companion.volumes.len() + companion.shared_volumes.len()),
            scrape_kept: None,
            scrape: None,
            remarks: Vec::new(),
            added: Additions { kind: companion.kind.as_str(), hash: &companion.hash, ..Additions::default() },
        };
        plan.fit_pod(reservations)?;
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
        plan.added.image_pull_secrets =
            companion.image_pull_secrets.iter().map(|n| &**n).filter(|n| reservations.pull_secret(n)).collect();
        // What the app containers get is a product of two lists, so it is listed only after there is room for it.
        plan.fit_size(reservations)?;
        plan.list_mounts(reservations);
        plan.list_env(reservations);
        plan.fit_pre_stop(reservations);
        plan.fit_status(reservations)?;
        Ok(plan)
    }

    /// The port of an endpoint: its own, or the one that a parameter moves it to.
    pub(super) fn endpoint_port(&self, endpoint: &Endpoint) -> u16 {
        match endpoint.parameter.and_then(|p| self.value(p)) {
            Some(Value::Port(port)) => *port,
            _ => endpoint.port,
        }
    }

    /// An endpoint by its index.
    pub(super) fn endpoint(&self, index: EndpointIndex) -> Option<&'a Endpoint> {
        self.companion.endpoints.get(index.place())
    }

    /// A port that is that of an endpoint, where there is one, and moves with it.
    fn moved(&self, port: u16, endpoint: Option<EndpointIndex>) -> u16 {
        endpoint.and_then(|e| self.endpoint(e)).map_or(port, |e| self.endpoint_port(e))
    }

    /// The value of a parameter.
    pub(super) fn value(&self, parameter: ParameterIndex) -> Option<&Value<'a>> {
        Some(&self.values.get(parameter.place())?.as_ref()?.value)
    }

    /// A fault in the value of a parameter that shows only in the whole companion.
    fn invalid(&self, parameter: ParameterIndex, fault: ValueFault) -> Option<Outcome> {
        let given = self.values.get(parameter.place())?.as_ref()?.given;
        let declared = self.companion.parameters.get(parameter.place())?;
        let (companion, parameter) = (self.companion.name.clone(), declared.name.clone());
        Some(Outcome::ParameterInvalid { companion, parameter, fault, given, message: None })
    }

    /// Whether a companion of this kind can be in a Pod of this kind at all.
    fn fit_pod(&self, reservations: &Reservations<'a>) -> Result<(), Outcome> {
        if reservations.pod.host_network && !self.companion.allows_host_network {
            return Err(Outcome::HostNetwork);
        }
        if reservations.pod.windows {
            return Err(Outcome::WindowsPod);
        }
        if self.companion.placement == Placement::Container && !reservations.pod.restarts {
            return Err(Outcome::BlocksCompletion);
        }
        Ok(())
    }

    fn fit_files(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        for file in &self.companion.files {
            match reservations.pod.annotation(&file.key) {
                Some(content) if *content == *file.content => self.keep_annotation(&file.key, reservations),
                Some(_) => return Err(Outcome::FileOverridden { key: file.key.clone() }),
                None => {
                    if reservations.annotation(&file.key, &file.content) {
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
            if reservations.annotation(key, value) {
                self.added.annotations.push(key);
            } else {
                self.keep_annotation(key, reservations);
            }
        }
    }

    /// Lists an annotation that podgraft added before and that the Pod still has: the new status entry replaces the old
    /// one.
    fn keep_annotation(&mut self, key: &'a str, reservations: &Reservations<'a>) {
        let is_ours = || reservations.status_lists_annotation(&self.companion.name, key);
        if reservations.pod.annotation(key).is_some() && is_ours() {
            self.added.annotations.push(key);
        }
    }

    /// Reserves room for the status entry, which is complete now.
    fn fit_status(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Outcome> {
        // The entry groups mounts by container.
        self.added.mounts.sort_by_key(|(container, _)| *container);
        let entry = self.added.length();
        step(entry);
        reservations.status_entry(&self.companion.name, entry)?;
        reservations.patch(size::status_bound(entry + self.companion.name.len()))?;
        Ok(())
    }

    /// Adds a remark besides the outcome, unless there are enough: a Pod can have thousands of containers.
    fn remark(&mut self, remark: impl FnOnce() -> Remark) {
        if self.remarks.len() < MAX_FAULTS {
            self.remarks.push(remark());
        }
    }
}

/// Of faults in parameters that exclude each other, the one in a value that the Pod set: such a value is never replaced
/// by a default.
fn blamed(faults: impl Iterator<Item = Outcome>) -> Option<Outcome> {
    let is_given = |fault: &Outcome| matches!(fault, Outcome::ParameterInvalid { given: true, .. });
    let mut faults: Vec<Outcome> = faults.collect();
    let at = faults.iter().position(is_given).unwrap_or_default();
    (!faults.is_empty()).then(|| faults.swap_remove(at))
}
