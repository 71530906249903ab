//! The token mask in reviews by an API server, where the ServiceAccount admission plugin ran before.

use podgraft::internals::inject::uninject;
use serde_json::{Value, json};

use crate::support::volumes::{names, with_token};
use crate::support::{Reply, ask, snapshot_of};

const SYNC: &str = "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {name: sync}\nspec: {pattern: Sidecar, initContainers: [{name: sync-prepare, image: \"sync:1\"}], containers: [{name: sync, image: \"sync:1\"}], sharedVolumes: [{name: www, companion: {mountPath: /out}, app: {mountPath: /www}}]}";

fn pod(automount: Value, mounts: Value) -> Value {
    let annotations = json!({"podgraft.dev/companions": "sync"});
    let app = json!({"name": "app", "image": "app:1", "volumeMounts": mounts});
    let volumes = json!([{"name": "own", "emptyDir": {}}]);
    let spec = json!({"automountServiceAccountToken": automount, "containers": [app], "volumes": volumes});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": annotations}, "spec": spec})
}

fn reviewed(pod: &Value) -> (Reply, Value) {
    let reply = ask(pod, "shop", &snapshot_of(SYNC));
    let patched = reply.apply(pod);
    (reply, patched)
}

/// Whether the mask is in each of the companion's containers; it is in all or in none.
fn is_masked(pod: &Value) -> bool {
    let containers = pod["spec"]["initContainers"].as_array().unwrap();
    let masked: Vec<_> = containers.iter().map(|c| names(c).contains(&"sync-no-token")).collect();
    let volumes = pod["spec"]["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|volume| volume["name"] == "sync-no-token");
    let listed = pod["metadata"]["annotations"]["podgraft.dev/status"].as_str().unwrap().contains("sync-no-token");
    assert_eq!(masked, [volume.is_some(); 2]);
    assert_eq!(listed, volume.is_some(), "the status lists what was added");
    let local =
        volumes.iter().filter(|v| v["name"] != "own" && v["name"] != "sync-www").any(|v| v.get("emptyDir").is_some());
    assert!(!local, "the mask is no local storage");
    volume.is_some()
}

#[test]
fn the_mask_is_left_out_exactly_where_there_is_certainly_no_token() {
    let path = "/var/run/secrets/kubernetes.io/serviceaccount";
    let covering = |path: String| json!([{"name": "own", "mountPath": path}]);
    for (automount, mounts, expected, what) in [
        (json!(null), json!([]), false, "the ServiceAccount declines tokens"),
        (json!(false), json!([]), false, "the Pod declines a token"),
        (json!(false), covering(path.to_owned()), false, "the Pod declines a token and has a mount there"),
        (json!(true), json!([]), true, "the Pod demands a token"),
        (json!(null), covering(path.to_owned()), true, "the app covers the path itself"),
        (json!(null), covering(format!("{path}/")), true, "the same path, written otherwise"),
        (json!(null), covering(format!("{path}/below")), false, "a mount below the path is not the plugin's"),
    ] {
        let pod = pod(automount, mounts);
        let (_, patched) = reviewed(&pod);
        assert_eq!(is_masked(&patched), expected, "{what}");
    }
    let with_token = with_token(&pod(json!(null), json!([])));
    assert!(is_masked(&reviewed(&with_token).1), "the plugin mounted a token");
}

#[test]
fn a_pod_is_reviewed_once_also_if_the_plugin_mounts_a_token_after_the_patch() {
    for automount in [json!(null), json!(true), json!(false)] {
        let before = pod(automount, json!([]));
        let (_, patched) = reviewed(&before);
        for again in [patched.clone(), with_token(&patched)] {
            let (reply, _) = reviewed(&again);
            assert!(reply.allowed && reply.patch.is_none(), "{}", reply.body);
        }
        let mut erased = patched;
        assert!(uninject(&mut erased).unwrap());
        assert_eq!(erased["spec"]["volumes"], before["spec"]["volumes"]);
    }
}

#[test]
fn a_pod_that_an_earlier_version_masked_stays_as_it_is() {
    let (_, mut patched) = reviewed(&pod(json!(true), json!([])));
    for volume in patched["spec"]["volumes"].as_array_mut().unwrap() {
        if volume["name"] == "sync-no-token" {
            *volume = json!({"name": "sync-no-token", "emptyDir": {}});
        }
    }
    let (reply, _) = reviewed(&patched);
    assert!(reply.allowed && reply.patch.is_none() && reply.warnings.is_empty(), "{}", reply.body);
    // Its containers were removed: the volume is used again.
    patched["spec"]["initContainers"] = json!([]);
    let mounts = &mut patched["spec"]["containers"][0]["volumeMounts"];
    *mounts = json!([]);
    let (reply, again) = reviewed(&patched);
    assert!(reply.allowed, "{}", reply.message);
    let volumes = again["spec"]["volumes"].as_array().unwrap();
    assert_eq!(volumes.iter().filter(|v| v["name"] == "sync-no-token").count(), 1);
}

#[test]
fn a_companion_that_uses_the_token_is_reported_where_the_service_account_declines_tokens() {
    let uses = SYNC.replace("{pattern: Sidecar,", "{pattern: Sidecar, serviceAccountToken: true,");
    let warnings = |pod: &Value| ask(pod, "shop", &snapshot_of(&uses)).warnings;
    let declined = pod(json!(null), json!([]));
    let sentence = "because its ServiceAccount has automountServiceAccountToken: false; set that field to true on the Pod (TokenMissing)";
    assert!(warnings(&declined)[0].ends_with(sentence), "{:?}", warnings(&declined));
    assert!(warnings(&pod(json!(false), json!([])))[0].ends_with("remove that field (TokenMissing)"));
    for with_one in [pod(json!(true), json!([])), with_token(&declined)] {
        assert_eq!(warnings(&with_one), [""; 0]);
    }
}
