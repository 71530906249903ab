//! Containers: fields that Kubernetes restricts, and fields that a companion cannot set.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::api::message::{duplicate, duplicate_of, forbidden, invalid, unsupported};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::validate::conformance;

/// The UIDs and GIDs that API servers accept (`IsValidUserID` of `k8s.io/apimachinery`).
const IDS: RangeInclusive<i64> = 0..=2_147_483_647;

/// Enumerations that the generated schema of Kubernetes does not have.
const WORDS: [(&str, &[&str]); 2] = [
    ("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("terminationMessagePolicy", &["File", "FallbackToLogsOnError"]),
];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let mut names = HashMap::new();
    for each in object.containers() {
        not_ours_to_set(&each, report);
        let members = each.raw.iter().map(|(name, value)| (name.as_str(), value));
        conformance::check_members(members, &schema::CONTAINER, &each.at, report);
        for (field, words) in WORDS {
            let word = each.field(field).and_then(Value::as_str);
            if let Some(word) = word.filter(|word| !words.contains(word)) {
                report.error(&each.at.member(field), unsupported(word, words, None));
            }
        }
        user_and_group(&each, report);
        resize_policy(&each, report);
        if each.container.image.contains(char::is_whitespace) {
            report.error(&each.at.member("image"), invalid("must not contain whitespace"));
        }
        let other = names.insert(&each.container.name, each.list.is_init());
        if other.is_some_and(|init| init != each.list.is_init()) {
            let message = duplicate_of(&each.container.name, "also used in spec.containers");
            report.error(&each.at.member("name"), message);
        }
    }
}

fn user_and_group(each: &ContainerAt, report: &mut Report) {
    for field in ["runAsUser", "runAsGroup"] {
        let id = each.field("securityContext").and_then(|context| context[field].as_i64());
        if id.is_some_and(|id| !IDS.contains(&id)) {
            let message = format_args!("must be between {} and {}, inclusive", IDS.start(), IDS.end());
            report.error(&each.at.member("securityContext").member(field), invalid(message));
        }
    }
}

/// Each resource has one policy. Init containers that complete cannot be restarted.
fn resize_policy(each: &ContainerAt, report: &mut Report) {
    let list = each.at.member("resizePolicy");
    let mut resources = HashSet::new();
    for (i, policy) in each.field("resizePolicy").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let (resource, restart) = (policy["resourceName"].as_str(), policy["restartPolicy"].as_str());
        let at = list.item(i).member("resourceName");
        match resource {
            Some(name) if !["cpu", "memory"].contains(&name) => {
                report.error(&at, unsupported(name, &["cpu", "memory"], None));
            }
            Some(name) if !resources.insert(name) => report.error(&at, duplicate(name)),
            _ => {}
        }
        let (at, words) = (list.item(i).member("restartPolicy"), ["NotRequired", "RestartContainer"]);
        match restart {
            Some(word) if !words.contains(&word) => report.error(&at, unsupported(word, &words, None)),
            Some("RestartContainer") if each.list.is_init() => {
                report.error(&at, forbidden("init containers are not restarted; set NotRequired"));
            }
            _ => {}
        }
    }
}

/// Fields that a companion cannot set.
fn not_ours_to_set(each: &ContainerAt, report: &mut Report) {
    if each.field("restartPolicy").is_some() {
        let message = "podgraft sets restartPolicy from spec.lifecycle and from the list that declares the container; remove this field";
        report.schema_error(&each.at.member("restartPolicy"), forbidden(message));
    }
    if each.field("targetContainerName").is_some() {
        let message = "only ephemeral containers have this field; remove this field";
        report.schema_error(&each.at.member("targetContainerName"), forbidden(message));
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
        if each.list.is_init() && each.field(field).is_some() {
            let message = "Kubernetes accepts this field in long-running containers only; remove this field or move the container to spec.containers";
            report.error(&each.at.member(field), forbidden(message));
        }
    }
    if each.raw.get("resources").and_then(|r| r["claims"].as_array()).is_some_and(|claims| !claims.is_empty()) {
        let message = "a companion cannot add resource claims to a Pod; remove this field";
        report.error(&each.at.member("resources").member("claims"), forbidden(message));
    }
}

/// The field path of the container with this name.
pub(in crate::api) fn position(object: &CompanionObject, name: &str) -> Option<FieldPath> {
    object.containers().find(|each| each.container.name == name).map(|each| each.at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, container, warns};

    #[test]
    fn a_container_has_a_name_and_an_image() {
        check(
            companion("/spec/containers", json!([{"env": []}])),
            &["spec.containers[0].name: required value", "spec.containers[0].image: required value"],
        );
        check(
            companion("/spec/containers/0/image", json!("a:1 ")),
            &["spec.containers[0].image: invalid value: must not contain whitespace"],
        );
        check(companion("/spec/containers", json!([])), &["spec.containers: invalid value: must have at least 1 item"]);
        check(
            companion("/spec/containers/0/name", json!("Git Sync")),
            &["spec.containers[0].name: invalid value: must be a DNS label"],
        );
        check(
            companion("/spec/containers/0/name", json!("a".repeat(64))),
            &["spec.containers[0].name: invalid value: must have at most 63"],
        );
    }

    #[test]
    fn a_wrong_type_deep_inside_a_container_is_reported_at_its_field() {
        let probe = json!({"httpGet": {"port": 80, "path": 1}, "periodSeconds": "5"});
        check(
            companion("/spec/containers/0/readinessProbe", probe),
            &[
                "spec.containers[0].readinessProbe.httpGet.path: invalid value: must be a string, not a number; put the value in quotes",
                "spec.containers[0].readinessProbe.periodSeconds: invalid value: must be an integer",
            ],
        );
        check(
            companion("/spec/containers/0/resources/limits", json!([])),
            &["spec.containers[0].resources.limits: invalid value: must be an object"],
        );
    }

    #[test]
    fn an_unknown_field_of_a_container_is_kept_and_warned_about() {
        let expected = "spec.containers[0].workingDirectory: unknown field, kept; remove this field unless a later version of Kubernetes has it";
        warns(companion("/spec/containers/0/workingDirectory", json!("/x")), expected);
        let expected = "spec.containers[0].imagePullPolice: unknown field, kept; did you mean \"imagePullPolicy\"?";
        warns(companion("/spec/containers/0/imagePullPolice", json!("Always")), expected);
    }

    #[test]
    fn a_container_cannot_set_what_podgraft_decides() {
        check(
            companion("/spec/containers/0/restartPolicy", json!("Always")),
            &["spec.containers[0].restartPolicy: forbidden: podgraft sets restartPolicy"],
        );
        check(
            companion("/spec/containers/0/targetContainerName", json!("x")),
            &["spec.containers[0].targetContainerName: forbidden: only ephemeral containers have this field"],
        );
        check(
            companion("/spec/containers/0/resources/claims", json!([{"name": "gpu"}])),
            &["spec.containers[0].resources.claims: forbidden: a companion cannot add resource claims"],
        );
    }

    #[test]
    fn an_init_container_has_no_probes() {
        let mut init = container("prepare", "registry.example/git-sync:v4");
        init["startupProbe"] = json!({"tcpSocket": {"port": 80}});
        let expected = "spec.initContainers[0].startupProbe: forbidden: Kubernetes accepts this field in long-running containers only";
        check(companion("/spec/initContainers/0", init), &[expected]);
    }

    #[test]
    fn names_are_unique_over_both_lists() {
        let other = container("git-sync", "registry.example/git-sync:v4");
        check(
            companion("/spec/containers/1", other.clone()),
            &["spec.containers[1].name: duplicate value \"git-sync\""],
        );
        check(
            companion("/spec/initContainers/0", other),
            &["spec.initContainers[0].name: duplicate value \"git-sync\": also used in spec.containers"],
        );
    }

    #[test]
    fn users_and_groups_have_numbers_that_api_servers_accept() {
        for field in ["runAsUser", "runAsGroup"] {
            let place = format!("/spec/containers/0/securityContext/{field}");
            check(companion(&place, json!(2_147_483_647)), &[]);
            for id in [json!(-1), json!(2_147_483_648_u32)] {
                let expected = "invalid value: must be between 0 and 2147483647, inclusive";
                check(companion(&place, id), &[&format!("spec.containers[0].securityContext.{field}: {expected}")]);
            }
        }
    }

    #[test]
    fn a_resource_has_one_resize_policy_that_api_servers_accept() {
        let policy = |resource: &str, restart: &str| json!({"resourceName": resource, "restartPolicy": restart});
        let policies = json!([
            policy("cpu", "NotRequired"),
            policy("cpu", "NotRequired"),
            policy("hugepages-2Mi", "NotRequired"),
            policy("memory", "Always")
        ]);
        let at = "spec.containers[0].resizePolicy";
        check(
            companion("/spec/containers/0/resizePolicy", policies),
            &[
                &format!("{at}[1].resourceName: duplicate value \"cpu\""),
                &format!("{at}[2].resourceName: unsupported value: \"hugepages-2Mi\"; supported: cpu, memory"),
                &format!("{at}[3].restartPolicy: unsupported value: \"Always\"; supported: NotRequired"),
            ],
        );
        check(companion("/spec/containers/0/resizePolicy", json!([policy("memory", "RestartContainer")])), &[]);
        let mut init = container("prepare", "registry.example/git-sync:v4");
        init["resizePolicy"] = json!([policy("memory", "RestartContainer")]);
        check(
            companion("/spec/initContainers/0", init),
            &["spec.initContainers[0].resizePolicy[0].restartPolicy: forbidden: init containers are not restarted"],
        );
    }

    #[test]
    fn enumerations_of_kubernetes_are_known() {
        check(
            companion("/spec/containers/0/imagePullPolicy", json!("always")),
            &[
                "spec.containers[0].imagePullPolicy: unsupported value: \"always\"; supported: Always, IfNotPresent, Never",
            ],
        );
    }
}
