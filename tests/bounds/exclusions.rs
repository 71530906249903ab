//! Exclusions of containers: each different one costs a set of containers.

use serde_json::{Value, json};

use super::support::snapshot;
use super::{companion, only_lists_skipped, pod, review};

/// A companion that is automatic in opted-in namespaces and excludes containers.
fn automatic(name: &str, excluded: &Value, more: &Value) -> Value {
    let mut companion = companion(name, more);
    companion["spec"]["activation"] = json!("OptedInNamespaces");
    companion["spec"]["excludeContainers"] = excluded.clone();
    companion
}

#[test]
fn work_is_not_the_product_of_exclusions_and_containers() {
    let more = json!({"app": {"env": [{"name": "OWN", "value": "x"}, {"name": "LAST", "value": "x"}]}});
    for (count, companions) in [(3_000, 400), (40, 40), (64, 400)] {
        let excluded = |i: usize| {
            let others = (0..15).map(|k| format!("c{}*", (i * 31 + k * 7) % count));
            others.chain([format!("c{}", i % count)]).collect::<std::collections::BTreeSet<_>>()
        };
        let companions: Vec<_> =
            (0..companions).map(|i| automatic(&format!("n{i}"), &json!(excluded(i)), &more)).collect();
        let mut pod = pod("", count, &|i| json!({"name": format!("c{i}")}));
        pod["metadata"] = json!({"name": "p", "labels": {"podgraft.dev/inject": "enabled"}});
        pod["spec"]["containers"][count - 1] = json!({"name": "last", "env": [{"name": "LAST"}]});
        let reply = review(&pod, &snapshot(&companions));
        assert!(reply.allowed && only_lists_skipped(&reply), "{}", reply.audit["n0"]);
    }
}

/// Each companion sets a variable that no other one sets, so that all of them would fit.
#[test]
fn where_exclusions_are_too_many_the_last_companions_are_not_injected() {
    let with = |name: &str, excluded: &str| {
        let variable = json!({"app": {"env": [{"name": name.to_uppercase(), "value": "x"}]}});
        automatic(name, &json!([excluded]), &variable)
    };
    for (containers, most) in [(70, 4), (40, 16)] {
        let name = |i: usize| format!("n{i:02}");
        let last = name(most + 1);
        let mut companions: Vec<_> = (0..=most).map(|i| with(&name(i), &format!("c{i}"))).collect();
        // An exclusion that there is already is no further one, nor is one that matches no container.
        companions.extend([with(&last, "c0"), with("other", "none")]);
        let mut pod = pod("", containers, &|i| json!({"name": format!("c{i}")}));
        pod["metadata"] = json!({"name": "p", "labels": {"podgraft.dev/inject": "enabled"}});
        let reply = review(&pod, &snapshot(&companions));
        let patch = reply.patch.unwrap();
        let gets = |companion: &str, container: usize| {
            let there = format!("/spec/containers/{container}/env");
            let variable = format!("\"{}\"", companion.to_uppercase());
            let mut operations = patch.as_array().unwrap().iter();
            operations.any(|o| o["path"] == *there && o["value"].to_string().contains(&variable))
        };
        for i in 0..most {
            let others = (0..containers).filter(|container| *container != i);
            assert!(!gets(&name(i), i) && others.into_iter().all(|container| gets(&name(i), container)), "{i}");
        }
        assert_eq!(reply.audit[name(most)], "TooManyExclusions");
        assert!(!gets(&name(most), 30) && gets(&last, 30) && !gets(&last, 0) && gets("other", 0));
    }
}
