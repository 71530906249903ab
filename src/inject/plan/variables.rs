//! The environment variables that the chosen app containers get.

use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::companion::Endpoint;
use crate::inject::patch::status::AddedEnv;
use crate::inject::verdict::reason::Conflict;
use crate::work::step;

impl<'a> Plan<'a> {
    pub(super) fn fit_env(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        if self.chosen.places.is_empty() {
            return Ok(());
        }
        self.app_variables().try_for_each(|name| reservations.env(self.chosen.set, name, &self.companion.name))
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
