//! The environment variables that the chosen app containers get.

use serde_json::json;

use super::planned::Plan;
use super::reservations::{LeftoverKind, Reservations};
use super::volumes::same_source::same_part;
use crate::inject::companion::Endpoint;
use crate::inject::companion::template::{Template, TemplatePiece};
use crate::inject::patch::status::AddedEnv;
use crate::inject::verdict::reason::{Conflict, Remark};
use crate::work::step;

/// How many variables a warning names: a companion can set hundreds.
const MAX_NAMED: usize = 8;
/// Upper bound on comparisons of variables with prefixes of `envFrom`, per companion. Real Pods need a few dozen.
const MAX_COMPARED: usize = 4_096;

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
            find(&variable.name, &self.text_of(&variable.template));
        }
        kept.sort_unstable();
        self.kept_env = kept;
    }

    /// A variable of the app as JSON.
    fn text_of(&self, variable: &Template) -> String {
        let mut text = String::new();
        for piece in &variable.0 {
            match piece {
                TemplatePiece::Text(part) => text.push_str(part),
                TemplatePiece::VolumeName(shared) => text.push_str(&json!(self.volume_name(*shared)).to_string()),
                // Nothing else varies in a variable of the app.
                _ => {}
            }
        }
        text
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

    /// Reports that the variables override those of `envFrom`, once for all containers. The content of its sources is not
    /// known, but all names from a source start with its prefix.
    fn report_env_from(&mut self, variables: &[&str], reservations: &Reservations<'a>) {
        step(self.chosen.places.len());
        let pod = reservations.pod;
        let chosen = self.chosen.places.iter().map(|place| &pod.containers[place]);
        let sources = chosen.flat_map(|c| pod.env_prefixes(c).iter().map(move |prefix| (c, &**prefix)));
        let found = sources.take(MAX_COMPARED / variables.len().max(1)).find(|(_, prefix)| {
            step(variables.len());
            variables.iter().any(|name| name.starts_with(prefix))
        });
        let Some((container, prefix)) = found else { return };
        let overridden: Vec<&str> = variables.iter().copied().filter(|name| name.starts_with(prefix)).collect();
        self.remark(|| Remark::EnvFromOverridden {
            container: (&*container.name).into(),
            variables: listed(&overridden).into(),
        });
    }
}

/// The first names of a list, and how many more there are.
fn listed(names: &[&str]) -> String {
    let first = names[..names.len().min(MAX_NAMED)].join(", ");
    match names.len().checked_sub(MAX_NAMED) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}
