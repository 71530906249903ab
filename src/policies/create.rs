//! What is asked of a Pod that is made: one version of the companion, as a whole.

use serde_json::{Map, Value};

use super::fit::{self, Condition};
use super::{container, literal};
use crate::inject::companion::{Companion, Container, Placement};

/// One thing that is asked of a Pod.
#[derive(Debug)]
pub(super) struct Check {
    /// What must hold.
    pub(super) expression: String,
    /// What is wrong where it does not hold.
    pub(super) complaint: String,
}

/// A variable of a policy.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) expression: String,
}

/// Variables that the checks of every version refer to. Through `dyn` the API server checks no types: what it knows of
/// Pods is what its own version knows.
pub(super) fn surroundings() -> Vec<Variable> {
    let variable = |name: &str, expression: &str| Variable { name: name.into(), expression: expression.into() };
    vec![
        variable("pod", "dyn(object)"),
        variable("initContainers", "dyn(variables.pod.spec.?initContainers.orValue([]))"),
        variable("containers", "dyn(variables.pod.spec.?containers.orValue([]))"),
        variable("volumes", "dyn(variables.pod.spec.?volumes.orValue([]))"),
        variable("annotations", "dyn(variables.pod.metadata.?annotations.orValue({}))"),
    ]
}

/// The containers of one version, as variables `v<version>c<index>`: `{}` where one is missing.
pub(super) fn containers(companion: &Companion, version: usize) -> Vec<Variable> {
    let variable = |(i, (container, init)): (usize, (&Container, bool))| Variable {
        name: format!("v{version}c{i}"),
        expression: format!(
            "dyn(variables.{}.filter(c, c.name == {})[?0].orValue({{}}))",
            list_of(init),
            literal::text(&container.name)
        ),
    };
    companion.identities().enumerate().map(variable).collect()
}

/// All containers of one version stand in their lists.
pub(super) fn present(companion: &Companion) -> String {
    let is_there = |(container, init): (&Container, bool)| {
        format!("variables.{}.exists_one(c, c.name == {})", list_of(init), literal::text(&container.name))
    };
    fit::all(&companion.identities().map(is_there).collect::<Vec<_>>())
}

/// Everything that is asked of one version besides its containers' being there.
pub(super) fn checks(companion: &Companion, version: usize) -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, (one, init)) in companion.identities().enumerate() {
        let at = format!("variables.v{version}c{i}");
        container::check(companion, one, init, &at, &mut checks);
    }
    for volume in &companion.volumes {
        let source = source(&volume.json);
        let fits = fit::all(&volume_fits(&source));
        checks.push(Check {
            expression: format!(
                "variables.volumes.exists_one(v, v.name == {0} && {fits})",
                literal::text(&volume.name)
            ),
            complaint: format!("volume {} is not as the companion declares it", volume.name),
        });
    }
    for shared in &companion.shared_volumes {
        let fits = fit::all(&volume_fits(&source(&shared.volume.json)));
        checks.push(Check {
            expression: format!("variables.volumes.all(v, v.name != {} || {fits})", literal::text(&shared.volume.name)),
            complaint: format!("volume {} is not as the companion declares it", shared.volume.name),
        });
    }
    checks.extend(apart(companion));
    if !companion.allows_host_network {
        checks.push(Check {
            expression: "!variables.pod.spec.?hostNetwork.orValue(false)".to_owned(),
            complaint: "the Pod must not be in the node's network (hostNetwork: Allow in the companion lets it)"
                .to_owned(),
        });
    }
    if companion.placement == Placement::Container {
        checks.push(Check {
            expression: "variables.pod.spec.?restartPolicy.orValue('Always') == 'Always'".to_owned(),
            complaint: "the Pod's restartPolicy must be Always".to_owned(),
        });
    }
    for file in &companion.files {
        let there = fit::optional("variables.annotations", &file.key);
        checks.push(Check {
            expression: format!("{there} == optional.of({})", literal::text(&file.content)),
            complaint: format!("annotation {} is not the file that the companion declares", file.key),
        });
    }
    checks
}

/// Nobody else has the companion's own volumes: the app shares what is declared as shared, and not its configuration.
fn apart(companion: &Companion) -> Option<Check> {
    if companion.volumes.is_empty() {
        return None;
    }
    let own = literal::texts(companion.identities().map(|(container, _)| &*container.name));
    let volumes = literal::texts(companion.volumes.iter().map(|volume| &*volume.name));
    let has_one = |list: &str| format!("c.?{list}.orValue([]).exists(m, m.name in {volumes})");
    let (mounts, devices) = (has_one("volumeMounts"), has_one("volumeDevices"));
    let all = "(variables.containers + variables.initContainers)";
    Some(Check {
        expression: format!("{all}.all(c, c.name in {own} || !({mounts} || {devices}))"),
        complaint: "another container mounts its own volumes".to_owned(),
    })
}

fn list_of(init: bool) -> &'static str {
    if init { "initContainers" } else { "containers" }
}

fn source(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_default()
}

/// A volume `v` has the declared source, and no other.
fn volume_fits(volume: &Map<String, Value>) -> Vec<Condition> {
    let sources = volume.iter().filter(|(key, value)| *key != "name" && !value.is_null());
    let mut conditions: Vec<_> = sources.clone().flat_map(|(key, value)| fit::member("v", key, Some(value))).collect();
    let keys = literal::texts(sources.map(|(key, _)| key.as_str()).chain(["name"]));
    conditions.push(format!("v.all(k, k in {keys})"));
    conditions
}
