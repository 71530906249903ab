//! A case: companions, at most a Namespace, and one workload, in one file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use podgraft::internals::inject::snapshot::{Settings, Snapshot};
use podgraft::internals::manifest;
use podgraft::internals::source::effective::Effective;
use podgraft::internals::source::files::{Files, Loaded};
use podgraft::internals::source::limits::MemoryLimits;
use serde_json::Value;

use super::Complaint;

/// One case, as both doors see it.
pub(super) struct Case {
    pub(super) path: PathBuf,
    /// What is known, as a server knows it that was given the file.
    pub(super) snapshot: Arc<Snapshot>,
    /// Whether everything in the file is good: the command line fails where something is not.
    pub(super) is_good: bool,
    /// `deployment/web`
    pub(super) workload: String,
    pub(super) namespace: String,
    /// The Namespace's label `podgraft.dev/inject`.
    pub(super) switch: Option<String>,
    /// The Pod, or the template of it.
    pub(super) pod: Value,
}

impl Case {
    pub(super) fn read(path: &Path) -> Result<Self, Complaint> {
        let text = fs::read_to_string(path).unwrap();
        let says = text.lines().next().unwrap_or_default();
        if !(says.starts_with("# ") && says.ends_with('.')) {
            return Err("its first line must be a comment, a sentence that says what it shows".into());
        }
        let documents = documents(&text)?;
        let [(object, pod)] = &documents.iter().flat_map(workloads).collect::<Vec<_>>()[..] else {
            return Err("must have exactly one workload".into());
        };
        let (kind, metadata) = (object["kind"].as_str().unwrap().to_lowercase(), &object["metadata"]);
        let name = metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or("(unnamed)");
        let namespace = metadata["namespace"].as_str().unwrap_or("default").to_owned();
        let is_home = |d: &&Value| d["kind"] == "Namespace" && d["metadata"]["name"] == *namespace;
        let home = documents.iter().find(is_home);
        let switch = home.and_then(|home| home["metadata"]["labels"]["podgraft.dev/inject"].as_str());
        let loaded = Files { paths: vec![path.into()], limits: MemoryLimits::default() }.load(&Loaded::default());
        Ok(Case {
            path: path.into(),
            snapshot: Arc::new(Effective::new(loaded.declarations, None).snapshot(Settings::default())),
            is_good: loaded.report.first_error().is_none(),
            workload: format!("{kind}/{name}"),
            switch: switch.map(ToOwned::to_owned),
            pod: (*pod).clone(),
            namespace,
        })
    }
}

/// The documents of a text.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Complaint> {
    let read = manifest::read(text.as_bytes()).into_iter();
    let values = read.filter_map(|document| document.map(|d| d.value).transpose());
    values.collect::<Result<_, _>>().map_err(|unreadable| unreadable.to_string())
}

/// The workloads of a document, each with the template of its Pods; a Pod is its own.
pub(super) fn workloads(document: &Value) -> Vec<(&Value, &Value)> {
    let template = match document["kind"].as_str().unwrap_or_default() {
        "Pod" => "",
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        "List" => return document["items"].as_array().unwrap().iter().flat_map(workloads).collect(),
        _ => return Vec::new(),
    };
    vec![(document, document.pointer(template).unwrap())]
}
