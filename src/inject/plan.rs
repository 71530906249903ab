//! Fits one companion into a Pod, as a whole or not at all.

mod additions;
pub(super) mod arguments;
pub(super) mod candidates;
pub(super) mod chosen;
mod mounts;
mod ports;
pub(super) mod present;
pub(super) mod reservations;
mod same_source;
mod size;
mod volumes;

use std::borrow::Cow;

use super::companion::parameter::{Value, ValueFault};
use super::companion::{Companion, Endpoint, Placement, Volume};
use super::patch::status::Additions;
use super::verdict::Via;
use super::verdict::reason::Reason;
use arguments::Argument;
use chosen::Chosen;
use reservations::Reservations;

pub(super) use size::status_bound;

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
    /// Volumes to add; those that stand there with the same source are left out.
    pub(super) volumes: Vec<&'a Volume>,
    /// The scrape annotation that keeps ours out, if any.
    pub(super) scrape_kept: Option<&'static str>,
    /// The scrape annotations to add.
    pub(super) scrape: Option<Scrape<'a>>,
    /// What else there is to report: app containers that were chosen and get no sleep before they stop, or that can write what
    /// they should only read.
    pub(super) remarks: Vec<Reason>,
    pub(super) added: Additions<'a>,
}

/// The annotations that point Prometheus to a companion.
#[derive(Debug)]
pub(super) struct Scrape<'a> {
    pub(super) port: u16,
    pub(super) path: &'a str,
}

/// A shared volume, with what varies decided.
#[derive(Debug)]
pub(super) struct SharedMount<'a> {
    /// The volume's name: its own, or that of the one that it joins.
    pub(super) volume: &'a str,
    pub(super) sub_path: &'a str,
    pub(super) companion_path: Cow<'a, str>,
    pub(super) companion_read_only: bool,
    pub(super) app_path: Cow<'a, str>,
    pub(super) app_read_only: bool,
    /// The app containers that get the mount, by their places in the Pod's view, in order.
    pub(super) app: Cow<'a, [usize]>,
}

impl<'a> Plan<'a> {
    /// Fits a companion, and claims what it needs.
    ///
    /// # Errors
    /// Why it does not fit; the claims made until then are the caller's to give back.
    pub(super) fn fit(
        companion: &'a Companion,
        via: Via,
        listed_at: usize,
        values: Vec<Option<Argument<'a>>>,
        chosen: &'a Chosen,
        claims: &mut Reservations<'a>,
    ) -> Result<Self, Reason> {
        let mut plan = Plan {
            companion,
            via,
            listed_at,
            values,
            shared: Vec::with_capacity(companion.shared_volumes.len()),
            chosen,
            volumes: Vec::with_capacity(companion.volumes.len() + companion.shared_volumes.len()),
            scrape_kept: None,
            scrape: None,
            remarks: Vec::new(),
            added: Additions { kind: companion.kind.as_str(), hash: &companion.hash, ..Additions::default() },
        };
        plan.fit_surroundings(claims)?;
        plan.fit_files(claims)?;
        plan.fit_containers(claims)?;
        plan.fit_ports(claims)?;
        plan.fit_volumes(claims)?;
        for shared in &companion.shared_volumes {
            plan.fit_shared(shared, claims)?;
        }
        plan.fit_env(claims)?;
        plan.fit_annotations(claims);
        plan.added.image_pull_secrets =
            companion.image_pull_secrets.iter().map(|n| &**n).filter(|n| claims.pull_secret(n)).collect();
        // What the app containers get is a product of two lists: whether there is room for it is known before it is listed.
        plan.fit_size(claims)?;
        plan.list_mounts(claims);
        plan.list_env(claims);
        plan.fit_pre_stop(claims);
        plan.fit_status(claims)?;
        Ok(plan)
    }

    /// The port of an endpoint: its own, or the one that a parameter moves it to.
    pub(super) fn endpoint_port(&self, endpoint: &Endpoint) -> u16 {
        match endpoint.parameter.and_then(|p| self.value(p)) {
            Some(Value::Port(port)) => *port,
            _ => endpoint.port,
        }
    }

    /// A port that moves with an endpoint, where it is one's.
    fn moved(&self, port: u16, endpoint: Option<u8>) -> u16 {
        let endpoint = endpoint.and_then(|e| self.companion.endpoints.get(usize::from(e)));
        endpoint.map_or(port, |e| self.endpoint_port(e))
    }

    /// The value of a parameter.
    pub(super) fn value(&self, parameter: u8) -> Option<&Value<'a>> {
        Some(&self.values.get(usize::from(parameter))?.as_ref()?.value)
    }

    /// What is wrong with the value of a parameter, where only the whole companion shows it.
    fn invalid(&self, parameter: u8, fault: ValueFault) -> Option<Reason> {
        let parameter = usize::from(parameter);
        let given = self.values.get(parameter)?.as_ref()?.given;
        let (companion, parameter) =
            (self.companion.name.clone(), self.companion.parameters.get(parameter)?.name.clone());
        Some(Reason::ParameterInvalid { companion, parameter, fault, given, message: None })
    }

    fn fit_surroundings(&self, claims: &Reservations<'a>) -> Result<(), Reason> {
        if claims.pod.host_network && !self.companion.allows_host_network {
            return Err(Reason::HostNetwork);
        }
        if claims.pod.windows {
            return Err(Reason::WindowsPod);
        }
        if self.companion.placement == Placement::Container && !claims.pod.restarts {
            return Err(Reason::BlocksCompletion);
        }
        Ok(())
    }

    fn fit_files(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        for file in &self.companion.files {
            match claims.pod.annotation(&file.key) {
                Some(content) if *content == *file.content => self.keep_annotation(&file.key, claims),
                Some(_) => return Err(Reason::FileOverridden { key: file.key.clone() }),
                None => {
                    if claims.annotation(&file.key, &file.content) {
                        self.added.annotations.push(&file.key);
                    }
                }
            }
        }
        Ok(())
    }

    fn fit_containers(&mut self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        for (container, init) in self.companion.identities() {
            claims.container(&container.name, &self.companion.name)?;
            let list = if init { &mut self.added.init_containers } else { &mut self.added.containers };
            list.push(&container.name);
        }
        Ok(())
    }
}

/// Of parameters that cannot go together, the one that the Pod gave: what it wrote wrongly is never a silent default.
fn blamed(faults: impl Iterator<Item = Reason>) -> Option<Reason> {
    let given = |fault: &Reason| matches!(fault, Reason::ParameterInvalid { given: true, .. });
    let mut faults: Vec<Reason> = faults.collect();
    let at = faults.iter().position(given).unwrap_or_default();
    (!faults.is_empty()).then(|| faults.swap_remove(at))
}
