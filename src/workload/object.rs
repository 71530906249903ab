//! The objects of a document.

use serde_json::Value;

use super::kinds;

/// Groups whose objects create no Pods, although their policies and schemas can have the shape of a Pod template.
pub(super) const EXCLUDED_GROUPS: [&str; 3] = ["podgraft.dev", "admissionregistration.k8s.io", "apiextensions.k8s.io"];
/// The deepest level of an object that is searched.
pub(super) const DEEPEST: usize = 32;

/// An object of a document. Items of a typed list, such as a `DeploymentList`, need not repeat their kind and version.
#[derive(Debug)]
pub(super) struct ObjectKind<'v> {
    pub(super) value: &'v Value,
    pub(super) kind: &'v str,
    pub(super) version: &'v str,
    pub(super) at: String,
}

/// All objects of a document: itself, or the items of a list.
pub(super) fn objects(document: &Value) -> Vec<ObjectKind<'_>> {
    let mut found = Vec::new();
    collect(ObjectKind { value: document, kind: "", version: "", at: String::new() }, &mut found);
    found
}

fn collect<'v>(object: ObjectKind<'v>, found: &mut Vec<ObjectKind<'v>>) {
    let kind = object.value["kind"].as_str().unwrap_or(object.kind);
    let version = object.value["apiVersion"].as_str().unwrap_or(object.version);
    if let Some(of) = kind.strip_suffix("List")
        && let Some(items) = object.value["items"].as_array()
    {
        // The items of a List, and of a KRM ResourceList, have their own kind and version.
        let (of, version) = if matches!(of, "" | "Resource") { ("", "") } else { (of, version) };
        for (index, value) in items.iter().enumerate() {
            collect(ObjectKind { value, kind: of, version, at: format!("{}/items/{index}", object.at) }, found);
        }
    } else if object.value.is_object() {
        found.push(ObjectKind { kind, version, ..object });
    }
}

impl<'v> ObjectKind<'v> {
    pub(super) fn group(&self) -> &'v str {
        kinds::group(self.version)
    }
}

/// The name of an object, or its `generateName`.
pub(super) fn name(object: &Value) -> &str {
    let metadata = &object["metadata"];
    metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or("(unnamed)")
}
