//! `policies`.

use podgraft::internals::manifest;

use super::{COMPANION, Folder};

const REQUIRED: &str = include_str!("../policies/plain.yaml");
/// What the server writes for it.
const WRITTEN: &str = include_str!("../policies/plain.out.yaml");
/// The newest version, and the one before it.
const TWO_VERSIONS: &str = include_str!("../policies/changing-selectors.yaml");
const WRITTEN_FOR_TWO: &str = include_str!("../policies/changing-selectors.out.yaml");

#[test]
fn the_policies_that_the_server_writes_are_printed() {
    let folder = Folder::new().with("required.yaml", REQUIRED).with("two.yaml", TWO_VERSIONS);
    let run = folder.run("policies -f required.yaml companion.yaml");
    assert_eq!((run.code, &*run.out), (0, WRITTEN), "{}", run.err);
    assert_eq!(folder.run("policies -f two.yaml").out, WRITTEN_FOR_TWO, "two versions are both accepted");
}

#[test]
fn required_companions_of_a_list_have_policies_and_their_errors_have_positions() {
    let list = |companion: &str| {
        let lines: Vec<&str> = companion.lines().collect();
        format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", lines.join("\n  "))
    };
    let folder = Folder::new()
        .with("list.yaml", &list(REQUIRED))
        .with("invalid.yaml", &list(&REQUIRED.replace("activation: ClusterWide", "activation: OnRequest")));
    assert_eq!(folder.run("policies -f list.yaml").out, WRITTEN);
    let invalid = folder.run("policies -f invalid.yaml");
    assert_eq!((invalid.code, &*invalid.out), (1, ""));
    assert!(invalid.err.contains("items[0].spec."), "{}", invalid.err);
}

#[test]
fn static_policies_have_the_names_that_api_servers_require_and_differ_in_nothing_else() {
    let folder = Folder::new().with("required.yaml", REQUIRED);
    let run = folder.run("policies -f required.yaml --static");
    let documents = manifest::read(run.out.as_bytes());
    assert_eq!(documents.len(), 4, "{}", run.out);
    for document in documents {
        let value = document.unwrap().value.unwrap();
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("podgraft-required-logs") && name.ends_with(".static.k8s.io"), "{name}");
        if value["kind"] == "ValidatingAdmissionPolicyBinding" {
            assert_eq!(value["spec"]["policyName"], name);
        }
    }
    assert_eq!(run.out.replace(".static.k8s.io", ""), WRITTEN);
}

#[test]
fn the_installation_is_named_by_flags() {
    let folder = Folder::new().with("required.yaml", REQUIRED);
    let run = folder.run("policies -f required.yaml --name grafts -n town --excluded-namespace cni-system,gpu-system");
    assert!(run.out.contains("name: grafts-required-logs\n"), "{}", run.out);
    let excluded = "- kube-node-lease\n        - town\n        - cni-system\n        - gpu-system\n";
    assert!(run.out.contains(excluded), "{}", run.out);
}

#[test]
fn companions_that_need_no_policy_or_that_are_invalid_print_none() {
    let folder = Folder::new()
        .with("invalid.yaml", &REQUIRED.replace("activation: ClusterWide", "activation: OnRequest"))
        .with("three.yaml", &[REQUIRED; 3].join("---\n"));
    let none = folder.run("policies -f companion.yaml");
    assert_eq!((none.code, &*none.out), (0, ""));
    assert!(none.err.contains("no required companions among these manifests"), "{}", none.err);
    let invalid = folder.run("policies -f invalid.yaml");
    assert_eq!((invalid.code, &*invalid.out), (1, ""), "{}", invalid.err);
    assert!(invalid.err.contains("invalid.yaml:"), "{}", invalid.err);
    let three = folder.run("policies -f three.yaml");
    assert_eq!((three.code, &*three.out), (3, ""));
    assert!(three.err.contains("companion logs: 3 versions: policies accept at most two"), "{}", three.err);
    assert!(!COMPANION.contains("required"), "the companion of all tests is not required");
}
