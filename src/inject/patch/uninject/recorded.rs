//! The status annotation as `uninject` reads it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One companion's entry of the status annotation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RecordedEntry {
    pub(super) init_containers: Vec<String>,
    pub(super) containers: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) mounts: BTreeMap<String, Vec<String>>,
    pub(super) env: BTreeMap<String, Vec<String>>,
    pub(super) annotations: Vec<String>,
    pub(super) image_pull_secrets: Vec<String>,
    pub(super) pre_stop: BTreeMap<String, u64>,
}

/// The entries of a status by companion; `None` if podgraft did not write it. As in the webhook, `null` counts as absent.
pub(super) fn entries(status: &str) -> Option<BTreeMap<String, RecordedEntry>> {
    let entries = without_nulls(serde_json::from_str(status).ok()?);
    if entries.is_null() { Some(BTreeMap::new()) } else { serde_json::from_value(entries).ok() }
}

/// The depth of recursion is bounded by that of `serde_json`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !member.is_null());
            members.map(|(key, member)| (key, without_nulls(member))).collect()
        }
        Value::Array(items) => items.into_iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        value => value,
    }
}
