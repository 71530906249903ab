//! The policies of required companions: `tests/policies/<case>.yaml` holds the newest version of a companion and at most
//! the one before it, and `<case>.out.yaml` the policies and bindings that come of them. `make golden` writes them anew. In
//! a case that is called `changing-...` injection is still on its way from the one version to the other.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use podgraft::api;
use podgraft::inject::companion::Companion;
use podgraft::inject::companion::catalog::CatalogEntry;
use podgraft::manifest;
use podgraft::policies::objects::{AcceptedVersions, Installation, Required, Rule, binding, policy};
use similar::TextDiff;

const OUT: &str = ".out.yaml";

#[test]
fn every_companion_comes_to_the_policies_that_stand_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let names: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let cases = names.iter().filter(|name| !name.ends_with(OUT));
    let mut answered = BTreeSet::new();
    let mut complaints = Vec::new();
    for case in cases {
        let out = case.replace(".yaml", OUT);
        let now = policies(&fs::read(folder.join(case)).unwrap(), case.starts_with("changing-"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(folder.join(&out), &now).unwrap();
        }
        let written = fs::read_to_string(folder.join(&out)).unwrap_or_default();
        if written != now {
            let diff = TextDiff::from_lines(&written, &now).unified_diff().context_radius(3).to_string();
            complaints.push(format!("{case} comes to something else than what stands beside it:\n{diff}"));
        }
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
    let installation = Installation { name: "podgraft".into(), namespace: Some("podgraft-system".into()) };
    let objects = Rule::ALL.map(|part| {
        [policy(&installation, part, &accepted), binding(&installation, part, &versions[0].name)]
            .map(|object| manifest::yaml(&object))
            .join("---\n")
    });
    objects.join("---\n")
}

fn companion(document: &manifest::Document) -> Arc<Companion> {
    let gated = api::check_companion(document.value.as_ref().unwrap());
    match gated.listed {
        Some(CatalogEntry::Valid(companion)) if companion.required => companion,
        _ => panic!("{:#?}", gated.problems),
    }
}
