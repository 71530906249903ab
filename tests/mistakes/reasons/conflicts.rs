//! The rows of conflicts. The companions are skipped: then there are a warning and an event.

use podgraft::internals::inject::verdict::reason::Conflict;
use serde_json::{Value, json};

use super::outcomes::excludes;
use super::row::ReasonRow;
use super::templates::shared;

/// More containers than a Pod may have with many exclusions.
const MANY: usize = 70;
/// So many variables, each with the longest value that validation accepts, make a patch of more than 4 MiB for [`MANY`] containers.
const VARIABLES: usize = 16;
const LONGEST_VALUE: usize = 4096;

pub fn row(conflict: &Conflict) -> ReasonRow {
    let row = match conflict {
        Conflict::ContainerNameConflict { .. } => ReasonRow::new("the Pod has a container of this name")
            .pod(json!({"initContainers": [{"name": "NAME", "image": "registry.example/own:1"}]})),
        Conflict::PortConflict { .. } => ReasonRow::new("port 8080/TCP is already in use by container web")
            .spec(container(json!({"ports": [{"containerPort": 8080}]})))
            .container(json!({"ports": [{"containerPort": 8080}]})),
        Conflict::HostPortConflict { .. } => ReasonRow::new("host port 9100/TCP is already in use by container web")
            .spec(container(json!({"ports": [{"containerPort": 8080, "hostPort": 9100}]})))
            .container(json!({"ports": [{"containerPort": 8081, "hostPort": 9100}]})),
        Conflict::VolumeNameConflict { .. } => ReasonRow::new("the Pod has a volume of this name with another source")
            .spec(shared("/srv"))
            .pod(json!({"volumes": [{"name": "NAME-content", "configMap": {"name": "site"}}]})),
        Conflict::MountPathConflict { .. } => ReasonRow::new("mount path /srv/www in container web conflicts")
            .spec(shared("/srv/www"))
            .container(mount("own", "/srv"))
            .pod(json!({"volumes": [{"name": "own", "emptyDir": {}}]})),
        Conflict::VolumeNotShareable { .. } => ReasonRow::new("cannot share volume own")
            .spec(shared("/srv"))
            .container(mount("own", "/srv"))
            .pod(json!({"volumes": [{"name": "own", "configMap": {"name": "site"}}]})),
        Conflict::EnvNameConflict { .. } => ReasonRow::new("container web already sets this variable")
            .spec(json!({"app": {"env": [{"name": "MODE", "value": "companion"}]}}))
            .container(json!({"env": [{"name": "MODE", "value": "own"}]})),
        Conflict::PrivateVolumeConflict { .. } => ReasonRow::new("which is private to this companion")
            .spec(json!({"volumes": [{"name": "state", "emptyDir": {}}]}))
            .spec(container(mount("state", "/state")))
            .container(mount("NAME-state", "/state"))
            .pod(json!({"volumes": [{"name": "NAME-state", "emptyDir": {}}]})),
        Conflict::TokenPathConflict { .. } => {
            ReasonRow::new("where Kubernetes mounts the Pod's token").spec(shared("/var/run"))
        }
        Conflict::PodFieldConflict { .. } => ReasonRow::new("requires a terminationGracePeriodSeconds of at least 40")
            .spec(container(json!({"lifecycle": {"preStop": {"sleep": {"seconds": 40}}}}))),
        Conflict::PodResourcesExceeded { .. } => ReasonRow::new("spec.resources.requests.cpu of the Pod is 100m")
            .spec(container(json!({"resources": {"requests": {"cpu": "110m"}}})))
            .pod(json!({"resources": {"requests": {"cpu": "100m"}}})),
        Conflict::TooManyExclusions { .. } => too_many_exclusions(),
        Conflict::AnnotationsTooLarge { .. } => {
            ReasonRow::new("the Pod's annotations would have").annotations(json!({"own": "x".repeat(262_000)}))
        }
        Conflict::PatchTooLarge { .. } => {
            let variable = |i| json!({"name": format!("LONG_{i}"), "value": "x".repeat(LONGEST_VALUE)});
            ReasonRow::new("the patch could have")
                .spec(json!({"app": {"env": (0..VARIABLES).map(variable).collect::<Vec<_>>()}}))
                .pod(json!({"containers": containers()}))
        }
    };
    row.spec(json!({"onConflict": "Skip"}))
}

/// Five companions with different exclusions; in such a Pod four have room.
fn too_many_exclusions() -> ReasonRow {
    let names: Vec<String> = (0..4).map(|i| format!("r-exclusion-{i}")).collect();
    let request = format!("{},NAME", names.join(","));
    let row = ReasonRow::new("other companions have 4 different excludeContainers")
        .spec(json!({"excludeContainers": ["c9"], "app": {"env": [{"name": "LAST", "value": "x"}]}}))
        .pod(json!({"containers": containers()}))
        .annotations(json!({"podgraft.dev/companions": request}));
    names.iter().enumerate().fold(row, |row, (i, name)| row.and(excludes(name, &format!("c{i}"))))
}

fn containers() -> Vec<Value> {
    (0..MANY).map(|i| json!({"name": format!("c{i}"), "image": "registry.example/web:1"})).collect()
}

/// The companion's container with more fields.
fn container(fields: Value) -> Value {
    let mut container = json!({"name": "NAME", "image": "registry.example/companion:1"});
    json_patch::merge(&mut container, &fields);
    json!({"containers": [container]})
}

fn mount(volume: &str, path: &str) -> Value {
    json!({"volumeMounts": [{"name": volume, "mountPath": path}]})
}
