//! The declared parts of a required companion, for its policies, with the names that they have in a Pod.

use serde_json::{Map, Value};

use crate::api::derived::{self, NO_TOKEN, full_name};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::inject::companion::declared::{Declared, DeclaredContainer};
use crate::inject::companion::{SharedVolume, Volume};

/// Fields of a container that have rules of their own in a policy.
const APART: [&str; 4] = ["name", "image", "env", "volumeMounts"];

/// The declaration; `None` if an item of a list is not an object. Validation reports such items, so that a valid
/// companion has a declaration.
pub(in crate::api) fn declared(
    object: &CompanionObject,
    volumes: &[Volume],
    shared: &[SharedVolume],
) -> Option<Declared> {
    // In the order of `Companion::identities`.
    let init = object.containers().filter(|each| each.init);
    let containers = init.chain(object.containers().filter(|each| !each.init));
    let mask = full_name(&object.name, NO_TOKEN);
    let (masks, own): (Vec<_>, Vec<_>) = volumes.iter().partition(|volume| *volume.name == *mask);
    let source = |volume: &Volume| serde_json::from_str::<Map<String, Value>>(&volume.json).ok();
    Some(Declared {
        containers: containers.map(|each| container(object, &each)).collect::<Option<_>>()?,
        volumes: own.into_iter().map(source).collect::<Option<_>>()?,
        token_mask: masks.first().map(|mask| source(mask).ok_or(())).transpose().ok()?,
        shared_volumes: shared.iter().map(|shared| source(&shared.volume)).collect::<Option<_>>()?,
    })
}

fn container(object: &CompanionObject, each: &ContainerAt) -> Option<DeclaredContainer> {
    let members = derived::with_exposed_port(object, each).into_iter();
    let members = members.filter(|(key, value)| !APART.contains(&key.as_str()) && !value.is_null());
    let members = members.map(|(key, value)| {
        let value = derived::renamed(object, &key, value);
        (key, value)
    });
    let env = each.field("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mask = full_name(&object.name, NO_TOKEN);
    let is_mask = |mount: &Map<String, Value>| mount.get("name").is_some_and(|name| *name == *mask);
    let (masks, mounts): (Vec<_>, Vec<_>) = objects(&derived::own_mounts(object, each))?.into_iter().partition(is_mask);
    Some(DeclaredContainer {
        members: members.collect(),
        env: objects(env)?,
        mounts,
        token_mask: masks.into_iter().next(),
    })
}

fn objects(items: &[Value]) -> Option<Vec<Map<String, Value>>> {
    items.iter().map(|item| item.as_object().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{compiled, git_sync, with};

    #[test]
    fn only_required_companions_have_a_declaration() {
        assert!(compiled(&git_sync()).declared.is_none());
    }

    #[test]
    fn the_declaration_is_complete_and_has_the_names_of_the_pod() {
        let companion = compiled(&with(&[
            ("/spec/activation", json!("ClusterWide")),
            ("/spec/required", json!(true)),
            ("/spec/parameters", json!([])),
            ("/spec/volumes", json!([{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}])),
            ("/spec/containers/0/volumeMounts", json!([{"name": "disk", "mountPath": "/disk"}])),
            ("/spec/containers/0/volumeDevices", json!([{"name": "disk", "devicePath": "/dev/disk"}])),
            ("/spec/containers/0/stdin", json!(null)),
            ("/spec/exposes", json!({"name": "metrics", "port": 9113})),
            ("/spec/files", json!([{"path": "/etc/a", "content": "a"}])),
        ]));
        let declared = companion.declared.as_ref().unwrap();
        let container = &declared.containers[0];
        let members: Vec<_> = container.members.keys().map(String::as_str).collect();
        assert_eq!(members, ["resources", "securityContext", "volumeDevices", "ports"]);
        assert_eq!(container.members["volumeDevices"][0]["name"], "git-sync-disk");
        assert_eq!(container.members["ports"][0]["containerPort"], 9113);
        assert_eq!(container.env[0]["name"], "GITSYNC_ROOT");
        let mounts: Vec<_> = container.mounts.iter().map(|mount| &mount["name"]).collect();
        assert_eq!(mounts, ["git-sync-disk", "git-sync-files"]);
        assert_eq!(container.token_mask.as_ref().unwrap()["name"], "git-sync-no-token");
        let volumes: Vec<_> = declared.volumes.iter().map(|volume| &volume["name"]).collect();
        assert_eq!(volumes, ["git-sync-disk", "git-sync-files"]);
        assert_eq!(declared.token_mask.as_ref().unwrap()["name"], "git-sync-no-token");
        assert_eq!(declared.shared_volumes[0]["name"], "git-sync-content");
    }
}
