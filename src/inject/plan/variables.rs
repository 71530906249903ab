//! The environment variables that the chosen app containers get.

use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::companion::Endpoint;
use crate::inject::patch::status::AddedEnv;
use crate::inject::verdict::reason::{Conflict, Remark};
use crate::work::step;

/// How many variables a warning names: a companion can set hundreds.
const MAX_NAMED: usize = 8;

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
        self.report_env_from(&variables, reservations);
        self.added.env = AddedEnv { containers, variables };
    }

    /// Reports that the variables override those of `envFrom`, once for all containers. Its sources are not known.
    fn report_env_from(&mut self, variables: &[&str], reservations: &Reservations<'a>) {
        step(self.chosen.places.len());
        let mut chosen = self.chosen.places.iter().map(|place| &reservations.pod.containers[place]);
        let Some(container) = chosen.find(|container| container.has_env_from) else { return };
        self.remark(|| {
            let mut names = variables[..variables.len().min(MAX_NAMED)].join(", ");
            if variables.len() > MAX_NAMED {
                names += &format!(" and {} more", variables.len() - MAX_NAMED);
            }
            Remark::EnvFromOverridden { container: (&*container.name).into(), variables: names.into() }
        });
    }
}
