//! Exclusions of containers: each different one costs a set of containers.

use serde_json::{Value, json};

use super::support::snapshot;
use super::{companion, pod, review};

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
        assert!(reply.allowed && reply.patch.is_none(), "{}", reply.audit["n0"]);
    }
}

/// A variable that no two of them set, so that all of them fit.
#[test]
fn where_exclusions_are_too_many_the_last_companions_share_one() {
    let with = |name: &str, excluded: &str| {
        let variable = json!({"app": {"env": [{"name": name.to_uppercase(), "value": "x"}]}});
        automatic(name, &json!([excluded]), &variable)
    };
    let names = ["a", "b", "c", "d", "e", "f"];
    let companions: Vec<_> = names.iter().enumerate().map(|(i, name)| with(name, &format!("c{i}"))).collect();
    let mut pod = pod("", 70, &|i| json!({"name": format!("c{i}")}));
    pod["metadata"] = json!({"name": "p", "labels": {"podgraft.dev/inject": "enabled"}});
    let reply = review(&pod, &snapshot(&companions));
    let patch = reply.patch.unwrap();
    let gets = |variable: &str, container: usize| {
        let there = format!("/spec/containers/{container}/env");
        patch.as_array().unwrap().iter().any(|operation| {
            operation["path"] == *there && operation["value"].to_string().contains(&format!("\"{variable}\""))
        })
    };
    for (i, name) in names.iter().enumerate() {
        assert!(!gets(&name.to_uppercase(), i), "{name} excludes c{i}");
        assert!(gets(&name.to_uppercase(), 60), "{name} does not exclude c60");
    }
    assert!(gets("C", 3) && gets("C", 5), "the first ones are exact");
    assert!(!gets("D", 4) && !gets("F", 3), "the last ones leave out what one of them excludes");
}
