//! Conflicts with the Pod and between companions.

use serde_json::{Value, json};

use crate::scene::{COMPANIONS, asking, companions, denied, injected, is_denied, names, pod, sidecars, unchanged};
use crate::support::{ask, snapshot_of};

#[test]
fn a_conflict_does_not_affect_pods_that_did_not_request_the_companion() {
    let snapshot = snapshot_of(&COMPANIONS.replace("onConflict: Skip", ""));
    let mut taken = pod(json!({}));
    taken["spec"]["containers"][0]["ports"] = json!([{"containerPort": 6379}]);
    unchanged(&ask(&taken, "team", &snapshot));
}

#[test]
fn a_container_of_the_same_name_is_reused_or_a_conflict() {
    let mut same = asking("plain");
    same["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "plain", "image": "registry.example/plain:v1"}));
    unchanged(&ask(&same, "team", &companions()));
    same["spec"]["containers"][1]["image"] = "another:1".into();
    denied(&same, &["companion plain", "the Pod has a container of this name"]);
}

#[test]
fn a_volume_of_the_same_name_is_reused_or_a_conflict() {
    let mut pod = asking("sync");
    pod["spec"]["volumes"] = json!([{"name": "sync-content", "emptyDir": {}}]);
    assert_eq!(names(&injected(&pod), "volumes").iter().filter(|n| *n == "sync-content").count(), 1);
    pod["spec"]["volumes"] = json!([{"name": "sync-content", "secret": {"secretName": "s"}}]);
    denied(&pod, &["sync-content", "with another source"]);
}

#[test]
fn overlapping_mounts_conflict_unless_they_are_equal_and_can_be_shared() {
    let mounting = |path: &str, source: Value| {
        let mut pod = asking("sync");
        pod["spec"]["volumes"] = json!([{"name": "mine"}]);
        pod["spec"]["volumes"][0].as_object_mut().unwrap().extend(source.as_object().unwrap().clone());
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "mine", "mountPath": path, "subPath": "site"}]);
        pod
    };
    for nested in ["/srv", "/srv/www/a", "/srv/./www//a/", "/", "/x/../srv"] {
        denied(&mounting(nested, json!({"emptyDir": {}})), &["mount path /srv/www in container app conflicts"]);
    }
    denied(&mounting("/srv/www/", json!({"configMap": {"name": "c"}})), &["cannot share", "/srv/www"]);
    let after = injected(&mounting("/srv/www/", json!({"persistentVolumeClaim": {"claimName": "c"}})));
    let mount = &after["spec"]["initContainers"][0]["volumeMounts"][0];
    assert_eq!(
        (&mount["name"], &mount["subPath"], &mount["mountPath"]),
        (&json!("mine"), &json!("site"), &json!("/git"))
    );
    assert!(injected(&mounting("/srv/wwwx", json!({"emptyDir": {}})))["spec"]["initContainers"].is_array());
}

#[test]
fn ports_conflict_by_protocol_and_host_ports_separately() {
    let listening = |names: &str, port: Value| {
        let mut pod = asking(names);
        pod["spec"]["containers"][0]["ports"] = json!([port]);
        pod
    };
    denied(&listening("redis", json!({"containerPort": 6379})), &["port 6379/TCP", "container app"]);
    injected(&listening("redis", json!({"containerPort": 6379, "protocol": "UDP"})));
    denied(&listening("plain", json!({"containerPort": 80, "hostPort": 9000})), &["host port 9000/TCP"]);
    let mut probed = asking("redis");
    probed["spec"]["containers"][0]["livenessProbe"] = json!({"tcpSocket": {"port": 6379}});
    denied(&probed, &["port 6379/TCP"]);
    probed["spec"]["containers"][0]["livenessProbe"] = json!({"tcpSocket": {"port": "6379"}});
    injected(&probed);
}

#[test]
fn two_conflicting_companions_are_both_named() {
    denied(&asking("redis,other-redis"), &["companion other-redis", "port 6379/TCP", "companion redis"]);
}

#[test]
fn volumes_of_two_companions_with_one_name_are_a_conflict() {
    let shared = |name: &str, path: &str| {
        format!("  sharedVolumes:\n  - {{name: {name}, companion: {{mountPath: /x}}, app: {{mountPath: {path}}}}}")
    };
    let snapshot = sidecars(&[("git", &shared("sync-content", "/a")), ("git-sync", &shared("content", "/b"))]);
    let reply = ask(&pod(json!({"podgraft.dev/companions": "git,git-sync"})), "team", &snapshot);
    is_denied(&reply, &["companion git-sync", "git-sync-content", "companion git"]);
}

#[test]
fn a_port_of_a_companions_probe_is_reserved_for_other_companions() {
    let probing = "  - {name: probing, image: \"p:1\", startupProbe: {tcpSocket: {port: 8081}}}";
    let listening = "  - {name: listening, image: \"l:1\", ports: [{containerPort: 8081}]}";
    let snapshot = sidecars(&[("a", probing), ("b", listening)]);
    is_denied(&ask(&pod(json!({"podgraft.dev/companions": "a,b"})), "team", &snapshot), &["8081", "companion a"]);
    assert!(ask(&pod(json!({"podgraft.dev/companions": "a"})), "team", &snapshot).patch.is_some());
}
