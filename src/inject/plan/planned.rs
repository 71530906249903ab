//! A companion that fits, with all that varies decided.

use std::borrow::Cow;

use super::arguments::Argument;
use super::chosen::{Chosen, ContainerPlaces};
use super::reservations::{Leftovers, Reservations, SharedAmounts};
use crate::inject::companion::index::{EndpointIndex, ParameterIndex, SharedVolumeIndex};
use crate::inject::companion::value::{Value, ValueFault};
use crate::inject::companion::{Companion, Endpoint, SecretVolume, Volume};
use crate::inject::patch::status::Additions;
use crate::inject::request::requested::MAX_FAULTS;
use crate::inject::verdict::Via;
use crate::inject::verdict::reason::{Outcome, Remark};
use crate::work::step;

/// A companion that fits, with all that varies decided.
#[derive(Debug)]
pub(in crate::inject) struct Plan<'a> {
    pub(in crate::inject) companion: &'a Companion,
    pub(in crate::inject) via: Via,
    /// Its place in the list that names it, as written.
    pub(in crate::inject) listed_at: usize,
    /// The amounts that are left out, because the Pod has Pod-level ones.
    pub(super) shared_amounts: SharedAmounts,
    /// The value of each parameter, in order.
    pub(in crate::inject) values: Vec<Option<Argument<'a>>>,
    /// The shared volumes, in the order of `Companion::shared_volumes`.
    pub(in crate::inject) shared: Vec<SharedMount<'a>>,
    /// The chosen app containers.
    pub(in crate::inject) chosen: &'a Chosen,
    /// Variables that app containers have from an earlier injection, by the containers' places; sorted.
    pub(in crate::inject) kept_env: Vec<(usize, &'a str)>,
    /// Volumes to add. Those that the Pod already declares with the same source are left out.
    pub(in crate::inject) volumes: Vec<&'a Volume>,
    /// The volumes of files that parameters fill, which the companion's containers mount.
    pub(in crate::inject) secrets: Vec<PlannedSecret<'a>>,
    /// Whether the companion's containers get the mount of the token mask.
    pub(in crate::inject) masks_token: bool,
    /// The scrape annotation of the Pod because of which ours are not added, if any.
    pub(in crate::inject) scrape_kept: Option<&'static str>,
    /// The scrape annotations to add.
    pub(in crate::inject) scrape: Option<Scrape<'a>>,
    /// Remarks besides the outcome: app containers that get no preStop sleep, or that can write what they should only
    /// read.
    pub(in crate::inject) remarks: Vec<Remark>,
    pub(in crate::inject) added: Additions<'a>,
}

/// A volume of files that parameters fill.
#[derive(Debug)]
pub(in crate::inject) struct PlannedSecret<'a> {
    pub(in crate::inject) volume: &'a SecretVolume,
    /// The core/v1 volume to add as JSON; `None` where the Pod has it from an earlier injection.
    pub(in crate::inject) json: Option<String>,
}

/// A shared volume, with all that varies decided.
#[derive(Debug)]
pub(in crate::inject) struct SharedMount<'a> {
    /// The volume's name: the companion's own, or that of the volume that it joins.
    pub(in crate::inject) volume: &'a str,
    pub(in crate::inject) sub_path: &'a str,
    pub(in crate::inject) companion: Side<'a>,
    pub(in crate::inject) app: Side<'a>,
    /// The app containers that get the mount.
    pub(in crate::inject) containers: Cow<'a, ContainerPlaces>,
    /// The app containers that have it from an earlier injection.
    pub(in crate::inject) kept: Vec<usize>,
}

/// The mount on one side of a shared volume.
#[derive(Debug)]
pub(in crate::inject) struct Side<'a> {
    pub(in crate::inject) path: Cow<'a, str>,
    pub(in crate::inject) read_only: bool,
}

/// The port and path at which a companion exposes its metrics.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Scrape<'a> {
    pub(super) port: u16,
    pub(super) path: &'a str,
}

impl<'a> Plan<'a> {
    /// Required and automatic companions by name, then the namespace's list as written, then requested ones as written.
    pub(super) fn injection_order(&self) -> (u8, usize, &'a str) {
        match self.via {
            Via::Required | Via::Automatic => (0, 0, &self.companion.name),
            Via::NamespaceList => (1, self.listed_at, ""),
            Via::Pod => (2, self.listed_at, ""),
        }
    }

    /// The port of an endpoint: its own, or the one that a parameter moves it to.
    pub(in crate::inject) fn endpoint_port(&self, endpoint: &Endpoint) -> u16 {
        match endpoint.parameter.and_then(|p| self.value(p)) {
            Some(Value::Port(port)) => *port,
            _ => endpoint.port,
        }
    }

    /// An endpoint by its index.
    pub(in crate::inject) fn endpoint(&self, index: EndpointIndex) -> Option<&'a Endpoint> {
        self.companion.endpoints.get(index.place())
    }

    /// The name of a shared volume in the Pod.
    pub(in crate::inject) fn volume_name(&self, index: SharedVolumeIndex) -> &'a str {
        self.shared.get(index.place()).map_or("", |shared| shared.volume)
    }

    /// A port of the companion: where it belongs to an endpoint, it moves with the endpoint.
    pub(super) fn moved(&self, port: u16, endpoint: Option<EndpointIndex>) -> u16 {
        endpoint.and_then(|e| self.endpoint(e)).map_or(port, |e| self.endpoint_port(e))
    }

    /// The value of a parameter.
    pub(in crate::inject) fn value(&self, parameter: ParameterIndex) -> Option<&Value<'a>> {
        Some(&self.values.get(parameter.place())?.as_ref()?.value)
    }

    /// A fault in the value of a parameter that shows only in the whole companion.
    pub(super) fn invalid(&self, parameter: ParameterIndex, fault: ValueFault) -> Option<Outcome> {
        let given = self.values.get(parameter.place())?.as_ref()?.given;
        let declared = self.companion.parameters.get(parameter.place())?;
        let (companion, parameter) = (self.companion.name.clone(), declared.name.clone());
        Some(Outcome::ParameterInvalid { companion, parameter, fault, given, message: None })
    }

    /// What is left of an earlier injection. A required companion never has leftovers: a status is user input, and with a
    /// forged one a user could keep values of their own.
    pub(super) fn leftovers<'r>(&self, reservations: &'r Reservations<'a>) -> Option<&'r Leftovers<'a>> {
        Some(&reservations.leftovers).filter(|leftovers| self.via != Via::Required && !leftovers.is_empty())
    }

    /// Whether a container has a variable from an earlier injection, so that the variable is not added again.
    pub(in crate::inject) fn keeps_env(&self, container: usize, variable: &str) -> bool {
        step(self.kept_env.len().min(16));
        self.kept_env.binary_search(&(container, variable)).is_ok()
    }

    /// Lists an annotation that podgraft added before and that the Pod still has: the new status entry replaces the old
    /// one.
    pub(super) fn keep_annotation(&mut self, key: &'a str, reservations: &Reservations<'a>) {
        let is_ours = || reservations.status_lists_annotation(&self.companion.name, key);
        if reservations.pod.annotation(key).is_some() && is_ours() {
            self.added.annotations.push(key);
        }
    }

    /// Adds a remark besides the outcome, unless there are enough: a Pod can have thousands of containers.
    pub(super) fn remark(&mut self, remark: impl FnOnce() -> Remark) {
        if self.remarks.len() < MAX_FAULTS {
            self.remarks.push(remark());
        }
    }
}
