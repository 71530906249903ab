//! The policies of required companions: `tests/policies/<case>.yaml` holds the newest version of a companion and at most
//! the one before it, and `<case>.out.yaml` the policies and bindings that are generated from them. `make golden` writes these.
//! In a case that is called `changing-...` injection still uses the one version while the policies accept both.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails

#[path = "support/golden.rs"]
mod golden;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use podgraft::internals::api;
use podgraft::internals::inject::companion::Companion;
use podgraft::internals::inject::companion::catalog::CatalogEntry;
use podgraft::internals::manifest;
use podgraft::internals::policies::objects::{AcceptedVersions, Installation, Required, Rule, binding, policy};

const OUT: &str = ".out.yaml";
/// A case without a namespaceSelector.
const EVERY_NAMESPACE: &str = "plain.yaml";

#[test]
fn every_companion_generates_the_policies_of_its_golden() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let names: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let cases = names.iter().filter(|name| !name.ends_with(OUT));
    let mut answered = BTreeSet::new();
    let mut complaints = Vec::new();
    for case in cases {
        let out = case.replace(".yaml", OUT);
        let now = policies(&fs::read(folder.join(case)).unwrap(), case.starts_with("changing-"));
        complaints.extend(golden::compare(folder.join(&out), &now).err());
        answered.insert(out);
    }
    for stale in names.iter().filter(|name| name.ends_with(OUT) && !answered.contains(*name)) {
        complaints.push(format!("{stale} has no case; remove it"));
    }
    assert!(answered.len() >= 4, "the cases were found");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn policies(case: &[u8], changing: bool) -> String {
    let versions: Vec<Arc<Companion>> = manifest::read(case).into_iter().map(|d| companion(&d.unwrap())).collect();
    let newest = Required::of(&versions[0]).unwrap();
    let accepted = AcceptedVersions { newest, previous: versions.get(1).map(|c| Required::of(c).unwrap()), changing };
    let installation = installation(&[]);
    let objects = Rule::ALL.map(|part| {
        [policy(&installation, part, &accepted), binding(&installation, part, &versions[0].name)]
            .map(|object| manifest::yaml(&object))
            .join("---\n")
    });
    objects.join("---\n")
}

fn installation(excluded_namespaces: &[&str]) -> Installation {
    Installation {
        name: "podgraft".into(),
        namespace: Some("podgraft-system".into()),
        excluded_namespaces: excluded_namespaces.iter().map(|name| (*name).into()).collect(),
    }
}

#[test]
fn policies_leave_out_the_namespaces_that_the_webhooks_leave_out() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies").join(EVERY_NAMESPACE);
    let documents = manifest::read(&fs::read(case).unwrap());
    let companion = companion(documents[0].as_ref().unwrap());
    let accepted = AcceptedVersions { newest: Required::of(&companion).unwrap(), previous: None, changing: false };
    for rule in Rule::ALL {
        let policy = policy(&installation(&["cni-system", "gpu-system"]), rule, &accepted);
        let first = &policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"][0];
        assert_eq!((&first["key"], &first["operator"]), (&"kubernetes.io/metadata.name".into(), &"NotIn".into()));
        let names = ["kube-system", "kube-public", "kube-node-lease", "podgraft-system", "cni-system", "gpu-system"];
        assert_eq!(first["values"], serde_json::json!(names), "{rule:?}");
    }
}

fn companion(document: &manifest::Document) -> Arc<Companion> {
    let gated = api::check_companion(document.value.as_ref().unwrap());
    match gated.listed {
        Some(CatalogEntry::Valid(companion)) if companion.required => companion,
        _ => panic!("{:#?}", gated.problems),
    }
}
