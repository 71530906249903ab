//! The environment variables that the chosen app containers get.

use serde_json::json;

use super::planned::Plan;
use super::reservations::{LeftoverKind, Reservations};
use super::volumes::same_source::same_part;
use crate::inject::companion::Endpoint;
use crate::inject::patch::status::AddedEnv;
use crate::inject::verdict::reason::Conflict;
use crate::work::step;

impl<'a> Plan<'a> {
    pub(super) fn fit_env(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        if self.chosen.places.is_empty() {
            return Ok(());
        }
        self.find_kept_env(reservations);
        self.app_variables().try_for_each(|name| {
            let leftover_in = |container| self.keeps_env(container, name);
            reservations.env(self.chosen.set, name, &self.companion.name, leftover_in)
        })
    }

    /// Finds the variables of an earlier injection that are as this companion sets them.
    fn find_kept_env(&mut self, reservations: &Reservations<'a>) {
        let Some(leftovers) = self.leftovers(reservations) else { return };
        let mut kept = Vec::new();
        let is_ours = |container: usize, name: &str, ours: &str| {
            let theirs = leftovers.part(&self.companion.name, container, LeftoverKind::Variable, name);
            theirs.is_some_and(|theirs| same_part(theirs, ours))
        };
        let mut find = |name: &'a str, ours: &str| {
            let setting = self.chosen.setting(reservations.pod, name);
            kept.extend(setting.filter(|container| is_ours(*container, name, ours)).map(|container| (container, name)));
        };
        for endpoint in &self.companion.endpoints {
            let port = self.endpoint_port(endpoint).to_string();
            let host = endpoint.host_env.iter().map(|name| (name, "127.0.0.1"));
            for (name, value) in host.chain(endpoint.port_env.iter().map(|name| (name, &*port))) {
                find(name, &json!({"name": name, "value": value}).to_string());
            }
        }
        for variable in &self.companion.app_env {
            find(&variable.name, &variable.json);
        }
        kept.sort_unstable();
        self.kept_env = kept;
    }

    /// The names of the variables that each chosen app container gets, in order.
    pub(in crate::inject) fn app_variables(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().flat_map(Endpoint::variables);
        endpoints.chain(companion.app_env.iter().map(|variable| &*variable.name))
    }

    /// Lists the variables, and the containers that get them by name, for the status entry.
    pub(super) fn list_env(&mut self, reservations: &Reservations<'a>) {
        let variables: Vec<&str> = self.app_variables().collect();
        if variables.is_empty() {
            return;
        }
        let mut containers: Vec<&str> =
            self.chosen.places.iter().map(|place| &*reservations.pod.containers[place].name).collect();
        containers.sort_unstable();
        step(containers.len() + variables.len());
        self.added.env = AddedEnv { containers, variables };
    }
}
