//! Reviews of workloads without a server, and their findings as sentences.

mod existing;
mod keys;
mod remark;
mod reviewed;
mod sentence;
mod server;
mod unreadable;
mod what_if;

use std::path::Path;

use serde_json::Value;

use crate::inject::verdict::{Effect, Via};
use crate::manifest::Document;
use crate::source::files::report::{ManifestRemark, Severity};
use crate::workload;
use crate::workload::Workload;

pub(super) use existing::existing;
pub(super) use keys::sets_keys;
pub(super) use remark::remark;
pub(super) use reviewed::Reviewed;
pub(super) use sentence::{pointer, sentence, sentence_with_reason, unavailable, unmet};
pub(super) use server::{OfflineServer, Origin};
pub(super) use unreadable::{status_at, unreadable, unreadable_status};
pub(super) use what_if::WhatIfFlags;

/// Why a companion was considered, as a clause.
pub(super) fn requested_by(via: Via) -> &'static str {
    match via {
        Via::Required => "required",
        Via::Pod => "requested by the Pod",
        Via::NamespaceList => "requested by the namespace",
        Via::Automatic => "automatic",
    }
}

/// What commands report about a workload of an unknown kind whose Pods get automatic companions. The object may be a policy that
/// has the shape of a Pod template: whether Pods are created from it is unknown.
pub(super) fn unchanged(workload: &Workload<'_>) -> String {
    format!(
        "{workload}: the webhook would inject automatic companions into its Pods; podgraft does not change a {} whose template requests no companions",
        workload.kind
    )
}

/// Warnings about podgraft's keys that have no effect where they are set.
pub(super) fn misplaced(path: &Path, document: &Document) -> Vec<ManifestRemark> {
    let Some(value) = &document.value else { return Vec::new() };
    let on_workloads = workload::workloads(value).into_iter().flat_map(|w| workload::misplaced(&w));
    let keys = on_workloads.chain(workload::outside_of_templates(value));
    let remarks = keys.map(|key| {
        let message = format!("{}: {}", key.object, key.message);
        ManifestRemark { field: String::new(), ..remark(path, document, Severity::Warning, &key.pointer, message) }
    });
    remarks.collect()
}

/// The severity of a finding, as programs read it.
pub(super) fn severity(effect: Effect) -> &'static str {
    match effect {
        Effect::Info => "info",
        Effect::Warn => "warning",
        Effect::Deny => "error",
    }
}

/// The operations of a patch of a Pod, with paths from the root of the document that the Pod is in.
pub(super) fn operations(patch: &[u8], prefix: &str) -> anyhow::Result<Vec<Value>> {
    let mut operations: Vec<Value> = serde_json::from_slice(patch)?;
    prefixed(&mut operations, prefix);
    Ok(operations)
}

/// Prepends a JSON pointer to the paths of operations.
pub(super) fn prefixed(operations: &mut [Value], prefix: &str) {
    for operation in operations {
        if let Some(Value::String(path)) = operation.get_mut("path") {
            path.insert_str(0, prefix);
        }
    }
}
