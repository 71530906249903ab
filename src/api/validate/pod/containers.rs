//! Containers as Kubernetes means them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::validate::conformance;
use crate::inject::companion::quantity::Quantity;

/// Words of which Kubernetes takes no other.
const WORDS: [(&str, &[&str]); 2] = [
    ("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("terminationMessagePolicy", &["File", "FallbackToLogsOnError"]),
];

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let mut names = HashMap::new();
    for each in object.containers() {
        not_ours_to_set(&each, found);
        let members = each.raw.iter().map(|(name, value)| (name.as_str(), value));
        conformance::check_members(members, &schema::CONTAINER, &each.at, found);
        for (field, words) in WORDS {
            if each.field(field).and_then(Value::as_str).is_some_and(|word| !words.contains(&word)) {
                found.error(&each.at.member(field), format!("must be one of {}", words.join(", ")));
            }
        }
        if each.container.image.contains(char::is_whitespace) {
            found.error(&each.at.member("image"), "has white space in it; remove it");
        }
        resources(&each, found);
        let other = names.insert(&each.container.name, each.init);
        if other.is_some_and(|init| init != each.init) {
            let message = "stands in containers, too: a name may stand in one of the two lists only; rename one";
            found.error(&each.at.member("name"), message);
        }
    }
}

/// Fields that are not a companion's to set.
fn not_ours_to_set(each: &ContainerAt, found: &mut Report) {
    for field in ["restartPolicy", "restartPolicyRules"] {
        if each.field(field).is_some() {
            let message = "is podgraft's to set, by lifecycle and by the list that the container stands in; remove it";
            found.schema_error(&each.at.member(field), message);
        }
    }
    if each.field("targetContainerName").is_some() {
        let message = "belongs to ephemeral containers, which podgraft never makes; remove it";
        found.schema_error(&each.at.member("targetContainerName"), message);
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
        if each.init && each.field(field).is_some() {
            let message =
                "Kubernetes takes it in long-running containers only; remove it, or move the container to containers";
            found.error(&each.at.member(field), message);
        }
    }
    if each.raw.get("resources").and_then(|r| r["claims"].as_array()).is_some_and(|claims| !claims.is_empty()) {
        let message = "a companion cannot add resource claims to a Pod; remove it";
        found.error(&each.at.member("resources").member("claims"), message);
    }
}

fn resources(each: &ContainerAt, found: &mut Report) {
    let at = each.at.member("resources");
    let mut amounts = BTreeMap::new();
    for list in ["limits", "requests"] {
        let declared = each.raw.get("resources").and_then(|r| r[list].as_object());
        for (name, value) in declared.into_iter().flatten() {
            let here = at.member(list).member(name);
            match quantity(value) {
                Some(amount) => drop(amounts.insert((list, name), (amount, here))),
                None => found.error(&here, "must be a quantity, such as 64Mi or 250m"),
            }
        }
    }
    for ((list, name), (request, here)) in &amounts {
        let limit = amounts.get(&("limits", *name)).filter(|(limit, _)| *list == "requests" && request > limit);
        if let Some((limit, _)) = limit {
            let message =
                format!("is more than the limit {}, which the API server refuses; raise the limit", limit.as_str());
            found.error(here, message);
        }
    }
}

/// A quantity as it stands in JSON: text, or a bare number.
pub(in crate::api) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// Where a container of this name stands.
pub(in crate::api) fn position(object: &CompanionObject, name: &str) -> Option<FieldPath> {
    object.containers().find(|each| each.container.name == name).map(|each| each.at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, container, warns};

    #[test]
    fn the_same_problems_are_told_in_the_same_order() {
        let names = ["a", "b", "c", "d", "e", "f"].map(|name| format!("example.com/{name}"));
        let all = |amount: &str| names.iter().map(|name| (name.clone(), json!(amount))).collect::<serde_json::Value>();
        let resources = json!({"requests": all("2"), "limits": all("1")});
        let told = crate::api::check_companion(&companion("/spec/containers/0/resources", resources)).problems;
        assert!(told.is_sorted_by_key(|problem| problem.pointer.clone()) && told.len() == names.len(), "{told:?}");
    }

    #[test]
    fn a_container_has_a_name_and_an_image() {
        check(
            companion("/spec/containers", json!([{"env": []}])),
            &["spec.containers[0].name: is missing", "spec.containers[0].image: is missing"],
        );
        check(
            companion("/spec/containers/0/image", json!("a:1 ")),
            &["spec.containers[0].image: has white space in it"],
        );
        check(companion("/spec/containers", json!([])), &["spec.containers: must have at least 1 item"]);
        check(
            companion("/spec/containers/0/name", json!("Git Sync")),
            &["spec.containers[0].name: must be a DNS label"],
        );
        check(
            companion("/spec/containers/0/name", json!("a".repeat(64))),
            &["spec.containers[0].name: must have at most 63"],
        );
    }

    #[test]
    fn a_wrong_type_deep_inside_a_container_is_told_at_its_place() {
        let probe = json!({"httpGet": {"port": 80, "path": 1}, "periodSeconds": "5"});
        check(
            companion("/spec/containers/0/readinessProbe", probe),
            &[
                "spec.containers[0].readinessProbe.httpGet.path: must be a string, not a number; put it in quotes",
                "spec.containers[0].readinessProbe.periodSeconds: must be a whole number",
            ],
        );
        check(
            companion("/spec/containers/0/resources/limits", json!([])),
            &["spec.containers[0].resources.limits: must be an object"],
        );
    }

    #[test]
    fn an_unknown_field_of_a_container_is_kept_and_warned_about() {
        let expected = "spec.containers[0].workingDirectory: no field of Kubernetes that podgraft knows, kept as it is";
        warns(companion("/spec/containers/0/workingDirectory", json!("/x")), expected);
        let expected = "spec.containers[0].imagePullPolice: no field of Kubernetes that podgraft knows, kept as it is; did you mean imagePullPolicy?";
        warns(companion("/spec/containers/0/imagePullPolice", json!("Always")), expected);
    }

    #[test]
    fn what_podgraft_decides_is_not_a_containers_to_say() {
        check(
            companion("/spec/containers/0/restartPolicy", json!("Always")),
            &["spec.containers[0].restartPolicy: is podgraft's to set"],
        );
        check(
            companion("/spec/containers/0/targetContainerName", json!("x")),
            &["spec.containers[0].targetContainerName: belongs to ephemeral"],
        );
        check(
            companion("/spec/containers/0/resources/claims", json!([{"name": "gpu"}])),
            &["spec.containers[0].resources.claims: a companion cannot add resource claims"],
        );
    }

    #[test]
    fn a_container_that_runs_to_its_end_has_no_probes() {
        let mut init = container("prepare", "registry.example/git-sync:v4");
        init["startupProbe"] = json!({"tcpSocket": {"port": 80}});
        let expected = "spec.initContainers[0].startupProbe: Kubernetes takes it in long-running containers only";
        check(companion("/spec/initContainers/0", init), &[expected]);
    }

    #[test]
    fn names_are_unique_over_both_lists() {
        let other = container("git-sync", "registry.example/git-sync:v4");
        check(companion("/spec/containers/1", other.clone()), &["spec.containers[1].name: is there twice: git-sync"]);
        check(companion("/spec/initContainers/0", other), &["spec.initContainers[0].name: stands in containers, too"]);
    }

    #[test]
    fn resources_are_quantities_that_fit_together() {
        check(
            companion("/spec/containers/0/resources/limits/memory", json!("64 MB")),
            &["spec.containers[0].resources.limits.memory: must be a quantity"],
        );
        check(
            companion("/spec/containers/0/resources/limits/memory", json!("16Mi")),
            &["spec.containers[0].resources.requests.memory: is more than the limit 16Mi"],
        );
    }

    #[test]
    fn words_of_kubernetes_are_known() {
        check(
            companion("/spec/containers/0/imagePullPolicy", json!("always")),
            &["spec.containers[0].imagePullPolicy: must be one of Always, IfNotPresent, Never"],
        );
    }
}
