//! "What if": workloads and Namespaces with other annotations and labels than they have.

use clap::Args;
use serde_json::{Map, Value};

use super::server::OfflineServer;
use crate::workload;

/// Changes that are assumed and not made.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhatIfFlags {
    /// Explain as if the Namespaces of the workloads had these labels: KEY=VALUE, or KEY- for none. A comma-separated list
    #[arg(long, value_name = "LABELS", value_delimiter = ',', value_parser = change)]
    namespace_labels: Vec<Change>,
    /// Explain as if the Pods had this annotation: KEY=VALUE, or KEY- for none. Can be repeated
    #[arg(long, value_name = "ANNOTATION", value_parser = change)]
    set_annotation: Vec<Change>,
}

/// The key of a label or an annotation, and its value; `None` to remove it.
type Change = (Box<str>, Option<Box<str>>);

/// Parses `key=value` or `key-`, as `kubectl label` does.
fn change(text: &str) -> Result<Change, String> {
    let change = match text.split_once('=') {
        Some((key, value)) => Some((key, Some(value.into()))),
        None => text.strip_suffix('-').map(|key| (key, None)),
    };
    match change {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value)),
        _ => Err("must be KEY=VALUE, or KEY- to remove the key".to_owned()),
    }
}

impl WhatIfFlags {
    /// Changes the labels of all Namespaces that a server knows, and of those of some workloads.
    pub(in crate::cli) fn relabel<'n>(
        &self,
        server: &mut OfflineServer,
        of_workloads: impl IntoIterator<Item = &'n str>,
    ) {
        if !self.namespace_labels.is_empty() {
            server.snapshot.namespaces = server.snapshot.namespaces.relabeled(of_workloads, &self.namespace_labels);
        }
    }

    /// Changes the annotations of the Pods of a document.
    pub(in crate::cli) fn annotate(&self, document: &mut Value) {
        if self.set_annotation.is_empty() {
            return;
        }
        let templates: Vec<String> = workload::workloads(document).iter().map(workload::Workload::pod_at).collect();
        for template in templates {
            if let Some(annotations) = document.pointer_mut(&template).and_then(annotations) {
                self.change(annotations);
            }
        }
    }

    fn change(&self, annotations: &mut Map<String, Value>) {
        for (key, value) in &self.set_annotation {
            match value {
                Some(value) => drop(annotations.insert(key.to_string(), (**value).into())),
                None => drop(annotations.shift_remove(&**key)),
            }
        }
    }
}

/// The annotations of a Pod template, created where they are absent; `None` if something else has their place.
fn annotations(template: &mut Value) -> Option<&mut Map<String, Value>> {
    let is_open = |value: &Value| value.is_null() || value.is_object();
    if !template.is_object() || !is_open(&template["metadata"]) || !is_open(&template["metadata"]["annotations"]) {
        return None;
    }
    let annotations = &mut template["metadata"]["annotations"];
    if annotations.is_null() {
        *annotations = Value::Object(Map::new());
    }
    annotations.as_object_mut()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flags(annotations: &[&str]) -> WhatIfFlags {
        let set_annotation = annotations.iter().map(|text| change(text).unwrap()).collect();
        WhatIfFlags { namespace_labels: Vec::new(), set_annotation }
    }

    #[test]
    fn annotations_are_set_and_removed_on_each_template() {
        let template = json!({"metadata": {"annotations": {"a": "1", "b": "2"}}, "spec": {"containers": []}});
        let bare = json!({"metadata": null, "spec": {"containers": []}});
        let deployment =
            |template: &Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": template}});
        let mut list = json!({"apiVersion": "v1", "kind": "List", "items": [deployment(&template), deployment(&bare)]});
        flags(&["a=9", "b-", "c=x=y"]).annotate(&mut list);
        let annotations = |item: usize| list["items"][item]["spec"]["template"]["metadata"]["annotations"].clone();
        assert_eq!(annotations(0), json!({"a": "9", "c": "x=y"}));
        assert_eq!(annotations(1), json!({"a": "9", "c": "x=y"}));
    }

    #[test]
    fn a_change_is_written_as_for_kubectl() {
        assert_eq!(change("k=v"), Ok(("k".into(), Some("v".into()))));
        assert_eq!(change("k="), Ok(("k".into(), Some("".into()))));
        assert_eq!(change("k-"), Ok(("k".into(), None)));
        for text in ["", "k", "=v", "-"] {
            assert!(change(text).is_err(), "{text}");
        }
    }
}
