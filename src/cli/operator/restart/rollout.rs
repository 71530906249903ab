//! Whether the rollout of a workload is complete, by the rules of `kubectl rollout status`.

use serde_json::Value;

/// The state of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RolloutState {
    Done,
    /// What it waits for.
    Waiting(String),
    /// Why it does not proceed.
    Failed(String),
}

/// The state of the rollout of a Deployment, StatefulSet or DaemonSet.
pub(super) fn rollout(kind: &str, object: &Value) -> RolloutState {
    let (status, generation) = (&object["status"], object["metadata"]["generation"].as_i64().unwrap_or(0));
    if status["observedGeneration"].as_i64().unwrap_or(0) < generation {
        return RolloutState::Waiting("the controller has not seen the change yet".to_owned());
    }
    match kind {
        "deployment" => of_deployment(object),
        "statefulset" => of_stateful_set(object),
        _ => of_daemon_set(status),
    }
}

fn of_deployment(object: &Value) -> RolloutState {
    let status = &object["status"];
    let condition = |kind: &str| status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind);
    if condition("Progressing").is_some_and(|condition| condition["reason"] == "ProgressDeadlineExceeded") {
        let failure = condition("ReplicaFailure").and_then(|condition| condition["message"].as_str());
        let cause = failure.map_or(String::new(), |message| format!(": {message}"));
        return RolloutState::Failed(format!("the rollout exceeded its progress deadline{cause}"));
    }
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let (updated, desired) = (count("updatedReplicas"), desired(object));
    if updated < desired {
        return RolloutState::Waiting(format!("{updated} of {desired} new Pods are created"));
    }
    if count("replicas") > updated {
        return RolloutState::Waiting(old_pods(count("replicas") - updated));
    }
    available(count("availableReplicas"), updated)
}

fn of_stateful_set(object: &Value) -> RolloutState {
    let status = &object["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    if status["updateRevision"] != status["currentRevision"] {
        return RolloutState::Waiting(format!("{} of {} Pods are updated", count("updatedReplicas"), desired(object)));
    }
    available(count("readyReplicas"), desired(object))
}

fn of_daemon_set(status: &Value) -> RolloutState {
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let (updated, desired) = (count("updatedNumberScheduled"), count("desiredNumberScheduled"));
    if updated < desired {
        return RolloutState::Waiting(format!("{updated} of {desired} Pods are updated"));
    }
    available(count("numberAvailable"), desired)
}

fn desired(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn available(available: i64, desired: i64) -> RolloutState {
    if available < desired {
        return RolloutState::Waiting(format!("{available} of {desired} new Pods are available"));
    }
    RolloutState::Done
}

fn old_pods(count: i64) -> String {
    format!("{count} old {} to end", if count == 1 { "Pod has" } else { "Pods have" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(kind: &str, spec: &Value, mut status: Value) -> String {
        status["observedGeneration"] = 2.into();
        match rollout(kind, &json!({"metadata": {"generation": 2}, "spec": spec, "status": status})) {
            RolloutState::Done => "done".to_owned(),
            RolloutState::Waiting(what) => what,
            RolloutState::Failed(why) => format!("failed: {why}"),
        }
    }

    #[test]
    fn a_deployment_is_done_when_all_its_pods_are_new_and_available() {
        let spec = json!({"replicas": 3});
        let of = |updated: i64, replicas: i64, available: i64| {
            let status = json!({"updatedReplicas": updated, "replicas": replicas, "availableReplicas": available});
            state("deployment", &spec, status)
        };
        assert_eq!(of(1, 4, 3), "1 of 3 new Pods are created");
        assert_eq!(of(3, 4, 4), "1 old Pod has to end");
        assert_eq!(of(3, 3, 2), "2 of 3 new Pods are available");
        assert_eq!(of(3, 3, 3), "done");
    }

    #[test]
    fn a_deployment_past_its_deadline_has_failed_with_the_cause() {
        let conditions = json!([
            {"type": "Progressing", "reason": "ProgressDeadlineExceeded"}, {"type": "ReplicaFailure", "message": "denied"},
        ]);
        let failed = state("deployment", &json!({}), json!({"conditions": conditions}));
        assert_eq!(failed, "failed: the rollout exceeded its progress deadline: denied");
    }

    #[test]
    fn a_stateful_set_is_done_when_its_revision_is_current_and_its_pods_are_ready() {
        let spec = json!({"replicas": 2});
        let of = |current: &str, ready: i64| {
            let status = json!({"updateRevision": "b", "currentRevision": current, "updatedReplicas": 1, "readyReplicas": ready});
            state("statefulset", &spec, status)
        };
        assert_eq!(of("a", 2), "1 of 2 Pods are updated");
        assert_eq!(of("b", 1), "1 of 2 new Pods are available");
        assert_eq!(of("b", 2), "done");
    }

    #[test]
    fn a_daemon_set_is_done_when_its_pods_are_updated_and_available() {
        let of = |updated: i64, available: i64| {
            let status =
                json!({"updatedNumberScheduled": updated, "desiredNumberScheduled": 2, "numberAvailable": available});
            state("daemonset", &json!({}), status)
        };
        assert_eq!(of(1, 2), "1 of 2 Pods are updated");
        assert_eq!(of(2, 1), "1 of 2 new Pods are available");
        assert_eq!(of(2, 2), "done");
    }

    #[test]
    fn a_change_that_the_controller_has_not_seen_is_not_done() {
        for kind in ["deployment", "statefulset", "daemonset"] {
            let object = json!({"metadata": {"generation": 3}, "status": {"observedGeneration": 2}});
            assert!(matches!(rollout(kind, &object), RolloutState::Waiting(_)), "{kind}");
        }
    }
}
