//! What the patch keeps of a Pod, and which Pods are left alone.

use serde_json::{Value, json};

use crate::scene::{COMPANIONS, asking, companions, denied, injected, names, pod, post, unchanged};
use crate::support::{ask, review_of, snapshot_of};

#[test]
fn annotations_of_others_are_kept_with_and_without_a_map() {
    let snapshot = snapshot_of(&COMPANIONS.replacen("spec:", "spec:\n  activation: ClusterWide", 1));
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
fn a_pod_without_containers_is_left_to_the_api_server() {
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
fn a_null_or_missing_parent_is_created_once() {
    let mut missing = asking("sync,redis");
    // So that there are several volumes: one is shared, and each companion has a mask.
    missing["spec"]["automountServiceAccountToken"] = true.into();
    let mut nulls = missing.clone();
    nulls["spec"]["volumes"] = Value::Null;
    nulls["spec"]["initContainers"] = Value::Null;
    nulls["spec"]["containers"][0]["env"] = Value::Null;
    nulls["spec"]["containers"][0]["volumeMounts"] = Value::Null;
    for pod in [nulls, missing] {
        let after = injected(&pod);
        assert_eq!(names(&after, "initContainers"), ["redis-proxy", "sync"]);
        assert_eq!(after["spec"]["containers"][0]["volumeMounts"][0]["name"], "sync-content");
        assert_eq!(after["spec"]["containers"][0]["env"][0]["name"], "REDIS_HOST");
        assert_eq!(names(&after, "volumes").len(), 3);
    }
}

#[test]
fn unusual_annotation_keys_are_kept() {
    let key = "x~1y~/é\"";
    let after = injected(&pod(json!({"podgraft.dev/companions": "sync", key: "v"})));
    assert_eq!(after["metadata"]["annotations"][key], "v");
}

#[test]
fn ten_more_reviews_change_nothing() {
    let mut pod = injected(&asking("redis,sync,plain"));
    for _ in 0..10 {
        let reply = ask(&pod, "team", &companions());
        unchanged(&reply);
        assert_eq!(reply.warnings, Vec::<String>::new());
        pod = reply.apply(&pod);
    }
}

#[test]
fn changes_of_another_webhook_to_an_injected_container_are_kept() {
    let mut pod = injected(&asking("sync"));
    pod["spec"]["initContainers"][0]["image"] = "mirror.example/sync:v1".into();
    pod["spec"]["initContainers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
    unchanged(&ask(&pod, "team", &companions()));
}

#[test]
fn host_network_and_windows_pods_are_denied() {
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
fn a_mirror_pod_of_a_node_is_skipped_and_a_forged_one_is_not() {
    let mirror = pod(json!({"podgraft.dev/companions": "sync", "kubernetes.io/config.mirror": "x"}));
    let mut review = review_of(&mirror, "team");
    assert!(post(review.to_string().as_bytes()).patch.is_some());
    review["request"]["userInfo"]["username"] = "system:node:n1".into();
    unchanged(&post(review.to_string().as_bytes()));
}

#[test]
fn a_pod_that_runs_to_completion_gets_native_companions_only() {
    let mut job = asking("sync");
    job["spec"]["restartPolicy"] = "Never".into();
    assert_eq!(injected(&job)["spec"]["initContainers"][0]["restartPolicy"], "Always");
    job["metadata"]["annotations"]["podgraft.dev/companions"] = "plain".into();
    denied(&job, &["companion plain", "keep the Pod from completing"]);
}

#[test]
fn unknown_fields_and_numbers_keep_their_text() {
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
