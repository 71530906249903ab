//! Parameters of type Path, and mounts of shared volumes.

use serde_json::json;

use crate::scene::{TWO_SHARED, is_denied, pod, sidecars};
use crate::support::ask;

#[test]
fn a_path_parameter_cannot_merge_two_shared_volumes_of_a_companion() {
    let snapshot = sidecars(&[("sync", TWO_SHARED)]);
    let reply =
        ask(&pod(json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.path": "/srv/keys"})), "team", &snapshot);
    is_denied(&reply, &["/srv/keys"]);
}

#[test]
fn a_path_parameter_cannot_move_a_mount_onto_a_later_one_of_the_companion() {
    let snapshot = sidecars(&[("sync", TWO_SHARED)]);
    for onto in ["/git-keys/own", "/git-keys/own/below"] {
        let asked = pod(json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.in": onto}));
        is_denied(&ask(&asked, "team", &snapshot), &["podgraft.dev/sync.in", "/git-keys/own"]);
    }
}

/// The volume is in the patch, so the app can mount it by its name wherever it likes.
#[test]
fn an_app_that_can_write_a_read_only_volume_is_a_warning_at_every_path() {
    let snapshot = sidecars(&[("sync", TWO_SHARED)]);
    for (mount, warned) in [
        (json!({"name": "sync-keys", "mountPath": "/anywhere"}), true),
        (json!({"name": "sync-keys", "mountPath": "/anywhere", "readOnly": true}), false),
        (json!({"name": "sync-content", "mountPath": "/anywhere"}), false),
    ] {
        let mut pod = pod(json!({"podgraft.dev/companions": "sync"}));
        pod["spec"]["containers"][0]["volumeMounts"] = json!([mount]);
        let reply = ask(&pod, "team", &snapshot);
        assert!(reply.allowed, "{}", reply.body);
        assert_eq!(reply.body.to_string().contains("can write at /anywhere"), warned, "{}", reply.body);
    }
}

#[test]
fn a_path_of_the_pod_is_blamed_rather_than_a_default_that_it_overlaps() {
    let given = "  activation: ClusterWide
  sharedVolumes:
  - {name: a, companion: {mountPath: /git/a}, app: {mountPath: /srv/a}}
  - {name: b, companion: {mountPath: /git/b}, app: {mountPath: /srv/b}}
  parameters:
  - {name: pa, type: Path, mountPath: a/companion, below: /git, default: /git/a}
  - {name: pb, type: Path, mountPath: b/companion, below: /git, default: /git/b}";
    let snapshot = sidecars(&[("sync", given)]);
    is_denied(&ask(&pod(json!({"podgraft.dev/sync.pb": "/git/a/x"})), "team", &snapshot), &["podgraft.dev/sync.pb"]);
}
