//! The annotation of evictable volumes: its value can list thousands of names.

use serde_json::json;

use super::support::snapshot;
use super::{companion, pod, review};

#[test]
fn names_of_evictable_volumes_are_not_compared_with_all_shared_volumes() {
    let own = (0..8).map(|i| format!("n0-v{i}"));
    let names: Vec<_> = std::iter::repeat_n("a".to_owned(), 2_000).chain(own).collect();
    let shared: Vec<_> = (0..8)
        .map(|i| json!({"name": format!("v{i}"), "companion": {"mountPath": format!("/c{i}")}, "app": {"mountPath": format!("/a{i}")}}))
        .collect();
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    let more = json!({"podAnnotations": {key: names.join(",")}, "sharedVolumes": shared, "onConflict": "Skip"});
    for own in [false, true] {
        let mut pod = pod("n0", 1, &|_| json!({"name": "app"}));
        if own {
            pod["metadata"]["annotations"][key] = json!("other");
        }
        let reply = review(&pod, &snapshot(&[companion("n0", &more)]));
        assert!(reply.allowed, "{}", reply.body);
        let listed = reply.patch.unwrap().to_string();
        assert_eq!(listed.contains("n0-v0,n0-v1,n0-v2,n0-v3,n0-v4,n0-v5,n0-v6,n0-v7\""), !own, "{listed}");
    }
}
