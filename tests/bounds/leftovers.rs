//! The search for what an earlier injection left.

use serde_json::{Map, Value, json};

use super::support::snapshot;
use super::{companion, pod, review, variables};

/// What is left of a companion is compared with what podgraft would write, part by part.
#[test]
fn leftovers_that_a_status_lists_cost_work_in_proportion() {
    let snapshot = snapshot(&[companion("store", &variables(32, 10))]);
    for (containers, listed) in [(60, 60), (240, 60), (240, 240)] {
        let env: Vec<_> = (0..32).map(|i| json!({"name": format!("V{i}"), "value": "x".repeat(10)})).collect();
        let names: Vec<_> = (0..32).map(|i| format!("V{i}")).collect();
        let mut pod = pod("store", containers, &|i| json!({"name": format!("app-{i}"), "image": "a:1", "env": env}));
        let listed: Map<String, Value> = (0..listed).map(|i| (format!("app-{i}"), json!(names))).collect();
        let status = json!({"store": {"hash": "1", "containers": ["gone"], "env": listed}}).to_string();
        pod["metadata"]["annotations"]["podgraft.dev/status"] = status.into();
        let reply = review(&pod, &snapshot);
        // Of more parts than are looked for, the rest is the author's.
        assert_eq!(reply.allowed, containers == 60, "{}", reply.body);
    }
}
