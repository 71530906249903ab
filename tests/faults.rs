//! Faults that others shipped, by their numbers in our list: bad requests, odd Pods, clashes and forgeries.
//! What arrives over HTTP or TLS is in `router.rs` and `socket`; what goes wrong around a server is in [`ELSEWHERE`].

#![allow(clippy::needless_pass_by_value, clippy::panic, clippy::unwrap_used)]

mod support;

use podgraft::admission;
use podgraft::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};
use support::{Reply, ask, review_of, world_of};

/// Faults of clusters, certificates and files, where each is shown, and the name of what shows it.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "F06 the API server goes away",
        "tests/cluster/sources.rs",
        "an_api_server_that_goes_and_comes_back_leaves_no_wrong_or_empty_moment",
    ),
    (
        "F07 a start without an API server",
        "tests/socket/process.rs",
        "f07_without_an_api_server_it_lives_is_not_ready_and_says_once_what_it_waits_for",
    ),
    (
        "F08 a watch that ends",
        "src/source/cluster/state/tests.rs",
        "a_second_list_replaces_everything_at_its_end_and_nothing_before",
    ),
    ("F08 a list that fails", "src/source/cluster/state/tests.rs", "an_unfinished_list_leaves_nothing_behind"),
    ("F09 SIGTERM under load", "tests/socket/drain.rs", "no_request_is_lost_while_a_replica_ends_under_load"),
    ("F10 a mounted Secret is swapped", "tests/socket/rotation.rs", "certificates_are_replaced_without_a_lost_request"),
    (
        "F11 certificate and key of two pairs",
        "tests/socket/rotation.rs",
        "invalid_files_are_not_served_and_the_next_valid_pair_is",
    ),
    ("F12 a certificate expires", "src/tls/serving.rs", "f12_an_expired_certificate_is_not_ready_but_still_served"),
    ("F12 nobody brings a new one", "src/tls/files.rs", "warns_once_a_minute_in_the_last_hour"),
    ("F13 keys in all forms", "src/tls/pair.rs", "every_supported_kind_of_key_is_accepted_in_every_encoding"),
    ("F13 keys of no use", "src/tls/pair.rs", "unsupported_keys_are_rejected_with_a_message_about_the_key"),
    ("F13 chains upside down", "src/tls/pair.rs", "a_chain_must_start_with_the_serving_certificate"),
    (
        "F14 a CA is succeeded",
        "src/tls/self_managed/simulation/scenarios.rs",
        "over_many_lifetimes_every_pair_is_trusted_and_every_ca_is_replaced_in_time",
    ),
    (
        "F14 in any order of events",
        "src/tls/self_managed/simulation/scenarios.rs",
        "no_action_of_a_replica_removes_trust",
    ),
    (
        "F14 in a cluster",
        "tests/cluster/certificates.rs",
        "certificates_rotate_replicas_are_replaced_and_companions_change_while_pods_are_created_without_pause",
    ),
    (
        "F15 replicas begin at once",
        "src/tls/self_managed/simulation/scenarios.rs",
        "replicas_that_start_at_once_agree_on_one_ca",
    ),
    ("F15 in a cluster", "tests/cluster/certificates.rs", "two_replicas_that_start_at_once_end_with_one_authority"),
    ("F16 the Secret is deleted", "src/tls/self_managed/memory.rs", "an_empty_secret_gets_its_last_content_back"),
    ("F16 in a cluster", "tests/cluster/certificates.rs", "a_deleted_secret_heals_and_nobody_has_to_trust_anybody_new"),
    (
        "F17 clocks differ",
        "src/tls/self_managed/simulation/scenarios.rs",
        "f17_replicas_whose_clocks_differ_are_trusted_and_do_not_write_in_turns",
    ),
    (
        "F17 an API server is behind",
        "src/tls/self_managed/rotate/tests.rs",
        "an_empty_state_gets_a_ca_and_a_pair_both_backdated",
    ),
    ("F18 a companion turns bad in a file", "tests/source.rs", "an_invalid_companion_keeps_its_last_valid_version"),
    ("F18 and in a cluster", "tests/cluster/sources.rs", "a_companion_that_turned_bad_keeps_its_last_good_version"),
    ("F20 a mounted ConfigMap is swapped", "tests/source.rs", "a_mounted_configmap_is_read_through_its_swapped_link"),
    (
        "F21 many changes at once",
        "src/source/cluster/state/tests.rs",
        "the_first_change_is_due_at_once_and_those_that_follow_are_collected",
    ),
];

#[test]
fn what_shows_a_fault_elsewhere_is_there() {
    for (fault, file, name) in ELSEWHERE {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{fault}: {file}: {error}"));
        assert!(text.contains(&format!("fn {name}(")), "{fault}: {file} has no {name}");
    }
}

/// Companions of all three patterns, one for each kind of trouble.
const COMPANIONS: &str = r#"
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: sync}
spec:
  pattern: Sidecar
  containers:
  - {name: sync, image: "registry.example/sync:v1"}
  sharedVolumes:
  - name: content
    companion: {mountPath: /git}
    app: {mountPath: /srv/www}
  parameters:
  - {name: repo, type: String, pattern: "https?://.+", env: REPO}
  - {name: free, type: String, env: FREE}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: redis}
spec:
  pattern: Ambassador
  containers:
  - name: redis-proxy
    image: registry.example/haproxy:v1
    ports: [{containerPort: 6379}]
  listens:
  - {name: redis, port: 6379, protocol: TCP, env: {host: REDIS_HOST, port: REDIS_PORT}}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: other-redis}
spec:
  pattern: Ambassador
  containers:
  - {name: other-proxy, image: "registry.example/haproxy:v1"}
  listens:
  - {name: redis, port: 6379, protocol: TCP}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: plain}
spec:
  pattern: Sidecar
  lifecycle: Container
  containers:
  - {name: plain, image: "registry.example/plain:v1", ports: [{containerPort: 9000, hostPort: 9000}]}
---
apiVersion: podgraft.dev/v1alpha1
kind: Companion
metadata: {name: private, namespace: other-team}
spec:
  pattern: Sidecar
  containers:
  - {name: private, image: "registry.example/private:v1"}
"#;

fn companions() -> Snapshot {
    world_of(COMPANIONS)
}

fn pod(annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

fn asking(names: &str) -> Value {
    pod(json!({"podgraft.dev/companions": names}))
}

fn post(body: &[u8]) -> Reply {
    Reply::read(&admission::review(body, Webhook::Requested, &companions(), |_| {}))
}

fn names(pod: &Value, list: &str) -> Vec<String> {
    pod["spec"][list].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str().map(Into::into)).collect()
}

#[track_caller]
fn refused_as_400(body: &[u8]) {
    let reply = post(body);
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert!(reply.body.as_str().is_some_and(|text| text.starts_with("podgraft: not a review: ")), "{}", reply.body);
}

#[track_caller]
fn denied(pod: &Value, says: &[&str]) {
    let reply = ask(pod, "team", &companions());
    assert_eq!((reply.status, reply.allowed), (200, false), "{}", reply.body);
    assert!(reply.message.starts_with("podgraft: ") && reply.message.chars().count() <= 512, "{}", reply.message);
    for word in says {
        assert!(reply.message.contains(word), "{word:?} in {:?}", reply.message);
    }
}

#[track_caller]
fn unchanged(reply: &Reply) {
    assert_eq!((reply.status, reply.allowed), (200, true), "{}", reply.body);
    assert!(reply.patch.is_none(), "{}", reply.body);
}

#[track_caller]
fn injected(pod: &Value) -> Value {
    let reply = ask(pod, "team", &companions());
    assert!(reply.allowed && reply.patch.is_some(), "{}", reply.body);
    reply.apply(pod)
}

#[test]
fn f22_an_empty_body_is_no_review() {
    refused_as_400(b"");
    refused_as_400(b" \n");
}

#[test]
fn f25_packed_bytes_that_do_not_say_so_are_no_json() {
    refused_as_400(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00");
}

#[test]
fn f26_broken_json_is_refused_but_a_skipped_part_is_not_looked_at() {
    let whole = review_of(&asking("sync"), "team").to_string();
    refused_as_400(&whole.as_bytes()[..whole.len() - 1]);
    refused_as_400(format!("{whole}x").as_bytes());
    refused_as_400(format!("\u{feff}{whole}").as_bytes());
    let mut latin = whole.clone().into_bytes();
    latin[20] = 0xff;
    refused_as_400(&latin);
    refused_as_400(whole.replace("\"app:1\"", r#""\ud800""#).as_bytes());
    let skipped = whole.replace("\"image\":\"app:1\"", r#""image":"app:1","later":"\ud800""#);
    assert!(post(skipped.as_bytes()).patch.is_some());
}

#[test]
fn f27_depth_costs_nothing_where_it_is_skipped_and_is_refused_where_it_is_read() {
    let whole = review_of(&asking("sync"), "team").to_string();
    let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
    let run = move || {
        for depth in [127, 128, 100_000, 3_000_000] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let skipped = whole.replace("\"image\":\"app:1\"", &format!("\"image\":\"app:1\",\"later\":{deep}"));
            assert!(post(skipped.as_bytes()).patch.is_some(), "depth {depth}");
            refused_as_400(whole.replace("\"app:1\"", &deep).as_bytes());
        }
    };
    small_stack.spawn(run).unwrap().join().unwrap();
}

#[test]
fn f28_a_pod_of_7_mib_is_reviewed_like_any_other() {
    let body = support::sized::review("sync", (7 << 20) - 1);
    assert!(6 << 20 < body.len() && body.len() < 7 << 20, "{}", body.len());
    assert!(post(&body).patch.is_some());
}

#[test]
fn f29_a_companion_that_always_denies_touches_nobody_else() {
    let snapshot = world_of(&COMPANIONS.replace("onConflict: Skip", ""));
    let mut taken = pod(json!({}));
    taken["spec"]["containers"][0]["ports"] = json!([{"containerPort": 6379}]);
    unchanged(&ask(&taken, "team", &snapshot));
}

#[test]
fn f30_and_f31_a_review_without_request_or_uid_is_refused() {
    let review =
        |request: Value| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    refused_as_400(b"{}");
    refused_as_400(b"null");
    refused_as_400(b"[]");
    refused_as_400(review(Value::Null).to_string().as_bytes());
    refused_as_400(review(json!({})).to_string().as_bytes());
    refused_as_400(review(json!({"uid": ""})).to_string().as_bytes());
    refused_as_400(review(json!({"uid": 5})).to_string().as_bytes());
    let mut answered = review_of(&asking("sync"), "team");
    answered["response"] = json!({"uid": "x", "allowed": false});
    assert!(post(answered.to_string().as_bytes()).allowed);
}

#[test]
fn f32_and_f33_only_version_1_is_spoken() {
    let mut review = review_of(&asking("sync"), "team");
    review["apiVersion"] = "admission.k8s.io/v1beta1".into();
    let reply = post(review.to_string().as_bytes());
    assert_eq!(reply.status, 400);
    assert!(reply.body.as_str().unwrap().contains("admission.k8s.io/v1, which is the only version"), "{}", reply.body);
    review["apiVersion"] = "admission.k8s.io/v1".into();
    review["kind"] = "ConversionReview".into();
    refused_as_400(review.to_string().as_bytes());
}

#[test]
fn f34_to_f36_what_is_not_the_creation_of_a_pod_is_admitted_as_it_is() {
    let post = |change: &dyn Fn(&mut Value)| {
        let mut review = review_of(&asking("sync"), "team");
        change(&mut review["request"]);
        post(review.to_string().as_bytes())
    };
    let deployment = post(&|r| r["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"}));
    unchanged(&deployment);
    assert!(deployment.warnings[0].contains("does not create a Pod"), "{:?}", deployment.warnings);
    for operation in ["UPDATE", "DELETE", "CONNECT"] {
        unchanged(&post(&|r| r["operation"] = operation.into()));
    }
    for sub in ["status", "ephemeralcontainers", "resize", "binding"] {
        unchanged(&post(&|r| r["subResource"] = sub.into()));
    }
    unchanged(&post(&|r| r["object"] = Value::Null));
    unchanged(&post(&|r| {
        r["operation"] = "DELETE".into();
        r["object"] = Value::Null;
    }));
}

#[test]
fn f37_the_namespace_is_that_of_the_request() {
    let snapshot = companions();
    let private = asking("private");
    assert!(!ask(&private, "team", &snapshot).allowed);
    assert!(ask(&private, "other-team", &snapshot).patch.is_some());
    let mut lying = private.clone();
    lying["metadata"]["namespace"] = "other-team".into();
    assert_eq!(ask(&lying, "team", &snapshot).status, 400);
}

#[test]
fn f38_a_pod_without_name_is_called_by_its_generate_name() {
    let body = review_of(&asking("sync"), "team").to_string();
    let mut seen = String::new();
    let _ =
        admission::review(body.as_bytes(), Webhook::Requested, &companions(), |record| seen = record.name.to_owned());
    assert_eq!(seen, "web-");
}

#[test]
fn f39_a_dry_run_has_the_same_answer() {
    let mut review = review_of(&asking("sync,redis"), "team");
    let answer = |review: &Value| {
        admission::review(review.to_string().as_bytes(), Webhook::Requested, &companions(), |_| {}).body
    };
    let wet = answer(&review);
    review["request"]["dryRun"] = true.into();
    assert_eq!(wet, answer(&review));
}

#[test]
fn f40_annotations_of_others_stay_whether_there_is_a_map_or_not() {
    let snapshot = world_of(&COMPANIONS.replacen("spec:", "spec:\n  activation: ClusterWide", 1));
    for annotations in [Value::Null, json!({}), json!({"a/b": "c"})] {
        let before = pod(annotations.clone());
        let after = ask(&before, "team", &snapshot).apply(&before);
        assert_eq!(names(&after, "initContainers"), ["sync"]);
        for (key, value) in annotations.as_object().into_iter().flatten() {
            assert_eq!(&after["metadata"]["annotations"][key], value);
        }
    }
    let mut bare = pod(json!({}));
    bare["metadata"].as_object_mut().unwrap().remove("annotations");
    assert_eq!(names(&ask(&bare, "team", &snapshot).apply(&bare), "initContainers"), ["sync"]);
    bare.as_object_mut().unwrap().remove("metadata");
    assert_eq!(names(&ask(&bare, "team", &snapshot).apply(&bare), "initContainers"), ["sync"]);
}

#[test]
fn f41_a_pod_without_containers_is_left_to_the_api_server() {
    for containers in [Value::Null, json!([])] {
        let mut empty = asking("sync");
        empty["spec"]["containers"] = containers;
        let reply = ask(&empty, "team", &companions());
        unchanged(&reply);
        assert!(reply.warnings[0].contains("no containers"), "{:?}", reply.warnings);
    }
    let mut missing = asking("sync");
    missing["spec"].as_object_mut().unwrap().remove("containers");
    unchanged(&ask(&missing, "team", &companions()));
}

#[test]
fn f42_a_parent_that_is_null_or_missing_is_made_once() {
    let mut nulls = asking("sync,redis");
    nulls["spec"]["volumes"] = Value::Null;
    nulls["spec"]["initContainers"] = Value::Null;
    nulls["spec"]["containers"][0]["env"] = Value::Null;
    nulls["spec"]["containers"][0]["volumeMounts"] = Value::Null;
    for pod in [nulls, asking("sync,redis")] {
        let after = injected(&pod);
        assert_eq!(names(&after, "initContainers"), ["redis-proxy", "sync"]);
        assert_eq!(after["spec"]["containers"][0]["volumeMounts"][0]["name"], "sync-content");
        assert_eq!(after["spec"]["containers"][0]["env"][0]["name"], "REDIS_HOST");
        assert_eq!(names(&after, "volumes").len(), 3);
    }
}

#[test]
fn f43_odd_annotation_keys_survive() {
    let key = "x~1y~/é\"";
    let after = injected(&pod(json!({"podgraft.dev/companions": "sync", key: "v"})));
    assert_eq!(after["metadata"]["annotations"][key], "v");
}

#[test]
fn f44_and_f45_a_container_of_our_name_is_ours_or_a_clash() {
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
fn f46_a_volume_of_our_name_is_used_where_it_is_the_same_and_a_clash_where_not() {
    let mut pod = asking("sync");
    pod["spec"]["volumes"] = json!([{"name": "sync-content", "emptyDir": {}}]);
    assert_eq!(names(&injected(&pod), "volumes").iter().filter(|n| *n == "sync-content").count(), 1);
    pod["spec"]["volumes"] = json!([{"name": "sync-content", "secret": {"secretName": "s"}}]);
    denied(&pod, &["sync-content", "with another source"]);
}

#[test]
fn f47_mounts_that_meet_are_a_clash_unless_they_are_the_same_and_can_be_shared() {
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
fn f48_ports_clash_by_protocol_and_host_ports_by_themselves() {
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
fn f49_ten_calls_change_nothing_after_the_first() {
    let mut pod = injected(&asking("redis,sync,plain"));
    for _ in 0..10 {
        let reply = ask(&pod, "team", &companions());
        unchanged(&reply);
        assert_eq!(reply.warnings, Vec::<String>::new());
        pod = reply.apply(&pod);
    }
}

#[test]
fn f50_what_another_webhook_changed_in_our_container_is_left_as_it_is() {
    let mut pod = injected(&asking("sync"));
    pod["spec"]["initContainers"][0]["image"] = "mirror.example/sync:v1".into();
    pod["spec"]["initContainers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
    unchanged(&ask(&pod, "team", &companions()));
}

#[test]
fn f51_a_forged_status_neither_keeps_a_companion_out_nor_stays() {
    for forged in [
        r#"{"sync":{"kind":"ClusterCompanion","hash":"0","initContainers":["sync"]}}"#,
        r#"{"sync":{}}"#,
        r#"{"sync":{"containers":[]}}"#,
        r#"{"sync":null}"#,
        "injected",
        "",
        "{",
        "[]",
    ] {
        let after = injected(&pod(json!({"podgraft.dev/companions": "sync", "podgraft.dev/status": forged})));
        assert_eq!(names(&after, "initContainers"), ["sync"], "{forged}");
        let status: Value =
            serde_json::from_str(after["metadata"]["annotations"]["podgraft.dev/status"].as_str().unwrap()).unwrap();
        assert_eq!(status["sync"]["initContainers"], json!(["sync"]), "{forged}");
        assert_eq!(status["sync"]["hash"].as_str().unwrap().len(), 16, "{forged}");
    }
}

#[test]
fn f52_and_f53_the_nodes_network_and_windows_are_refused_to_who_asks() {
    let mut pod = asking("sync");
    pod["spec"]["hostNetwork"] = true.into();
    denied(&pod, &["the node's network"]);
    let mut pod = asking("sync");
    pod["spec"]["os"] = json!({"name": "windows"});
    denied(&pod, &["Windows"]);
    let mut pod = asking("sync");
    pod["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    denied(&pod, &["Windows"]);
}

#[test]
fn f54_a_mirror_pod_is_left_alone_and_a_forged_one_is_not() {
    let mirror = pod(json!({"podgraft.dev/companions": "sync", "kubernetes.io/config.mirror": "x"}));
    let mut review = review_of(&mirror, "team");
    assert!(post(review.to_string().as_bytes()).patch.is_some());
    review["request"]["userInfo"]["username"] = "system:node:n1".into();
    unchanged(&post(review.to_string().as_bytes()));
}

#[test]
fn f55_a_pod_that_ends_gets_native_companions_only() {
    let mut job = asking("sync");
    job["spec"]["restartPolicy"] = "Never".into();
    assert_eq!(injected(&job)["spec"]["initContainers"][0]["restartPolicy"], "Always");
    job["metadata"]["annotations"]["podgraft.dev/companions"] = "plain".into();
    denied(&job, &["companion plain", "keep the Pod from completing"]);
}

#[test]
fn f56_to_f58_fields_and_numbers_of_the_future_keep_their_text() {
    let text = r#"{"metadata":{"annotations":{"podgraft.dev/companions":"sync"}},"spec":{"priority":1.0e+03,"containers":[{"name":"app","later":{"n":123456789012345678901234567890,"f":1.0e+05},"resources":{"limits":{"cpu":0.1,"memory":"1Ei"}},"readinessProbe":{"httpGet":{"port":"http"}}}],"futureField":[1,{"a":null}]}}"#;
    let before: Value = serde_json::from_str(text).unwrap();
    let after = injected(&before).to_string();
    for kept in [
        r#""later":{"n":123456789012345678901234567890,"f":1.0e+05},"resources":{"limits":{"cpu":0.1,"memory":"1Ei"}}"#,
        r#""futureField":[1,{"a":null}]"#,
        r#""priority":1.0e+03"#,
        r#""port":"http""#,
    ] {
        assert!(after.contains(kept), "{kept} in {after}");
    }
}

#[test]
fn f59_a_key_that_stands_twice_is_refused_where_it_is_read() {
    let whole = review_of(&asking("sync"), "team").to_string();
    for (once, twice) in [
        (r#""namespace":"team""#, r#""namespace":"team","namespace":"other""#),
        (r#""name":"app""#, r#""name":"app","name":"bpp""#),
        (r#""podgraft.dev/companions":"sync""#, r#""podgraft.dev/companions":"sync","podgraft.dev/companions":"x""#),
        (r#""containers":["#, r#""containers":null,"containers":["#),
    ] {
        assert!(whole.contains(once), "{once}");
        refused_as_400(whole.replace(once, twice).as_bytes());
    }
    let skipped = whole.replace("\"image\":\"app:1\"", r#""image":"app:1","later":{"a":1,"a":2}"#);
    assert!(post(skipped.as_bytes()).patch.is_some());
}

#[test]
fn f60_a_bad_parameter_is_named_and_its_value_is_not_repeated() {
    let with =
        |key: &str, value: &str| pod(json!({"podgraft.dev/companions": "sync", format!("podgraft.dev/{key}"): value}));
    denied(&with("sync.rep", "s3cr3t"), &["spec.parameters: \"rep\"", "did you mean podgraft.dev/sync.repo?"]);
    for bad in ["s3cr3t", "ftp://s3cr3t", "https://s3cr3t\n", "https://s3cr3t\0"] {
        let reply = ask(&with("sync.repo", bad), "team", &companions());
        assert!(!reply.allowed && reply.message.contains("podgraft.dev/sync.repo"), "{}", reply.message);
        assert!(!reply.body.to_string().contains("s3cr3t"), "{}", reply.body);
    }
    denied(&with("sync.free", &"x".repeat(1025)), &["more than 1024 characters"]);
    let after = injected(&with("sync.free", "${HOME} $(REPO) $"));
    assert_eq!(after["spec"]["initContainers"][0]["env"][0], json!({"name": "FREE", "value": "$${HOME} $$(REPO) $$"}));
}

#[test]
fn f61_annotations_that_would_be_too_long_are_refused_before_the_api_server_does() {
    let filled = |bytes: usize| pod(json!({"podgraft.dev/companions": "sync", "fill": "x".repeat(bytes)}));
    injected(&filled(260_000));
    denied(&filled(262_100), &["262144", "annotations would have"]);
    for bytes in (261_700..262_144).step_by(7) {
        let pod = filled(bytes);
        let reply = ask(&pod, "team", &companions());
        let after = reply.apply(&pod);
        let total: usize = after["metadata"]["annotations"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| k.len() + v.as_str().unwrap().len())
            .sum();
        assert!(!reply.allowed || total <= 262_144, "{total} bytes were let through");
    }
}

#[test]
fn f62_unknown_strange_doubled_and_too_many_names_are_refused() {
    denied(&asking("snyc"), &["companion snyc", "did you mean \"sync\"?"]);
    let (elsewhere, nowhere) =
        (ask(&asking("private"), "team", &companions()), ask(&asking("qrivate"), "team", &companions()));
    assert_eq!(elsewhere.message.replace("private", "X"), nowhere.message.replace("qrivate", "X"), "existence leaks");
    denied(&asking("sync,sync"), &["duplicate value \"sync\""]);
    denied(&asking("sync,"), &["a name is empty"]);
    denied(&asking(""), &["a name is empty"]);
    let many: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
    denied(&asking(&many.join(",")), &["at most 16"]);
}

#[test]
fn f63_two_companions_that_clash_are_both_named() {
    denied(&asking("redis,other-redis"), &["companion other-redis", "port 6379/TCP", "companion redis"]);
}
