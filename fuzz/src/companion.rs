//! A companion through validation and compilation, and then into a Pod.

use podgraft::internals::api;
use podgraft::internals::inject::companion::catalog::{Catalog, CatalogEntry};
use podgraft::internals::inject::request::namespace::{Namespaces, Unlisted};
use podgraft::internals::inject::snapshot::Snapshot;
use podgraft::internals::manifest;
use serde_json::{Value, json};

use super::review;
use super::snapshot::settings;

/// Any bytes as the manifest of companions.
pub fn companion(bytes: &[u8]) {
    for document in manifest::read(bytes).into_iter().flatten() {
        if let Some(value) = &document.value {
            validate(value);
        }
    }
}

fn validate(value: &Value) {
    let (checked, again) = (api::check_companion(value), api::check_companion(value));
    assert!(checked.problems == again.problems && checked.warnings == again.warnings, "two verdicts on one companion");
    for problem in checked.problems.iter().chain(&checked.warnings) {
        assert!(!problem.message.is_empty() && !problem.message.contains('\n'), "{problem:?}");
    }
    let is_valid = matches!(checked.listed, Some(CatalogEntry::Valid(_)));
    assert_eq!(is_valid, checked.problems.is_empty(), "valid exactly where nothing is wrong: {:?}", checked.problems);
    let (Some(listed @ CatalogEntry::Valid(_)), Some(twin)) = (checked.listed, again.listed) else { return };
    assert_eq!(hash(&listed), hash(&twin), "one companion has one hash");
    request(listed, checked.namespace);
}

fn hash(listed: &CatalogEntry) -> Option<String> {
    let CatalogEntry::Valid(companion) = listed else { return None };
    Some(companion.hash.to_string())
}

/// What passed validation can be reviewed: by a Pod that requests it, and by one that says nothing.
fn request(listed: CatalogEntry, namespace: Option<Box<str>>) {
    let name = listed.name().to_owned();
    // A Companion is offered to the Pods of its own namespace.
    let namespace = namespace.map(|_| Box::from(super::snapshot::NAMESPACE));
    let snapshot = Snapshot {
        companions: Catalog::new([(namespace, listed)]),
        namespaces: Namespaces::new([], Unlisted::NameOnly),
        settings: settings(),
        stale: None,
    };
    for annotations in [json!({"podgraft.dev/companions": name}), json!({})] {
        let pod = json!({
            "metadata": {"name": "web", "annotations": annotations},
            "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        });
        review::check(pod.to_string().as_bytes(), &snapshot);
    }
}
