use serde_json::json;

use super::*;
use crate::cli::operator::check::installation::InstalledAt;

fn settings() -> InstallationSettings {
    InstallationSettings::read(InstalledAt { name: "podgraft".into(), namespace: "own".into() }, None)
}

fn deployment(desired: i64, ready: i64) -> Value {
    json!({"spec": {"replicas": desired}, "status": {"readyReplicas": ready}})
}

fn replica(name: &str, image: &str, metrics: &str) -> ObservedReplica {
    let pod = json!({
        "metadata": {"name": name},
        "spec": {"containers": [{"image": image}]},
        "status": {"containerStatuses": [{"ready": true}]},
    });
    ObservedReplica { pod, metrics: Ok(metrics.to_owned()), readiness: None }
}

/// The findings as `severity reason: message`.
fn found(deployment: Option<&Value>, all: &[ObservedReplica]) -> Vec<String> {
    let now = UNIX_EPOCH + std::time::Duration::from_secs(1000);
    let findings = replicas(&settings(), deployment, all, now);
    assert!(findings.iter().all(|f| !f.fix.is_empty()), "{findings:?}");
    findings.iter().map(|f| format!("{} {}: {}", f.severity.as_str(), f.reason.as_str(), f.message)).collect()
}

const HEALTHY: &str = "podgraft_companions_hash 7\npodgraft_namespaces 4\npodgraft_ca_bundles_in_sync 1\n\
    podgraft_watch_failing{resource=\"companions\"} 0\npodgraft_certificate_expiry_timestamp_seconds 2000\n\
    podgraft_policies_out_of_sync 0\npodgraft_manifest_errors 0\n";

#[test]
fn equal_and_ready_replicas_give_no_finding() {
    let both = [replica("a", "podgraft:1", HEALTHY), replica("b", "podgraft:1", HEALTHY)];
    assert_eq!(found(Some(&deployment(2, 2)), &both), [""; 0]);
}

#[test]
fn replicas_that_are_missing_are_reported_with_their_cause() {
    let mut waiting = replica("a", "podgraft:1", HEALTHY);
    waiting.pod["status"]["containerStatuses"][0] =
        json!({"ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    let text = found(Some(&deployment(2, 1)), &[waiting.clone()]);
    assert_eq!(text, ["error ReplicasMissing: 1 of 2 replicas are ready: Pod a: ImagePullBackOff"]);
    waiting.pod["status"]["containerStatuses"][0] = json!({"ready": false, "state": {"running": {}}});
    waiting.readiness = Some("[+]port ok\n[-]companions failed: waiting for the first list\n".to_owned());
    let text = found(Some(&deployment(1, 0)), &[waiting]);
    assert!(text[0].contains("does not answer") && text[0].ends_with("waiting for the first list"), "{text:?}");
    assert!(found(Some(&deployment(0, 0)), &[])[0].starts_with("error ReplicasMissing: 0 of 0 replicas"));
    assert!(found(None, &[])[0].starts_with("error ReplicasMissing: not found"));
}

#[test]
fn replicas_that_differ_are_reported_with_the_pods_of_each_value() {
    let (one, other) = (replica("a", "podgraft:1", HEALTHY), replica("b", "podgraft:2", HEALTHY));
    let text = found(Some(&deployment(2, 2)), &[one.clone(), other]);
    assert_eq!(text.len(), 1, "{text:?}");
    assert!(text[0].contains("different images") && text[0].ends_with("podgraft:1 in a; podgraft:2 in b"), "{text:?}");
    for (from, to) in [("companions_hash 7", "companions_hash 8"), ("namespaces 4", "namespaces 3")] {
        let text =
            found(Some(&deployment(2, 2)), &[one.clone(), replica("b", "podgraft:1", &HEALTHY.replace(from, to))]);
        assert_eq!(text.len(), 1, "{text:?}");
        assert!(text[0].starts_with("error ReplicasDiffer: "), "{text:?}");
    }
}

#[test]
fn each_failure_that_a_replica_reports_is_a_finding() {
    for (from, to, reason) in [
        ("companions\"} 0", "companions\"} 1", "ReplicaFailing: the watch of resource=\"companions\""),
        ("ca_bundles_in_sync 1", "ca_bundles_in_sync 0", "ReplicaFailing: a webhook configuration"),
        ("policies_out_of_sync 0", "policies_out_of_sync 1", "ReplicaFailing: policies"),
        ("manifest_errors 0", "manifest_errors 2", "ReplicaFailing: files"),
        ("seconds 2000", "seconds 999", "CertificateExpired: this replica"),
    ] {
        let text = found(Some(&deployment(1, 1)), &[replica("a", "podgraft:1", &HEALTHY.replace(from, to))]);
        assert_eq!(text.len(), 1, "{from}: {text:?}");
        assert!(text[0].starts_with(&format!("error {reason}")), "{text:?}");
    }
}

#[test]
fn changes_that_wait_for_another_installation_are_one_warning() {
    let waiting = |count: u8| format!("{HEALTHY}podgraft_policies_waiting {count}\n");
    let of = |a: u8, b: u8| {
        let both = [replica("a", "podgraft:1", &waiting(a)), replica("b", "podgraft:1", &waiting(b))];
        found(Some(&deployment(2, 2)), &both)
    };
    assert_eq!(of(0, 0), [""; 0]);
    let effect = "for policies of another installation: Pods keep getting the previous version";
    assert_eq!(of(0, 1), [format!("warning PolicyOutOfSync: a change of a required companion waits {effect}")]);
    assert_eq!(of(3, 2), [format!("warning PolicyOutOfSync: changes of 3 required companions wait {effect}")]);
    let both = [replica("a", "podgraft:1", &waiting(0)), replica("b", "podgraft:1", &waiting(1))];
    let fix = &replicas(&settings(), Some(&deployment(2, 2)), &both, UNIX_EPOCH)[0].fix;
    assert!(
        fix.contains("kubectl -n own logs b; "),
        "only this replica logs the name of the other installation: {fix}"
    );
}

#[test]
fn metrics_that_cannot_be_read_are_one_note() {
    let mut unread = replica("a", "podgraft:1", HEALTHY);
    unread.metrics = Err("pods \"a\" is forbidden".to_owned());
    let text = found(Some(&deployment(2, 2)), &[unread.clone(), unread]);
    assert_eq!(text.len(), 1, "{text:?}");
    assert!(text[0].starts_with("note NotChecked: ") && text[0].contains("forbidden"), "{text:?}");
}

#[test]
fn a_service_without_ready_endpoints_is_reported() {
    let of = |found: Option<Value>, slices: &[Value]| {
        service(&settings(), found.as_ref(), slices).map(|f| f.message.split(':').next().unwrap_or_default().to_owned())
    };
    let good = json!({"spec": {"ports": [{"port": 443}]}});
    let slice = |ready: bool| json!({"endpoints": [{"conditions": {"ready": ready}}]});
    assert_eq!(of(Some(good.clone()), &[slice(false), slice(true)]), None);
    assert_eq!(of(Some(good.clone()), &[slice(false)]).as_deref(), Some("no ready endpoints"));
    assert_eq!(of(Some(good), &[]).as_deref(), Some("no ready endpoints"));
    let other_port = json!({"spec": {"ports": [{"port": 8443}]}});
    assert_eq!(of(Some(other_port), &[slice(true)]).as_deref(), Some("required value"));
    assert_eq!(of(None, &[]).as_deref(), Some("not found"));
}
