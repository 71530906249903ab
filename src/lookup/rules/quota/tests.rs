use serde_json::{Value, json};

use super::*;
use crate::lookup::rules::testing::{PodCase, expect, no_companions, read, resources};

fn quota(spec: &Value, used: &Value) -> Quota {
    read(&json!({"metadata": {"name": "team"}, "spec": spec, "status": {"hard": spec["hard"], "used": used}}))
}

fn violations(spec: &Value, case: &PodCase) -> Vec<String> {
    let (quota, remedies) = (quota(spec, &json!({})), no_companions());
    case.planned(&[], |pod| quota.violations(pod, &remedies).collect())
}

fn shortages(hard: &Value, used: &Value, case: &PodCase) -> Vec<String> {
    let (quota, remedies) = (quota(&json!({"hard": hard}), used), no_companions());
    case.planned(&[], |pod| quota.shortages(pod, &remedies).collect())
}

fn both(resource: &str, amount: &str) -> Value {
    let list = json!({resource: amount});
    resources(&list, &list)
}

#[test]
fn quotas_count_the_resources_that_kubernetes_counts() {
    for (counted, resource, is_counted) in [
        ("requests.memory", "memory", true),
        ("limits.memory", "memory", true),
        ("memory", "memory", true),
        ("ephemeral-storage", "ephemeral-storage", true),
        ("limits.ephemeral-storage", "ephemeral-storage", true),
        ("hugepages-2Mi", "hugepages-2Mi", true),
        ("requests.hugepages-2Mi", "hugepages-2Mi", true),
        ("limits.hugepages-2Mi", "hugepages-2Mi", false),
        ("requests.example.com/gpu", "example.com/gpu", true),
        ("limits.example.com/gpu", "example.com/gpu", false),
        ("example.com/gpu", "example.com/gpu", false),
        ("requests.deviceclass.resource.kubernetes.io/gpu", "deviceclass.resource.kubernetes.io/gpu", true),
        ("requests.kubernetes.io/other", "kubernetes.io/other", false),
        ("requests.storage", "storage", false),
        ("pods", "pods", false),
    ] {
        let case = PodCase::new(both(resource, "2Mi"), both(resource, "4Mi"));
        let found = violations(&json!({"hard": {counted: "4Mi"}}), &case);
        assert_eq!(found.len(), usize::from(is_counted), "{counted}: {found:?}");
    }
}

#[test]
fn of_resources_without_overcommit_the_limit_is_to_be_set() {
    let case = PodCase::new(json!({}), resources(&json!({}), &json!({"hugepages-2Mi": "8Mi"})));
    let found = violations(&json!({"hard": {"requests.hugepages-2Mi": "4Mi"}}), &case);
    expect(&found, &["; set limits.hugepages-2Mi of container note to less, or raise requests.hugepages-2Mi of the"]);
}

#[test]
fn the_overhead_of_the_pod_counts() {
    let spec = json!({"overhead": {"memory": "32Mi"}});
    let limit = resources(&json!({}), &json!({"memory": "64Mi"}));
    let case = PodCase { spec, ..PodCase::new(limit.clone(), limit) };
    for counted in ["requests.memory", "limits.memory"] {
        let exceeded = format!(
            "ResourceQuota team allows 128Mi for {counted}, and with the injected containers one Pod has 160Mi; set {counted} of \
             container note to less, or raise {counted} of the ResourceQuota"
        );
        expect(&violations(&json!({"hard": {counted: "128Mi"}}), &case), &[&exceeded]);
        expect(&violations(&json!({"hard": {counted: "160Mi"}}), &case), &[]);
        expect(&violations(&json!({"hard": {counted: "80Mi"}}), &case), &[]);
    }
}

#[test]
fn a_container_that_has_nothing_of_a_resource_is_not_to_be_reduced() {
    let spec = json!({"overhead": {"memory": "2Gi"}});
    let case = PodCase { spec, ..PodCase::new(both("memory", "0"), both("memory", "0")) };
    let hard = json!({"requests.memory": "1Gi"});
    let only_counted_with_note = json!({"hard": hard, "scopes": ["NotBestEffort"]});
    let note = resources(&json!({"cpu": "1m", "memory": "0"}), &json!({}));
    let case = PodCase { note, ..case };
    let raise =
        "requests.memory, and with the injected containers one Pod has 2Gi; raise requests.memory of the ResourceQuota";
    expect(&violations(&only_counted_with_note, &case), &[raise]);
}

#[test]
fn a_quota_that_is_used_up_matters_to_a_pod_that_had_nothing_of_it() {
    let hard = json!({"requests.cpu": "1"});
    let case = |app: &str, note: &str| PodCase::new(both("cpu", app), both("cpu", note));
    let short = "ResourceQuota team allows 1 for requests.cpu, of which 2 are in use, and with the injected containers another Pod \
                 has 100m; set requests.cpu of container note to less, or raise requests.cpu of the ResourceQuota";
    expect(&shortages(&hard, &json!({"requests.cpu": "2"}), &case("0", "100m")), &[short]);
    expect(&shortages(&hard, &json!({"requests.cpu": "2"}), &case("100m", "100m")), &[]);
    expect(&shortages(&hard, &json!({"requests.cpu": "2"}), &case("0", "0")), &[]);
    expect(&shortages(&hard, &json!({"requests.cpu": "800m"}), &case("100m", "100m")), &[]);
}

#[test]
fn quotas_with_scopes_count_only_the_pods_that_they_select() {
    let (few, none) = (both("memory", "64Mi"), json!({}));
    let scoped = |scope: &str| json!({"hard": {"limits.memory": "100Mi"}, "scopes": [scope]});
    let by_class = |operator: &str, values: &Value| {
        let expression = json!({"scopeName": "PriorityClass", "operator": operator, "values": values});
        json!({"hard": {"limits.memory": "100Mi"}, "scopeSelector": {"matchExpressions": [expression]}})
    };
    let (ending, high) = (json!({"activeDeadlineSeconds": 60}), json!({"priorityClassName": "high"}));
    let (any, affinity) = (json!({}), json!({"affinity": {"podAffinity": {}}}));
    for (quota, spec, app, is_counted) in [
        (scoped("Terminating"), &ending, &few, true),
        (scoped("Terminating"), &any, &few, false),
        (scoped("NotTerminating"), &ending, &few, false),
        (scoped("NotTerminating"), &any, &few, true),
        (scoped("BestEffort"), &any, &few, false),
        (scoped("NotBestEffort"), &any, &few, true),
        (scoped("PriorityClass"), &high, &few, true),
        (scoped("PriorityClass"), &any, &few, false),
        (by_class("In", &json!(["high"])), &high, &few, true),
        (by_class("In", &json!(["low"])), &high, &few, false),
        (by_class("NotIn", &json!(["low"])), &high, &few, true),
        (by_class("NotIn", &json!(["high"])), &high, &few, false),
        (by_class("NotIn", &json!(["high"])), &any, &few, false),
        (by_class("DoesNotExist", &Value::Null), &any, &few, false),
        (scoped("CrossNamespacePodAffinity"), &any, &few, false),
        (scoped("CrossNamespacePodAffinity"), &affinity, &few, false),
        (scoped("VolumeAttributesClass"), &any, &few, false),
        (json!({"hard": {"limits.memory": "100Mi"}, "scopes": ["Terminating", "NotBestEffort"]}), &any, &few, false),
        (json!({"hard": {"limits.memory": "100Mi"}, "scopes": null, "scopeSelector": null}), &any, &few, true),
        (scoped("NotBestEffort"), &any, &none, true),
    ] {
        let found = violations(&quota, &PodCase { spec: spec.clone(), ..PodCase::new(app.clone(), few.clone()) });
        assert_eq!(found.len(), usize::from(is_counted), "{quota} {spec} {app}: {found:?}");
    }
}

#[test]
fn a_quota_that_counts_a_pod_only_because_of_the_companion_is_exceeded_by_the_companion() {
    let spec = json!({"hard": {"requests.memory": "1Gi"}, "scopes": ["NotBestEffort"]});
    let without = |note: &Value| violations(&spec, &PodCase::new(json!({}), note.clone()));
    let of_note = "requires requests.memory of every container, and the injected container note has none";
    expect(&without(&both("cpu", "10m")), &[of_note]);
    let of_web = "requires requests.memory of every container, and container web has none; set requests.memory of container web, or";
    expect(&without(&both("memory", "64Mi")), &[of_web]);
    expect(&without(&json!({})), &[]);
    let overhead =
        PodCase { spec: json!({"overhead": {"memory": "2Gi"}}), ..PodCase::new(json!({}), both("memory", "1Mi")) };
    let found = violations(&json!({"hard": {"requests.memory": "1Gi"}}), &overhead);
    expect(&found, &[]);
    expect(&violations(&spec, &overhead), &[of_web]);
    let exceeded = PodCase { app: both("memory", "0"), ..overhead };
    expect(
        &violations(&spec, &exceeded),
        &["allows 1Gi for requests.memory, and with the injected containers one Pod has 2049Mi"],
    );
}

#[test]
fn a_quota_with_thousands_of_keys_is_checked_if_few_of_them_are_resources_of_pods() {
    let many = |prefix: &str| {
        let keys = (0..20_000).map(|i| (format!("{prefix}{i}.example.com"), Value::from("1")));
        let mut hard: serde_json::Map<_, _> = keys.collect();
        hard.insert("limits.memory".to_owned(), "100Mi".into());
        json!({"metadata": {"name": "team"}, "spec": {"hard": hard}}).to_string()
    };
    let objects = many("count/objects");
    let mut read = None;
    let counted = allocation_counter::measure(|| read = serde_json::from_str::<Quota>(&objects).ok());
    assert!(counted.bytes_max < 4096, "{counted:?}");
    let (quota, remedies) = (read.unwrap(), no_companions());
    let case = PodCase::new(both("memory", "64Mi"), both("memory", "64Mi"));
    let found: Vec<String> = case.planned(&[], |pod| quota.violations(pod, &remedies).collect());
    expect(&found, &["ResourceQuota team allows 100Mi for limits.memory, and with"]);
    assert!(!quota.is_too_long());
    let devices: Quota = serde_json::from_str(&many("requests.example.com/r")).unwrap();
    assert!(devices.is_too_long() && devices.spec.hard.iter().count() == 64);
}
