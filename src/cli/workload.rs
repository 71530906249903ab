//! What carries a Pod template, and where.

use std::fmt;

use serde_json::Value;

/// A Pod, or an object that makes Pods.
#[derive(Debug)]
pub(super) struct Workload<'v> {
    /// The object itself.
    pub(super) object: &'v Value,
    /// Its kind.
    pub(super) kind: &'v str,
    /// Where the object stands in its document: a JSON pointer.
    pub(super) at: String,
    /// Where the metadata and spec of its Pods stand in the object: a JSON pointer, empty for a Pod.
    pub(super) template: &'static str,
}

/// All workloads of a document, the items of lists included.
pub(super) fn workloads(document: &Value) -> Vec<Workload<'_>> {
    let mut found = Vec::new();
    search(document, "", "", String::new(), &mut found);
    found
}

/// Items of a `DeploymentList` and its like need not repeat their kind and version: these come from the list.
fn search<'v>(object: &'v Value, list_kind: &'v str, list_version: &'v str, at: String, found: &mut Vec<Workload<'v>>) {
    let kind = object["kind"].as_str().unwrap_or(list_kind);
    let version = object["apiVersion"].as_str().unwrap_or(list_version);
    if let Some(template) = template(version, kind) {
        if object.pointer(template).is_some_and(Value::is_object) {
            found.push(Workload { object, kind, at, template });
        }
    } else if let Some(of) = kind.strip_suffix("List")
        && let Some(items) = object["items"].as_array()
    {
        for (index, item) in items.iter().enumerate() {
            search(item, of, version, format!("{at}/items/{index}"), found);
        }
    }
}

/// Where a kind has its Pod template.
fn template(version: &str, kind: &str) -> Option<&'static str> {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    match (group, kind) {
        ("", "Pod") => Some(""),
        ("", "PodTemplate") => Some("/template"),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => Some("/spec/template"),
        ("batch", "CronJob") => Some("/spec/jobTemplate/spec/template"),
        _ => None,
    }
}

impl<'v> Workload<'v> {
    /// The metadata and spec of its Pods.
    pub(super) fn pod(&self) -> &'v Value {
        self.object.pointer(self.template).unwrap_or(&Value::Null)
    }

    /// Where these stand in the document: a JSON pointer.
    pub(super) fn pod_at(&self) -> String {
        format!("{}{}", self.at, self.template)
    }

    /// The namespace that it says it is in.
    pub(super) fn namespace(&self) -> Option<&'v str> {
        self.object["metadata"]["namespace"].as_str().filter(|n| !n.is_empty())
    }
}

/// `deployment/web`
impl fmt::Display for Workload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = &self.object["metadata"];
        let name = metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or("(unnamed)");
        write!(f, "{}/{name}", self.kind.to_ascii_lowercase())
    }
}
