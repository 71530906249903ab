//! The laws of the pure room, each over ten thousand generated Pods and companions.
//!
//! `PROPTEST_CASES` changes how many.

use std::collections::{BTreeMap, BTreeSet};

use crate::pods::{defaulted, settled, without_own_keys};
use crate::support::generate::{NAMESPACE, Scene, parameter_value, scene};
use crate::support::{Reply, ask, review_of, snapshot, volumes};
use podgraft::internals::admission;
use podgraft::internals::inject;
use podgraft::internals::inject::pod::Pod;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::inject::uninject;
use podgraft::internals::inject::verdict::{Decision, Effect};
use proptest::prelude::*;
use serde_json::Value;

/// Ten thousand cases, unless the environment says otherwise.
pub fn laws() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() }
}

pub fn patched(scene: &Scene) -> (Snapshot, Reply, Value) {
    let snapshot = snapshot(&scene.manifests);
    let reply = ask(&scene.pod, NAMESPACE, &snapshot);
    let pod = reply.apply(&scene.pod);
    (snapshot, reply, pod)
}

fn operations(reply: &Reply) -> Vec<Value> {
    reply.patch.as_ref().and_then(Value::as_array).cloned().unwrap_or_default()
}

fn names(pod: &Value, list: &str) -> Vec<String> {
    let items = pod["spec"][list].as_array().into_iter().flatten();
    items.filter_map(|item| item["name"].as_str().map(Into::into)).collect()
}

/// Keys and kinds of a JSON value, without its scalars.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            format!("{{{}}}", members.iter().map(|(k, v)| format!("{k}:{}", shape(v))).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        Value::String(_) => "s".into(),
        Value::Number(_) => "n".into(),
        Value::Bool(_) => "b".into(),
        Value::Null => "0".into(),
    }
}

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn p1_a_patch_only_adds_and_only_where_companions_belong(scene in scene()) {
        let (_, reply, _) = patched(&scene);
        for operation in operations(&reply) {
            let path = operation["path"].as_str().unwrap();
            if operation["op"] == "remove" {
                prop_assert_eq!(path, "/metadata/annotations/podgraft.dev~1skipped");
                continue;
            }
            prop_assert_eq!(&operation["op"], "add");
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            let allowed = match parts.as_slice() {
                ["spec", "volumes" | "imagePullSecrets", item] => *item == "-",
                ["metadata", "annotations" | "labels"]
                | ["metadata", "annotations", _]
                | ["spec", "volumes" | "imagePullSecrets" | "initContainers" | "containers"]
                | ["spec", "initContainers" | "containers", _]
                | ["spec", "initContainers" | "containers", _, "env" | "volumeMounts"]
                | ["spec", "initContainers" | "containers", _, "env" | "volumeMounts", _]
                | ["spec", "containers", _, "lifecycle"]
                | ["spec", "containers", _, "lifecycle", "preStop"] => true,
                ["metadata", "labels", label] => label.starts_with("companions.podgraft.dev~1"),
                _ => false,
            };
            prop_assert!(allowed, "{}", path);
            // An add onto a member that is there would replace it: only podgraft's own may be written over.
            let before = scene.pod.pointer(path).filter(|v| !v.is_null());
            let into_array = parts.last().is_some_and(|p| *p == "-" || p.parse::<usize>().is_ok());
            let own = ["/podgraft.dev~1status", "/podgraft.dev~1skipped"].iter().any(|own| path.ends_with(own));
            let is_own = own || path.starts_with("/metadata/labels/companions.podgraft.dev~1");
            prop_assert!(before.is_none() || into_array || is_own, "{}", path);
        }
    }

    #[test]
    fn p2_a_patch_applies_and_gives_a_consistent_pod(scene in scene()) {
        let (_, reply, pod) = patched(&scene);
        if reply.patch.is_none() {
            return Ok(());
        }
        let containers: Vec<String> = ["initContainers", "containers"].iter().flat_map(|list| names(&pod, list)).collect();
        let distinct: BTreeSet<&String> = containers.iter().collect();
        prop_assert_eq!(distinct.len(), containers.len(), "container names {:?}", containers);
        let declared = names(&pod, "volumes");
        let distinct: BTreeSet<&String> = declared.iter().collect();
        prop_assert_eq!(distinct.len(), declared.len(), "volumes {:?}", declared);
        prop_assert_eq!(volumes::missing(&pod, &scene.pod), None);
        let mut ports = BTreeMap::new();
        for list in ["initContainers", "containers"] {
            for container in pod["spec"][list].as_array().into_iter().flatten() {
                let name = container["name"].as_str().unwrap();
                let authored_here = names(&scene.pod, list).iter().any(|n| n == name);
                let mut paths = BTreeSet::new();
                for mount in container["volumeMounts"].as_array().into_iter().flatten() {
                    prop_assert!(paths.insert(mount["mountPath"].as_str().unwrap()), "{} mounts twice at {}", name, mount);
                }
                let env: Vec<&str> = container["env"].as_array().into_iter().flatten().filter_map(|e| e["name"].as_str()).collect();
                let distinct: BTreeSet<&&str> = env.iter().collect();
                prop_assert_eq!(distinct.len(), env.len(), "variables of {}: {:?}", name, &env);
                if authored_here {
                    continue;
                }
                for port in container["ports"].as_array().into_iter().flatten() {
                    let number = port["containerPort"].to_string();
                    prop_assert!(ports.insert(number, name.to_owned()).is_none(), "{} twice", port);
                }
            }
        }
    }

    #[test]
    fn p3_and_p4_originals_keep_their_bytes_and_their_order(scene in scene()) {
        let (_, reply, pod) = patched(&scene);
        if reply.patch.is_none() {
            return Ok(());
        }
        let mut erased = pod;
        // An annotation of skipped companions that was removed leaves nothing to remove.
        let adds = operations(&reply).iter().any(|operation| operation["op"] == "add");
        prop_assert_eq!(uninject(&mut erased).unwrap(), adds);
        // Numbers compare by their text here, objects by the order of their keys.
        prop_assert_eq!(settled(&erased).to_string(), settled(&without_own_keys(&scene.pod)).to_string());
    }

    #[test]
    fn p5_injection_is_idempotent_and_restores_dropped_restart_policies(scene in scene()) {
        let (snapshot, reply, pod) = patched(&scene);
        if reply.patch.is_none() {
            return Ok(());
        }
        let with_token = volumes::with_token(&defaulted(&pod));
        let again = [(pod.clone(), "at once"), (defaulted(&pod), "after defaults"), (with_token, "with a token")];
        for (again, what) in again {
            let second = ask(&again, NAMESPACE, &snapshot);
            prop_assert!(second.allowed && second.patch.is_none(), "{}: {} {:?}", what, second.message, second.patch);
        }
        let (authored, mut dropped) = (names(&scene.pod, "initContainers"), pod.clone());
        for container in dropped.pointer_mut("/spec/initContainers").and_then(Value::as_array_mut).into_iter().flatten() {
            if !authored.iter().any(|name| container["name"] == **name) {
                container.as_object_mut().unwrap().shift_remove("restartPolicy");
            }
        }
        prop_assert_eq!(ask(&dropped, NAMESPACE, &snapshot).apply(&dropped), pod);
    }

    #[test]
    fn p11_no_companion_gets_a_token_that_it_does_not_use(scene in scene()) {
        let (_, _, pod) = patched(&scene);
        prop_assert_eq!(volumes::unmasked(&pod, &scene.pod, &scene.manifests), None);
    }

    #[test]
    fn p6_every_operation_is_needed(scene in scene()) {
        let (_, reply, whole) = patched(&scene);
        let operations = operations(&reply);
        for left_out in 0..operations.len() {
            let mut fewer = operations.clone();
            fewer.remove(left_out);
            let fewer: json_patch::Patch = serde_json::from_value(fewer.into()).unwrap();
            let mut pod = scene.pod.clone();
            if json_patch::patch(&mut pod, &fewer).is_ok() {
                prop_assert_ne!(&pod, &whole, "{} changes nothing", &operations[left_out]);
            }
        }
    }

    #[test]
    fn p7_the_same_review_has_the_same_answer_also_as_a_dry_run(scene in scene()) {
        let mut manifests = scene.manifests.clone();
        let first = snapshot(&manifests);
        manifests.reverse();
        let other = snapshot(&manifests);
        let mut review = review_of(&scene.pod, NAMESPACE);
        let wet = admission::review(review.to_string().as_bytes(), Webhook::Requested, &first, |_| {});
        review["request"]["dryRun"] = true.into();
        let dry = admission::review(review.to_string().as_bytes(), Webhook::Requested, &other, |_| {});
        prop_assert_eq!(String::from_utf8(wet.body).unwrap(), String::from_utf8(dry.body).unwrap());
    }

    #[test]
    fn p9_no_value_of_a_parameter_changes_the_shape_of_what_is_injected(scene in scene(), value in parameter_value()) {
        let with = |value: &str| {
            let mut scene = scene.clone();
            let metadata = scene.pod["metadata"].as_object_mut().unwrap();
            let annotations: serde_json::Map<_, _> = ["alpha", "git-sync", "redis", "z9"]
                .iter()
                .filter(|name| scene.manifests.iter().any(|m| m["metadata"]["name"] == **name && m["spec"]["parameters"][0]["name"] == "text"))
                .flat_map(|name| [(format!("podgraft.dev/{name}.text"), value.into())])
                .chain([("podgraft.dev/companions".to_owned(), "redis".into())])
                .collect();
            metadata.insert("annotations".into(), annotations.into());
            patched(&scene).1
        };
        let (benign, tried) = (with("benign"), with(&value));
        if tried.allowed {
            prop_assert_eq!(shape(&benign.patch.unwrap_or_default()), shape(&tried.patch.unwrap_or_default()));
        }
    }

    #[test]
    fn p10_a_denial_has_a_reason_and_every_companion_one_outcome(scene in scene()) {
        let snapshot = snapshot(&scene.manifests);
        let json = scene.pod.to_string();
        let request = inject::Request { pod: Pod::read(json.as_bytes()).unwrap(), namespace: NAMESPACE, webhook: None, requester: "" };
        let verdict = inject::review(&request, &snapshot);
        let mut outcomes = BTreeSet::new();
        for (companion, _) in verdict.outcomes() {
            prop_assert!(outcomes.insert(companion.to_owned()), "{} has two outcomes", companion);
        }
        let denied = verdict.with_effect(Effect::Deny).count();
        prop_assert_eq!(verdict.decision == Decision::Deny, denied > 0);
        let reply = ask(&scene.pod, NAMESPACE, &snapshot);
        prop_assert_eq!(reply.allowed, denied == 0);
        prop_assert_eq!(reply.message.is_empty(), denied == 0);
        prop_assert!(reply.message.chars().count() <= 512);
        prop_assert!(reply.warnings.len() <= 5 && reply.warnings.iter().map(String::len).sum::<usize>() <= 2048);
        let injected: BTreeSet<&str> =
            verdict.outcomes().filter(|(_, f)| f.reason.label() == "Injected").map(|(name, _)| name).collect();
        let is_own = |operation: &Value| operation["path"].as_str().unwrap().ends_with("podgraft.dev~1skipped")
            || operation["value"].get("podgraft.dev/skipped").is_some()
            || operation["value"]["annotations"].get("podgraft.dev/skipped").is_some();
        prop_assert_eq!(operations(&reply).iter().any(|operation| !is_own(operation)), !injected.is_empty() && denied == 0);
    }
}

/// Most generated companions are good ones, or the laws would be shown over next to nothing.
#[test]
fn most_generated_companions_are_valid() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut good, mut refused) = (0, BTreeMap::<String, u32>::new());
    for _ in 0..1_000 {
        let companion = crate::support::generate::any_companion("redis").new_tree(&mut runner).unwrap().current();
        let problems = podgraft::internals::api::check_companion(&companion).problems;
        good += u32::from(problems.is_empty());
        for problem in problems {
            *refused.entry(format!("{}: {}", problem.field(), problem.message)).or_default() += 1;
        }
    }
    assert!(good >= 700, "only {good} of 1000 are good: {refused:#?}");
}
