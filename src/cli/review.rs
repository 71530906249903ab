//! One workload through the pure room.

use serde_json::Value;

use super::workload::Workload;
use crate::inject::json::Unreadable;
use crate::inject::pod::Pod;
use crate::inject::verdict::{Verdict, Via};
use crate::inject::world::World;
use crate::inject::{self, Request, keys};

/// What companions are looked up in, and where workloads are that do not say so.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) world: World,
    pub(super) default_namespace: Box<str>,
}

impl Place {
    /// The namespace of a workload.
    pub(super) fn namespace<'a>(&'a self, workload: &Workload<'a>) -> &'a str {
        workload.namespace().unwrap_or(&self.default_namespace)
    }

    /// Reviews the Pods of a workload as the webhook would.
    pub(super) fn review<R>(&self, workload: &Workload<'_>, then: impl FnOnce(Result<&Verdict<'_>, String>) -> R) -> R {
        let json = workload.pod().to_string();
        let pod = match Pod::read(json.as_bytes()) {
            Ok(pod) => pod,
            Err(unreadable) => return then(Err(complaint(&unreadable))),
        };
        let request = Request { pod, namespace: self.namespace(workload), entry: None, requester: "" };
        then(Ok(&inject::review(&request, &self.world)))
    }
}

/// Why a Pod cannot be read, without the offset: it counts bytes of a text that nobody has seen.
fn complaint(unreadable: &Unreadable) -> String {
    let text = unreadable.to_string();
    let why = text.rsplit_once(", at byte ").map_or(&*text, |(why, _)| why);
    format!("its Pod cannot be read: {why}")
}

/// How a companion was asked for, as a clause.
pub(super) fn asked_by(via: Via) -> &'static str {
    match via {
        Via::Required => "required",
        Via::Pod => "asked for by the Pod",
        Via::NamespaceList => "asked for by the namespace",
        Via::Automatic => "automatic",
    }
}

/// Keys of ours that stand on a workload itself, where nobody reads them, with the pointer of each in its document.
pub(super) fn misplaced(workload: &Workload<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if workload.template.is_empty() {
        return found;
    }
    let (metadata, field) = (&workload.object["metadata"], workload.template[1..].replace('/', "."));
    let mut look = |members: &str, what: &str, is_ours: fn(&str) -> bool| {
        for key in metadata[members].as_object().into_iter().flat_map(|m| m.keys()).filter(|k| is_ours(k)) {
            let kind = workload.kind;
            let message = format!(
                "{what} {key} stands on the {kind} itself, where it has no effect; move it to {field}.metadata.{members}"
            );
            found.push((format!("{}/metadata/{members}/{}", workload.at, key.replace('/', "~1")), message));
        }
    };
    look("annotations", "annotation", |key| key.starts_with(keys::PREFIX) || key.starts_with(keys::FILES_PREFIX));
    look("labels", "label", |key| key == keys::INJECT);
    found
}

/// The operations of a patch, told from the root of the document.
pub(super) fn operations(patch: &[u8], prefix: &str) -> anyhow::Result<Vec<Value>> {
    let mut operations: Vec<Value> = serde_json::from_slice(patch)?;
    for operation in &mut operations {
        if let Some(Value::String(path)) = operation.get_mut("path") {
            path.insert_str(0, prefix);
        }
    }
    Ok(operations)
}
