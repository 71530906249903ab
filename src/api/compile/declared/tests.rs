use serde_json::{Value, json};

use super::declared;
use crate::api::compile;
use crate::api::object::CompanionObject;
use crate::api::report::Report;
use crate::api::testing::{compiled, git_sync, with};

fn required() -> Value {
    with(&[
        ("/spec/activation", json!("ClusterWide")),
        ("/spec/required", json!(true)),
        ("/spec/parameters", json!([])),
        (
            "/spec/volumes",
            json!([{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}, {"name": "model", "image": {"reference": "model:1"}}, {"name": "raw", "persistentVolumeClaim": {"claimName": "raw"}}]),
        ),
        ("/spec/containers/0/volumeMounts", json!([{"name": "disk", "mountPath": "/disk"}])),
        ("/spec/containers/0/volumeDevices", json!([{"name": "raw", "devicePath": "/dev/raw"}])),
        ("/spec/containers/0/stdin", json!(null)),
        ("/spec/exposes", json!({"name": "metrics", "port": 9113})),
        ("/spec/files", json!([{"path": "/etc/a", "content": "a"}])),
    ])
}

#[test]
fn only_required_companions_carry_what_they_declare() {
    assert!(compiled(&git_sync()).declared.is_none());
}

#[test]
fn everything_that_is_declared_is_kept_under_its_name_in_the_pod() {
    let companion = compiled(&required());
    let declared = companion.declared.as_ref().unwrap();
    let container = &declared.containers[0];
    assert_eq!(container.compared.keys().collect::<Vec<_>>(), ["volumeDevices"]);
    assert_eq!(container.compared["volumeDevices"][0]["name"], "git-sync-raw");
    assert_eq!(container.ports[0]["containerPort"], 9113);
    assert_eq!(container.env[0].fields["name"], "GITSYNC_ROOT");
    assert_eq!((container.limits.len(), container.requests.len()), (1, 2));
    assert_eq!(container.security_context["runAsUser"], 65533);
    let mounts: Vec<_> = container.mounts.iter().map(|mount| &mount.fields["name"]).collect();
    assert_eq!(mounts, ["git-sync-disk", "git-sync-files"]);
    assert_eq!(container.token_mask["name"], "git-sync-no-token");
    let volumes: Vec<_> = declared.volumes.iter().map(|volume| &*volume.name).collect();
    assert_eq!(volumes, ["git-sync-disk", "git-sync-model", "git-sync-raw", "git-sync-files"]);
    assert_eq!(declared.volumes[0].claim.as_deref(), Some("disk"));
    let masks: Vec<_> = declared.token_masks.iter().map(|mask| (&*mask.name, mask.source.keys().next())).collect();
    let names = ["projected", "emptyDir"].map(|source| ("git-sync-no-token", source));
    assert_eq!(masks.iter().map(|(name, source)| (*name, source.unwrap().as_str())).collect::<Vec<_>>(), names);
    assert_eq!(&*declared.shared_volumes[0].name, "git-sync-content");
}

#[test]
fn a_variable_has_the_name_of_its_volume_in_the_pod() {
    let variable = |volume: &str| json!([{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": volume, "path": "a.env", "key": "A"}}}]);
    let of = |volume: &str, source: Value| {
        let mut object = required();
        object["spec"]["volumes"][1] = json!({"name": "model"});
        object["spec"]["containers"][0]["env"] = variable(volume);
        object["spec"]["sharedVolumes"][0]["source"] = source;
        let companion = compiled(&object);
        let variable = &companion.declared.as_ref().unwrap().containers[0].env[0];
        (variable.fields["valueFrom"]["fileKeyRef"]["volumeName"].clone(), variable.joins)
    };
    assert_eq!(of("model", json!(null)), (json!("git-sync-model"), None));
    assert_eq!(of("content", json!(null)), (json!("git-sync-content"), Some(0)));
    assert_eq!(of("content", json!({"emptyDir": {}})), (json!("git-sync-content"), None));
}

/// Validation lets none of these pass. Here they are put into an object that has already passed it, as if it had.
#[test]
fn a_part_that_cannot_be_read_makes_the_companion_invalid_and_no_policy_weaker() {
    let container = "spec.containers[0]";
    let table = [
        ("/containers/0/env", json!([7]), format!("{container}.env[0]")),
        ("/containers/0/env", json!({"name": "A"}), format!("{container}.env")),
        ("/containers/0/envFrom", json!("all"), format!("{container}.envFrom")),
        ("/containers/0/ports", json!([9113]), format!("{container}.ports[0]")),
        ("/containers/0/imagePullPolicy", json!(["Always"]), format!("{container}.imagePullPolicy")),
        ("/containers/0/resources", json!([]), format!("{container}.resources")),
        ("/containers/0/resources", json!({"limits": "all"}), format!("{container}.resources.limits")),
        ("/containers/0/resizePolicy", json!([null]), format!("{container}.resizePolicy[0]")),
        ("/containers/0/securityContext", json!(true), format!("{container}.securityContext")),
        (
            "/containers/0/securityContext",
            json!({"seLinuxOptions": 1}),
            format!("{container}.securityContext.seLinuxOptions"),
        ),
        ("/containers/0/terminationMessagePath", json!(1), format!("{container}.terminationMessagePath")),
        ("/containers/0/volumeMounts", json!(7), format!("{container}.volumeMounts")),
        ("/containers/0/volumeMounts", json!([{"name": "disk"}]), format!("{container}.volumeMounts[0].mountPath")),
        ("/containers/0/restartPolicy", json!("Never"), format!("{container}.restartPolicy")),
        ("/containers/0/later", json!(1), format!("{container}.later")),
        ("/volumes", json!("all"), "spec.volumes".to_owned()),
        ("/volumes", json!([7]), "spec.volumes[0]".to_owned()),
        (
            "/volumes/0/persistentVolumeClaim",
            json!({"claimName": 7}),
            "spec.volumes[0].persistentVolumeClaim.claimName".to_owned(),
        ),
        ("/volumes/1/image", json!({"pullPolicy": 7}), "spec.volumes[1].image.pullPolicy".to_owned()),
    ];
    for (pointer, wrong, field) in table {
        let mut found = Report::default();
        let mut object = CompanionObject::read(&required(), &mut found).unwrap();
        assert!(declared(&object, &mut found).is_some() && found.problems.is_empty());
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        object.raw.pointer_mut(parent).unwrap()[key] = wrong.clone();
        assert!(compile::valid(&object, &mut found).is_none(), "{field}: {wrong}");
        let fields: Vec<_> = found.finish().0.iter().map(crate::api::report::Problem::field).collect();
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
}
