//! What podgraft may do. A verb that is added to a role is added here, with a reason.

use serde_json::Value;

use super::rendered;

const ALWAYS: [&str; 4] = [
    "podgraft.dev: clustercompanions, companions: list, watch",
    "podgraft.dev: clustercompanions/status, companions/status: patch",
    "core: namespaces: list, watch",
    "podgraft-system: apps: deployments [podgraft]: get",
];
const SELF_MANAGED: [&str; 4] = [
    "admissionregistration.k8s.io: mutatingwebhookconfigurations \
     [podgraft-requested, podgraft-opted-in, podgraft-cluster-wide, podgraft-opted-out]: list, watch, patch",
    "admissionregistration.k8s.io: validatingwebhookconfigurations [podgraft-preview]: list, watch, patch",
    "podgraft-system: core: secrets [podgraft-certificate]: get, list, watch, update",
    "podgraft-system: core: secrets: create",
];
/// What people may do with companions. `explain` reports whether webhooks are called, so it reads podgraft's own.
const WEBHOOKS: &str = "admissionregistration.k8s.io: mutatingwebhookconfigurations \
     [podgraft-requested, podgraft-opted-in, podgraft-cluster-wide, podgraft-opted-out]: get";
const VIEW: [&str; 2] = ["podgraft.dev: clustercompanions, companions: get, list, watch", WEBHOOKS];
const ADMIN: [&str; 1] = ["podgraft.dev: companions: create, update, patch, delete, deletecollection"];
const FOR_ALL: [&str; 2] = ["podgraft.dev: clustercompanions: get, list, watch", WEBHOOKS];
const REQUIRED: [&str; 1] =
    ["admissionregistration.k8s.io: validatingadmissionpolicies, validatingadmissionpolicybindings: \
     get, list, watch, create, update, delete"];
/// Where podgraft writes no caBundle, but has to know which of its configurations exist.
const REGISTRATIONS: [&str; 2] = [
    "admissionregistration.k8s.io: mutatingwebhookconfigurations \
     [podgraft-requested, podgraft-opted-in, podgraft-cluster-wide, podgraft-opted-out]: list, watch",
    "admissionregistration.k8s.io: validatingwebhookconfigurations [podgraft-preview]: list, watch",
];
const EVENTS: [&str; 1] = ["events.k8s.io: events: create"];
/// What the previews read besides companions and Namespaces.
const EXISTING_WORKLOADS: [&str; 4] = [
    "apps: deployments, statefulsets, daemonsets: list",
    "batch: cronjobs: list",
    "core: replicationcontrollers: list",
    "authorization.k8s.io: subjectaccessreviews: create",
];
const NAMESPACE_LIMITS: [&str; 2] =
    ["core: resourcequotas, limitranges: list", "autoscaling: horizontalpodautoscalers: list"];
const OWN_EVENTS: [&str; 1] = ["podgraft-system: events.k8s.io: events: create"];

#[test]
fn each_switch_brings_the_rights_that_it_needs_and_no_others() {
    let required = ["requiredCompanions.enabled=true", "webhooks.clusterWide.enabled=true"];
    let cert_manager = ["certificate.mode=certManager"];
    expect(&[], &[&ALWAYS, &SELF_MANAGED, &EVENTS, &VIEW, &ADMIN]);
    expect(&["events.enabled=false"], &[&ALWAYS, &SELF_MANAGED, &OWN_EVENTS, &VIEW, &ADMIN]);
    expect(&required, &[&ALWAYS, &SELF_MANAGED, &EVENTS, &REQUIRED, &VIEW, &ADMIN]);
    let (workloads, limits) = ("webhooks.preview.existingWorkloads=true", "webhooks.preview.namespaceLimits=true");
    expect(&[workloads], &[&ALWAYS, &SELF_MANAGED, &EVENTS, &EXISTING_WORKLOADS, &VIEW, &ADMIN]);
    expect(&[limits], &[&ALWAYS, &SELF_MANAGED, &EVENTS, &NAMESPACE_LIMITS, &VIEW, &ADMIN]);
    let disabled = "webhooks.preview.enabled=false";
    expect(&[workloads, limits, disabled], &[&ALWAYS, &SELF_MANAGED, &EVENTS, &VIEW, &ADMIN]);
    expect(&cert_manager, &[&ALWAYS, &REGISTRATIONS, &EVENTS, &VIEW, &ADMIN]);
    expect(&[required[0], required[1], cert_manager[0]], &[&ALWAYS, &REGISTRATIONS, &EVENTS, &REQUIRED, &VIEW, &ADMIN]);
    expect(&["rbac.create=false"], &[&VIEW, &ADMIN]);
    expect(&["rbac.create=false", "rbac.aggregateToAdmin=false"], &[&VIEW]);
    expect(
        &["rbac.create=false", "rbac.aggregateToView=false", "rbac.clusterCompanionsForAll=true"],
        &[&ADMIN, &FOR_ALL],
    );
}

#[test]
fn each_role_for_people_aggregates_to_the_roles_of_its_value() {
    let aggregates = |values: &str| -> Vec<String> {
        let objects = rendered(&[&format!("--set={values}")]);
        let labels =
            objects.iter().filter(|o| o["kind"] == "ClusterRole").filter_map(|o| o["metadata"]["labels"].as_object());
        let all = labels.flatten().filter(|(_, value)| *value == "true");
        all.filter_map(|(key, _)| key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(aggregates("enabled=true"), ["view", "admin"]);
    assert_eq!(aggregates("rbac.aggregateToEdit=true"), ["view", "admin", "edit"]);
    assert_eq!(aggregates("rbac.aggregateToEdit=true,rbac.aggregateToAdmin=false"), ["view", "edit"]);
    assert_eq!(aggregates("rbac.aggregateToView=false,rbac.aggregateToAdmin=false"), [""; 0]);
}

#[track_caller]
fn expect(values: &[&str], groups: &[&[&str]]) {
    let set: Vec<String> = values.iter().map(|value| format!("--set={value}")).collect();
    let objects = rendered(&set.iter().map(String::as_str).collect::<Vec<_>>());
    let roles = objects.iter().filter(|o| o["kind"] == "ClusterRole" || o["kind"] == "Role");
    let mut rules: Vec<String> = roles.flat_map(rules).collect();
    let mut expected = groups.concat();
    rules.sort();
    expected.sort_unstable();
    assert_eq!(rules, expected, "{values:?}");
}

fn rules(role: &Value) -> Vec<String> {
    let namespace = role["metadata"]["namespace"].as_str().map(|n| format!("{n}: ")).unwrap_or_default();
    let one = |rule: &Value| {
        let keys: Vec<&String> = rule.as_object().unwrap().keys().collect();
        assert!(keys.iter().all(|k| ["apiGroups", "resources", "resourceNames", "verbs"].contains(&k.as_str())));
        let list = |key: &str| {
            let words = rule[key].as_array().map_or(&[][..], Vec::as_slice).iter();
            words
                .map(|w| w.as_str().unwrap())
                .map(|w| if w.is_empty() { "core" } else { w })
                .collect::<Vec<_>>()
                .join(", ")
        };
        let names = list("resourceNames");
        let names = if names.is_empty() { names } else { format!(" [{names}]") };
        format!("{namespace}{}: {}{names}: {}", list("apiGroups"), list("resources"), list("verbs"))
    };
    role["rules"].as_array().unwrap().iter().map(one).collect()
}
