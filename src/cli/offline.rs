//! One workload through the pure room.

mod sentence;
mod unreadable;

use std::path::Path;

use serde_json::Value;

use crate::inject;
use crate::inject::Request;
use crate::inject::pod::Pod;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::{Verdict, Via};
use crate::json::field_path;
use crate::manifest::Document;
use crate::source::files::report::{Remark, Severity};
use crate::workload;
use crate::workload::Workload;

pub(super) use sentence::{pointer, sentence};
pub(super) use unreadable::unreadable;

/// What companions are looked up in, and where workloads are that do not say so.
#[derive(Debug)]
pub(super) struct OfflineServer {
    pub(super) snapshot: Snapshot,
    pub(super) default_namespace: Box<str>,
}

/// A workload, and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reviewed<'a> {
    pub(super) path: &'a Path,
    pub(super) document: &'a Document,
    pub(super) workload: &'a Workload<'a>,
}

impl Reviewed<'_> {
    /// A remark on a part of the document.
    pub(super) fn remark(&self, severity: Severity, pointer: &str, message: String) -> Remark {
        remark(self.path, self.document, severity, pointer, message)
    }
}

/// A remark on a part of a document.
pub(super) fn remark(path: &Path, document: &Document, severity: Severity, pointer: &str, message: String) -> Remark {
    let (file, at) = (path.to_path_buf(), Some(document.position(pointer)));
    Remark { severity, file, at, field: field_path(pointer), message }
}

impl OfflineServer {
    /// The namespace of a workload.
    pub(super) fn namespace<'a>(&'a self, workload: &Workload<'a>) -> &'a str {
        workload.namespace().unwrap_or(&self.default_namespace)
    }

    /// Reviews the Pods of a workload as the webhook would, or reports why they cannot be read.
    pub(super) fn review<R>(&self, found: &Reviewed<'_>, then: impl FnOnce(Result<&Verdict<'_>, Remark>) -> R) -> R {
        let json = found.workload.pod().to_string();
        let pod = match Pod::read(json.as_bytes()) {
            Ok(pod) => pod,
            Err(error) => return then(Err(unreadable(found, &error))),
        };
        let request = Request { pod, namespace: self.namespace(found.workload), webhook: None, requester: "" };
        then(Ok(&inject::review(&request, &self.snapshot)))
    }
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

/// Keys of ours in a document that nothing reads where they are.
pub(super) fn misplaced(path: &Path, document: &Document) -> Vec<Remark> {
    let Some(value) = &document.value else { return Vec::new() };
    let on_workloads = workload::workloads(value).into_iter().flat_map(|w| workload::misplaced(&w));
    let keys = on_workloads.chain(workload::outside_of_templates(value));
    let remarks = keys.map(|key| {
        let message = format!("{}: {}", key.object, key.message);
        Remark { field: String::new(), ..remark(path, document, Severity::Warning, &key.pointer, message) }
    });
    remarks.collect()
}

/// The operations of a patch, told from the root of the document.
pub(super) fn operations(patch: &[u8], prefix: &str) -> anyhow::Result<Vec<Value>> {
    let mut operations: Vec<Value> = serde_json::from_slice(patch)?;
    prefixed(&mut operations, prefix);
    Ok(operations)
}

/// Puts a prefix in front of the paths of operations.
pub(super) fn prefixed(operations: &mut [Value], prefix: &str) {
    for operation in operations {
        if let Some(Value::String(path)) = operation.get_mut("path") {
            path.insert_str(0, prefix);
        }
    }
}
